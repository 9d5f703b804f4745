"""Client certificates: the service account that one stands for.

Either a SPIFFE id, ``spiffe://cluster.local/ns/shop/sa/gateway``, as Istio's and SPIRE's have it,
or the DNS name ``gateway.shop``: account and namespace.
https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from straightway.identities.identity import Identity, NotProvedError

_NAME: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SPIFFE: Final = re.compile(
    rf"spiffe://[^/]+/ns/(?P<namespace>{_NAME})/sa/(?P<account>(?:{_NAME}\.)*{_NAME})"
)
_DNS: Final = re.compile(rf"(?P<account>{_NAME})\.(?P<namespace>{_NAME})")


def identity_in(security: Mapping[str, Sequence[bytes]]) -> Identity | None:
    """Return the identity in gRPC's authentication context, None if no certificate was shown.

    gRPC has verified the certificate. Raises NotProvedError if it stands for no service account, or
    for several.
    """
    if "x509_pem_cert" not in security:
        return None
    shown = security.get("x509_subject_alternative_name", ())
    names = [name.decode(errors="replace") for name in shown]
    # A certificate with a SPIFFE id has DNS names for other purposes.
    found = _accounts(names, _SPIFFE) or _accounts(names, _DNS)
    if len(found) == 1:
        return found.pop()
    raise NotProvedError(
        "the client certificate must stand for one service account: "
        "spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT, or the DNS name ACCOUNT.NAMESPACE"
    )


def _accounts(names: Sequence[str], form: re.Pattern[str]) -> set[Identity]:
    matches = [match for name in names if (match := form.fullmatch(name))]
    return {Identity(match["namespace"], match["account"]) for match in matches}
