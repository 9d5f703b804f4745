"""Secret: the certificate and key of a Gateway, or the authorities of its clients.

Only documents that went through :func:`straightway.documents.secrets.without_surplus` are read:
their values are sealed, and no message quotes any of them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, NamedTuple, Self

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator

from straightway.api.codes import Code
from straightway.api.credentials import certificate_faults, key_faults, pair_faults
from straightway.api.faults import Fault, raise_faults
from straightway.api.objects import KubernetesObject
from straightway.documents.secrets import GENERIC, KEYS, TLS, Sealed

_SPACE: Final = re.compile(rb"[\t\n\f\r ]+")
_AUTHORITIES: Final = ("ca.crt", "cacert")

Entries = Mapping[str, Sealed]


class PairNames(NamedTuple):
    """The entries of a certificate and its key."""

    certificate: str
    key: str


PAIRS: Final = (PairNames("cert", "key"), PairNames("tls.crt", "tls.key"))
"""As in Istio, the generic pair counts where both are there."""


def _decoded(value: object, info: ValidationInfo) -> Entries:
    """Return the entries of ``data``, decoded. Raises ValidationError."""
    entries = _written(value, info)
    decoded: dict[str, Sealed] = {}
    faults: list[Fault] = []
    for name, sealed in entries.items():
        try:
            content = base64.b64decode(_SPACE.sub(b"", sealed.reveal() or b""), validate=True)
            decoded[name] = Sealed(content)
        except (binascii.Error, ValueError):
            message = (
                "This is not base64: write the output of `base64 -w0 FILE`, or write plain text "
                "in stringData."
            )
            faults.append(Fault(Code.INVALID_BASE64, message, (name,)))
    raise_faults(faults, info, "data")
    return decoded


def _written(value: object, info: ValidationInfo) -> Entries:
    """Return the entries as they are written. Raises ValidationError."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = "This must be a mapping: write tls.crt and tls.key on indented lines below it."
        raise_faults((Fault(Code.WRONG_TYPE, message),), info, "data")
    assert isinstance(value, Mapping)
    kept = {name: value[name] for name in KEYS if name in value}
    raise_faults(_unusable(kept), info, "data")
    return kept


def _unusable(entries: Mapping[str, object]) -> Iterator[Fault]:
    for name, sealed in entries.items():
        if not isinstance(sealed, Sealed) or sealed.reveal() is None:
            message = "This must be text, in quotes or after a |, of at most 512 KiB."
            yield Fault(Code.WRONG_TYPE, message, (name,))


def _type(value: object) -> object:
    """Read no type as the API server does."""
    return GENERIC if value in (None, "") else value


class Secret(KubernetesObject):
    """A Kubernetes Secret, as far as a Gateway can use it.

    ``data`` is decoded. Other types than ``kubernetes.io/tls`` and ``Opaque`` have no entries.
    """

    type: Annotated[str, BeforeValidator(_type)] = GENERIC
    data: Annotated[Entries, PlainValidator(_decoded)] = Field(default_factory=dict)
    string_data: Annotated[Entries, PlainValidator(_written)] = Field(default_factory=dict)
    sops: Annotated[bool, PlainValidator(lambda _: True)] = False
    """Whether its values are encrypted, and so not read."""

    @property
    def entries(self) -> Entries:
        """All entries by name; those that are empty do not count."""
        merged = {**self.data, **self.string_data}
        return {name: sealed for name, sealed in merged.items() if sealed}

    @property
    def pair(self) -> tuple[Sealed, Sealed] | None:
        """The certificate and its key, if both are there."""
        entries = self.entries
        for names in PAIRS:
            if names.certificate in entries and names.key in entries:
                return entries[names.certificate], entries[names.key]
        return None

    @property
    def authorities(self) -> Sealed | None:
        """The certificates of authorities that clients are verified by, if they are there."""
        entries = self.entries
        return entries.get("cacert") or entries.get("ca.crt")

    @model_validator(mode="after")
    def _check_entries(self, info: ValidationInfo) -> Self:
        raise_faults(self._faults(), info, "Secret")
        return self

    def _faults(self) -> Iterable[Fault]:
        """Yield what is wrong with the entries: what is missing, or is not what it should be."""
        entries = self.entries
        missing = [name for name in PAIRS[1] if name not in entries]
        if missing and self.type == TLS and not self.sops:
            message = (
                f"A Secret of type {TLS} needs {' and '.join(missing)}: write the output of "
                "`base64 -w0 FILE`, or let `kubectl create secret tls` make it."
            )
            at = "data" if self.data else "stringData" if self.string_data else None
            yield Fault(Code.MISSING_FIELD, message, (at,) if at else ())
        for names in PAIRS:
            if names.certificate in entries and names.key in entries:
                yield from self._pair_faults(names)
        for name in _AUTHORITIES:
            if name in entries:
                yield from certificate_faults(entries[name], self._at(name))

    def _pair_faults(self, names: PairNames) -> Iterator[Fault]:
        certificate, key = (self.entries[name] for name in names)
        faults = [
            *certificate_faults(certificate, self._at(names.certificate)),
            *key_faults(key, self._at(names.key)),
        ]
        yield from faults
        if all(fault.code is Code.CERTIFICATE_EXPIRED for fault in faults):
            yield from pair_faults(certificate, key, self._at(names.key))

    def _at(self, name: str) -> tuple[str, str]:
        return ("stringData" if name in self.string_data else "data", name)
