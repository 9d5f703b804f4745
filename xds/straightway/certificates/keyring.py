"""The keyring: our own authority and the server's certificate, renewed step by step.

A pure state machine: :func:`renewed` returns what a keyring should be at a time. An authority is
replaced in three steps, so that no client ever meets a certificate whose authority it does not know
yet: its successor is made and trusted, a day later it signs, and the old one is trusted until it
expires.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from straightway.certificates.issuing import issue, make_authority, renewal_of
from straightway.certificates.pairs import (
    InvalidPairError,
    KeyPair,
    bundle_of,
    certificates_in,
    names_of,
)

KNOWN_AFTER: Final = timedelta(days=1)
"""After what time every client has been told of a new authority."""

_SERVER: Final = ("tls.crt", "tls.key")
_BUNDLE: Final = "ca.crt"
_AUTHORITY: Final = ("authority.crt", "authority.key")
_SUCCESSOR: Final = ("next-authority.crt", "next-authority.key")


@dataclass(frozen=True, slots=True)
class Keyring:
    """What is kept in a Secret.

    ``server`` is what servers show, ``bundle`` (PEM) are the authorities to trust. ``authority``
    signs, and ``successor`` will; both None if somebody else keeps the Secret, such as
    cert-manager.
    """

    server: KeyPair
    bundle: bytes
    authority: KeyPair | None = None
    successor: KeyPair | None = None

    @property
    def is_ours(self) -> bool:
        """Whether we made it, and so renew it."""
        return self.authority is not None


def new_keyring(names: Collection[str], now: datetime) -> Keyring:
    """Return a keyring with an authority of its own."""
    authority = make_authority(now)
    return Keyring(issue(authority, names, now), authority.certificate, authority)


def renewed(keyring: Keyring, names: Collection[str], now: datetime) -> Keyring:
    """Return what a keyring should be now; the same if nothing is due."""
    if keyring.authority is None:
        return keyring
    keyring = _with_current_authority(keyring, keyring.authority, now)
    assert keyring.authority is not None
    server = keyring.server
    if (
        now >= renewal_of(server)
        or names_of(server.leaf) != frozenset(names)
        or server.leaf.issuer != keyring.authority.leaf.subject
    ):
        keyring = replace(keyring, server=issue(keyring.authority, names, now))
    return keyring


def _with_current_authority(keyring: Keyring, authority: KeyPair, now: datetime) -> Keyring:
    successor = keyring.successor
    if successor is None and now >= renewal_of(authority):
        successor = make_authority(now)
    is_known = successor is not None and now >= successor.not_before + KNOWN_AFTER
    # One that has expired proves nothing to anybody.
    if successor is not None and (is_known or now >= authority.not_after):
        authority, successor = successor, None
    trusted = [authority.certificate, *([successor.certificate] if successor else [])]
    former = [
        each.public_bytes(Encoding.PEM)
        for each in certificates_in(keyring.bundle)
        if each.not_valid_after_utc > now
    ]
    bundle = bundle_of([*trusted, *former])
    return replace(keyring, authority=authority, successor=successor, bundle=bundle)


def to_data(keyring: Keyring) -> dict[str, bytes]:
    """Return the entries of a Secret, which is also one of type ``kubernetes.io/tls``."""
    data = {_BUNDLE: keyring.bundle}
    for names, pair in (
        (_SERVER, keyring.server),
        (_AUTHORITY, keyring.authority),
        (_SUCCESSOR, keyring.successor),
    ):
        if pair is not None:
            data |= zip(names, (pair.certificate, pair.key), strict=True)
    return data


def from_data(data: Mapping[str, bytes]) -> Keyring | None:
    """Return the keyring in a Secret; None if there is none yet. Raises InvalidPairError."""
    server = _pair_in(data, _SERVER)
    if server is None:
        return None
    authority, successor = _pair_in(data, _AUTHORITY), _pair_in(data, _SUCCESSOR)
    bundle = data.get(_BUNDLE, b"")
    if authority is not None or bundle:
        certificates_in(bundle)
    return Keyring(server, bundle, authority, successor)


def _pair_in(data: Mapping[str, bytes], names: tuple[str, str]) -> KeyPair | None:
    certificate, key = (data.get(name, b"") for name in names)
    if not certificate and not key:
        return None
    pair = KeyPair(certificate, key)
    try:
        pair.check()
    except InvalidPairError as error:
        raise InvalidPairError(f"{names[0]}: {error}") from error
    return pair
