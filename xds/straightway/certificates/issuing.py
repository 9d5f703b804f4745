"""Makes authorities and the certificates of servers: ECDSA over P-256, X.509 (RFC 5280)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from straightway.certificates.pairs import InvalidPairError, KeyPair

AUTHORITY_LIFE: Final = timedelta(days=365)
SERVER_LIFE: Final = timedelta(days=30)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far a client's clock may be behind ours."""
_NAME: Final = "straightway"


def make_authority(now: datetime, life: timedelta = AUTHORITY_LIFE) -> KeyPair:
    """Return a new authority that signs certificates of servers, and no other authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own, by which clients that know two of them find the right one.
    number = f"{_NAME} CA {secrets.token_hex(8)}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, number)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, now, life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, SHA256())
    )
    return _pair(certificate, key)


def issue(
    authority: KeyPair, names: Iterable[str], now: datetime, life: timedelta = SERVER_LIFE
) -> KeyPair:
    """Return a new certificate of a server that is reached under DNS names and IP addresses.

    It expires with its authority at the latest. Raises InvalidPairError if the authority is none.
    """
    signer, signing_key = authority.leaf, load_pem_private_key(authority.key, password=None)
    if not isinstance(signing_key, ec.EllipticCurvePrivateKey):
        raise InvalidPairError("the authority's key is not an elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    life = min(life, signer.not_valid_after_utc - now)
    signer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    alternatives = x509.SubjectAlternativeName([_general_name(each) for each in sorted(set(names))])
    certificate = (
        _builder(name, signer.subject, key, now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(signer_identifier, critical=False)
        .sign(signing_key, SHA256())
    )
    return _pair(certificate, key)


def self_signed(names: Iterable[str], now: datetime) -> tuple[KeyPair, bytes]:
    """Return a certificate for names, and that of the authority made for it alone, in PEM."""
    authority = make_authority(now)
    return issue(authority, names, now), authority.certificate


def renewal_of(pair: KeyPair) -> datetime:
    """Return when to renew a certificate: after two thirds of its life."""
    return pair.not_before + (pair.not_after - pair.not_before) * 2 / 3


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
