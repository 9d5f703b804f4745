"""The certificates that are made: what is in them, and who accepts them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import verification

from straightway.certificates import (
    InvalidPairError,
    KeyPair,
    bundle_of,
    issue,
    make_authority,
    names_of,
    renewal_of,
    self_signed,
)
from tests.support.certificates import AUTHORITY, NOW, server_pair


def verifier(*authorities, name="xds.example"):
    store = verification.Store([each.leaf for each in authorities])
    builder = verification.PolicyBuilder().store(store).time(NOW + timedelta(hours=1))
    return builder.build_server_verifier(x509.DNSName(name))


def test_a_certificate_is_accepted_for_its_names_by_who_trusts_its_authority():
    pair = server_pair("xds.example", "10.0.0.1", "::1")
    pair.check()
    assert names_of(pair.leaf) == {"xds.example", "10.0.0.1", "::1"}
    verifier(AUTHORITY).verify(pair.leaf, [])


@pytest.mark.parametrize(
    "refusing", [verifier(make_authority(NOW)), verifier(AUTHORITY, name="other.example")]
)
def test_other_authorities_and_other_names_do_not_count(refusing):
    with pytest.raises(verification.VerificationError):
        refusing.verify(server_pair("xds.example").leaf, [])


def test_an_authority_signs_no_other_authorities():
    constraints = AUTHORITY.leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)


def test_a_certificate_is_renewed_after_two_thirds_of_its_life():
    pair = issue(AUTHORITY, ["a"], NOW, timedelta(days=30))
    rest = pair.not_after - renewal_of(pair)
    assert timedelta(days=10) <= rest < timedelta(days=10, hours=1)


def test_a_certificate_does_not_outlive_its_authority():
    authority = make_authority(NOW, timedelta(days=3))
    assert issue(authority, ["a"], NOW, timedelta(days=30)).not_after == authority.not_after


def test_a_client_whose_clock_is_a_little_behind_accepts_it():
    assert server_pair().not_before == NOW - timedelta(minutes=5)


def test_a_bundle_holds_old_and_new_authorities_each_once():
    old, new = self_signed(["a"], NOW)[1], AUTHORITY.certificate
    assert bundle_of([new, old, new + old]) == new + old


def test_keys_are_in_no_text_of_a_pair():
    pair = server_pair()
    assert "PRIVATE" not in f"{pair} {pair!r}"


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (KeyPair(b"", server_pair().key), "no certificate"),
        (KeyPair(b"-----BEGIN CERTIFICATE-----\nMII", server_pair().key), "no certificate"),
        (KeyPair(server_pair().certificate, b""), "not an unencrypted private key"),
        (KeyPair(server_pair().certificate, server_pair().key[:60]), "not an unencrypted"),
        (KeyPair(server_pair().certificate, server_pair().key), "another certificate"),
    ],
)
def test_what_cannot_be_served_is_refused_without_showing_it(pair, reason):
    with pytest.raises(InvalidPairError, match=reason) as raised:
        pair.check()
    assert "MI" not in str(raised.value)
