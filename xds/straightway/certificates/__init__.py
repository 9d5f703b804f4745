"""Certificates of our servers: made here or read from files, and exchanged while they serve.

``pairs`` is a certificate with its key; ``issuing`` makes authorities and certificates, and
``keyring`` decides when; ``secret`` keeps them in a Kubernetes Secret that all replicas share, and
``publishing`` tells proxies whom to trust; ``files`` reads certificates from disk; ``serving``
gives the current one to HTTPS and gRPC servers. Keys are in no log and in no text form.
"""

from straightway.certificates.files import (
    CertificateFileError,
    Followed,
    followed_authorities,
    followed_pair,
    read_authorities,
    read_pair,
)
from straightway.certificates.issuing import issue, make_authority, renewal_of, self_signed
from straightway.certificates.keyring import Keyring
from straightway.certificates.pairs import InvalidPairError, KeyPair, bundle_of, names_of
from straightway.certificates.secret import SecretKeyring
from straightway.certificates.serving import ServerTls

__all__ = [
    "CertificateFileError",
    "Followed",
    "InvalidPairError",
    "KeyPair",
    "Keyring",
    "SecretKeyring",
    "ServerTls",
    "bundle_of",
    "followed_authorities",
    "followed_pair",
    "issue",
    "make_authority",
    "names_of",
    "read_authorities",
    "read_pair",
    "renewal_of",
    "self_signed",
]
