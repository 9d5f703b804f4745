"""Certificates that tests need beside those that the product makes: of clients, and of RSA keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from straightway.certificates import KeyPair, issue, make_authority

NOW = datetime.now(UTC).replace(microsecond=0)
AUTHORITY = make_authority(NOW)


def server_pair(*names: str) -> KeyPair:
    """A server's certificate of the tests' authority."""
    return issue(AUTHORITY, names or ("localhost", "127.0.0.1"), NOW)


def signed_pair(
    *names: x509.GeneralName, authority: KeyPair = AUTHORITY, with_rsa: bool = False
) -> KeyPair:
    """Any certificate of an authority, such as a client's."""
    signing_key = load_pem_private_key(authority.key, password=None)
    assert isinstance(signing_key, ec.EllipticCurvePrivateKey)
    key = (
        rsa.generate_private_key(65537, 2048)
        if with_rsa
        else ec.generate_private_key(ec.SECP256R1())
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")]))
        .issuer_name(authority.leaf.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(minutes=5))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signing_key, SHA256())
    )
    return KeyPair(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def spiffe_pair(namespace: str, account: str, *, authority: KeyPair = AUTHORITY) -> KeyPair:
    """A client's certificate with a SPIFFE id."""
    uri = f"spiffe://cluster.local/ns/{namespace}/sa/{account}"
    return signed_pair(x509.UniformResourceIdentifier(uri), authority=authority)


def write_pair(folder: Path, pair: KeyPair) -> tuple[Path, Path]:
    """Write a pair as a mounted Secret has it; return the certificate's file and the key's."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return certificate, key
