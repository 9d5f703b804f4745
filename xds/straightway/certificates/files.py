"""A certificate and its key in files, which are read again.

Kubernetes mounts Secrets as links to a folder that it exchanges, and other programs write one file
after the other: in between, the two do not belong together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import structlog

from straightway.certificates.pairs import InvalidPairError, KeyPair, certificates_in
from straightway.system_errors import reason_of

_log = structlog.get_logger()
_Content = TypeVar("_Content")

EVERY: Final = 5.0
"""How often files are read, in seconds."""


class CertificateFileError(Exception):
    """A certificate or key cannot be read: in which files, and why."""

    def __init__(self, reason: str, *files: Path) -> None:
        super().__init__(f"{' and '.join(map(str, files))}: {reason}")
        self.reason = reason
        self.files = files


def read_pair(certificate: Path, key: Path) -> KeyPair:
    """Read a pair. Raises CertificateFileError if the files hold none that can be served."""
    pair = KeyPair(_read(certificate), _read(key))
    try:
        pair.check()
    except InvalidPairError as error:
        raise CertificateFileError(str(error), certificate, key) from error
    return pair


def read_authorities(file: Path) -> bytes:
    """Read certificates of authorities, in PEM. Raises CertificateFileError if there are none."""
    content = _read(file)
    try:
        certificates_in(content)
    except InvalidPairError as error:
        raise CertificateFileError(str(error), file) from error
    return content


class Followed(Generic[_Content]):
    """Calls ``use`` with each new content that ``read`` returns; what is wrong is logged once.

    ``use`` may raise InvalidPairError, and is called again then.
    """

    def __init__(
        self, name: str, read: Callable[[], _Content], use: Callable[[_Content], None]
    ) -> None:
        self._name = name
        self._read = read
        self._use = use
        self._known: _Content | None = None
        self._complaint = ""

    async def look(self) -> None:
        """Read once."""
        try:
            content = await asyncio.to_thread(self._read)
            if content != self._known:
                self._use(content)
        except (CertificateFileError, InvalidPairError) as error:
            if str(error) != self._complaint:
                _log.warning(
                    "certificate not renewed, the one before stays",
                    file=self._name,
                    reason=str(error),
                )
            self._complaint = str(error)
            return
        if self._known not in (None, content):
            _log.info("certificate renewed", file=self._name)
        self._known = content
        self._complaint = ""

    async def run(self) -> None:
        """Read again and again, without end."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)


def followed_pair(
    certificate: Path, key: Path, use: Callable[[KeyPair], None]
) -> Followed[KeyPair]:
    """Return what calls ``use`` with each new pair in the files; run it."""
    return Followed(str(certificate), lambda: read_pair(certificate, key), use)


def followed_authorities(file: Path, use: Callable[[bytes], None]) -> Followed[bytes]:
    """Return what calls ``use`` with each new text of authorities; run it."""
    return Followed(str(file), lambda: read_authorities(file), use)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateFileError(reason_of(error), file) from error
