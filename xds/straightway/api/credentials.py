"""What is wrong with certificates and keys. No message holds any part of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from straightway.api.codes import Code
from straightway.api.faults import Fault
from straightway.documents.secrets import Sealed

MOST_CERTIFICATES: Final = 512
_LARGEST_KEY: Final = 16 * 1024
"""In bytes; an RSA key of 8,192 bits has 6,400."""

_Path = tuple[str | int, ...]


def certificate_faults(sealed: Sealed, at: _Path) -> Iterator[Fault]:
    """Yield what is wrong with certificates, of which the first is somebody's own."""
    # Imported here, because it takes 50 ms and few configs have certificates.
    from straightway.certificates.pairs import InvalidPairError, certificates_in

    pem = sealed.reveal() or b""
    if pem.count(b"-----BEGIN") > MOST_CERTIFICATES:
        message = f"There are more than {MOST_CERTIFICATES} certificates: leave some out."
        yield Fault(Code.INVALID_CERTIFICATE, message, at)
        return
    try:
        first = certificates_in(pem)[0]
    except InvalidPairError:
        message = (
            "There is no certificate in PEM: write one that begins with "
            "-----BEGIN CERTIFICATE-----, followed by those that lead to its authority."
        )
        yield Fault(Code.INVALID_CERTIFICATE, message, at)
        return
    until = first.not_valid_after_utc
    if until < datetime.now(UTC):
        message = f"The certificate expired on {until:%Y-%m-%d}: renew it."
        yield Fault(Code.CERTIFICATE_EXPIRED, message, at)


def key_faults(sealed: Sealed, at: _Path) -> Iterator[Fault]:
    """Yield what is wrong with a private key."""
    from straightway.certificates.pairs import is_private_key

    pem = sealed.reveal() or b""
    if len(pem) > _LARGEST_KEY or not is_private_key(pem):
        message = (
            "There is no private key in PEM without a passphrase: write one that begins with "
            "-----BEGIN PRIVATE KEY----- (`openssl pkey -in FILE` prints it)."
        )
        yield Fault(Code.INVALID_PRIVATE_KEY, message, at)


def pair_faults(certificate: Sealed, key: Sealed, at: _Path) -> Iterator[Fault]:
    """Yield a fault if a key is not the first certificate's; both are valid by themselves."""
    from straightway.certificates.pairs import InvalidPairError, KeyPair

    try:
        KeyPair(certificate.reveal() or b"", key.reveal() or b"").check()
    except InvalidPairError:
        message = (
            "The key belongs to another certificate: write the key with which the first "
            "certificate was requested, and put that certificate first."
        )
        yield Fault(Code.KEY_MISMATCH, message, at)
