"""Client certificates: the service account that one stands for."""

from __future__ import annotations

import pytest

from straightway.identities import Identity
from straightway.identities.certificates import identity_in
from straightway.identities.identity import NotProvedError


def shown(*names):
    return {
        "transport_security_type": (b"ssl",),
        "x509_pem_cert": (b"...",),
        "x509_subject_alternative_name": tuple(name.encode() for name in names),
    }


@pytest.mark.parametrize(
    "names",
    [
        ["spiffe://cluster.local/ns/shop/sa/gateway"],
        ["spiffe://a.very.other-domain/ns/shop/sa/gateway", "gw.example.com", "gw.example"],
        ["gateway.shop"],
        ["gateway.shop", "gateway.shop.svc", "*.example.com", "10.0.0.1"],
    ],
)
def test_a_spiffe_id_or_else_a_dns_name_gives_the_account(names):
    assert identity_in(shown(*names)) == Identity("shop", "gateway")


def test_without_a_certificate_there_is_none():
    assert identity_in({"transport_security_type": (b"ssl",)}) is None


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["gateway"],
        ["gateway.shop.svc"],
        ["spiffe://cluster.local/ns/shop"],
        ["spiffe://cluster.local/ns/shop/sa/"],
        ["spiffe://cluster.local/ns/shop/sa/gateway/more"],
        ["https://cluster.local/ns/shop/sa/gateway"],
        ["spiffe:///ns/shop/sa/gateway"],
        ["spiffe://cluster.local/ns/../sa/gateway"],
        ["gateway.shop", "gateway.bank"],
        ["spiffe://a/ns/shop/sa/x", "spiffe://a/ns/bank/sa/x"],
    ],
)
def test_any_other_certificate_proves_nothing(names):
    with pytest.raises(NotProvedError, match="must stand for one service account"):
        identity_in(shown(*names))
