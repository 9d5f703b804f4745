"""A certificate with its private key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtensionOID


class InvalidPairError(ValueError):
    """A certificate and a key that cannot be served; the message says why and holds no key."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate, followed by those that lead to its authority, and its key; both in PEM.

    The key is in no text form of the pair.
    """

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def leaf(self) -> x509.Certificate:
        """The first certificate. Raises InvalidPairError."""
        return certificates_in(self.certificate)[0]

    @property
    def not_before(self) -> datetime:
        """When the certificate starts to be valid."""
        return self.leaf.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """When the certificate expires."""
        return self.leaf.not_valid_after_utc

    def check(self) -> None:
        """Check that the key is the certificate's. Raises InvalidPairError."""
        leaf = self.leaf
        try:
            key = private_key_in(self.key)
            encoded = [
                each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                for each in (leaf.public_key(), key.public_key())
            ]
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # Their reasons may quote the file, which may hold anything.
            raise InvalidPairError("the key is not an unencrypted private key in PEM") from None
        if encoded[0] != encoded[1]:
            raise InvalidPairError("the key belongs to another certificate")


def is_private_key(pem: bytes) -> bool:
    """Whether a PEM text is a private key that needs no passphrase."""
    try:
        private_key_in(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def private_key_in(pem: bytes) -> PrivateKeyTypes:
    """Return a private key that needs no passphrase, without a proof that it is a good one.

    Raises ValueError, TypeError or UnsupportedAlgorithm, of which the reasons may quote the text.
    """
    # A proof that RSA's numbers are primes takes 50 ms for 2,048 bits and 5 s for 8,192.
    return load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)


def certificates_in(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, at least one. Raises InvalidPairError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InvalidPairError("there is no certificate in PEM") from error


def bundle_of(pems: Iterable[bytes]) -> bytes:
    """Return the certificates of several PEM texts as one, each of them once."""
    each_once = dict.fromkeys(
        certificate.public_bytes(Encoding.PEM)
        for pem in pems
        for certificate in certificates_in(pem)
    )
    return b"".join(each_once)


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the DNS names and IP addresses for which a certificate stands."""
    return frozenset(_names_of(certificate))


def _names_of(certificate: x509.Certificate) -> Iterator[str]:
    try:
        found = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return
    assert isinstance(found.value, x509.SubjectAlternativeName)
    yield from found.value.get_values_for_type(x509.DNSName)
    yield from map(str, found.value.get_values_for_type(x509.IPAddress))
