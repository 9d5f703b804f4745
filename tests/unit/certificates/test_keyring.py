"""The keyring: what is renewed when, and that no client ever meets an unknown authority."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.x509 import DNSName, verification

from straightway.certificates import InvalidPairError, KeyPair, names_of, renewal_of
from straightway.certificates.keyring import (
    KNOWN_AFTER,
    Keyring,
    from_data,
    new_keyring,
    renewed,
    to_data,
)
from straightway.certificates.pairs import certificates_in
from tests.support.certificates import AUTHORITY, NOW, server_pair

NAMES = ["straightway.example", "10.0.0.1"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW = new_keyring(NAMES, NOW)
assert NEW.authority is not None
FIRST = NEW.authority


def authorities(keyring):
    return certificates_in(keyring.bundle)


def accepts(bundle, keyring, now):
    """Whether a client that trusts a bundle accepts the server's certificate."""
    store = verification.Store(certificates_in(bundle))
    builder = verification.PolicyBuilder().store(store).time(now)
    try:
        builder.build_server_verifier(DNSName(NAMES[0])).verify(keyring.server.leaf, [])
    except verification.VerificationError:
        return False
    return True


def test_a_new_keyring_is_trusted_and_stays_as_it_is():
    assert accepts(NEW.bundle, NEW, NOW + HOUR)
    assert renewed(NEW, NAMES, NOW + HOUR) == NEW


def test_the_servers_certificate_is_renewed_after_two_thirds_of_its_life():
    due = renewal_of(NEW.server)
    assert renewed(NEW, NAMES, due - HOUR) == NEW
    after = renewed(NEW, NAMES, due)
    assert after.server.not_after > NEW.server.not_after
    assert (after.authority, after.bundle) == (NEW.authority, NEW.bundle)


def test_other_names_need_another_certificate():
    after = renewed(NEW, ["other.example"], NOW)
    assert names_of(after.server.leaf) == {"other.example"}


def test_an_authoritys_successor_is_trusted_a_day_before_it_signs():
    due = renewal_of(FIRST)
    announced = renewed(NEW, NAMES, due)
    assert announced.successor is not None
    assert announced.authority == NEW.authority
    assert len(authorities(announced)) == 2
    signing = renewed(announced, NAMES, announced.successor.not_before + KNOWN_AFTER)
    assert signing.authority == announced.successor
    assert signing.successor is None
    assert signing.bundle != NEW.bundle
    assert set(authorities(signing)) == set(authorities(announced))
    assert signing.server.leaf.issuer == announced.successor.leaf.subject


def test_an_old_authority_is_trusted_until_it_expires():
    now, keyring = NOW, NEW
    while now < FIRST.not_after:
        assert FIRST.leaf in authorities(keyring)
        now += DAY
        keyring = renewed(keyring, NAMES, now)
    assert FIRST.leaf not in authorities(keyring)


@pytest.mark.parametrize("hours", [9, 23, 100])
def test_clients_that_learn_of_authorities_within_a_day_accept_every_certificate(hours):
    now, keyring, bundles = NOW, NEW, [(NOW - 2 * DAY, NEW.bundle)]
    authorities_seen = set()
    while now < NOW + 3 * 365 * DAY:
        now += timedelta(hours=hours)
        keyring = renewed(keyring, NAMES, now)
        bundles.append((now, keyring.bundle))
        known = [bundle for at, bundle in bundles if at <= now - KNOWN_AFTER + HOUR][-1]
        assert accepts(known, keyring, now)
        authorities_seen.add(keyring.authority)
    assert len(authorities_seen) > 3


def test_after_a_long_pause_there_is_a_new_authority_at_once():
    now = FIRST.not_after + DAY
    after = renewed(NEW, NAMES, now)
    assert accepts(after.bundle, after, now)
    assert after.authority != NEW.authority


def test_a_keyring_is_read_back_from_a_secret():
    announced = renewed(NEW, NAMES, renewal_of(FIRST))
    for keyring in (NEW, announced):
        assert from_data(to_data(keyring)) == keyring


@pytest.mark.parametrize("data", [{}, {"tls.crt": b"", "tls.key": b""}, {"other": b"x"}])
def test_room_for_a_keyring_is_none(data):
    assert from_data(data) is None


def test_a_secret_that_somebody_else_keeps_is_not_renewed():
    pair = server_pair("other.example")
    data = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": AUTHORITY.certificate}
    keyring = from_data(data)
    assert keyring == Keyring(pair, AUTHORITY.certificate)
    assert renewed(keyring, NAMES, pair.not_after + DAY) is keyring


@pytest.mark.parametrize(
    "damage",
    [
        {"tls.key": b"", "tls.crt": b"x"},
        {"authority.key": server_pair().key},
        {"ca.crt": b"nothing"},
    ],
)
def test_a_damaged_secret_is_refused(damage):
    with pytest.raises(InvalidPairError):
        from_data(to_data(NEW) | damage)


def test_keys_are_in_no_text_of_a_keyring():
    assert "PRIVATE" not in repr(NEW)
    assert isinstance(NEW.server, KeyPair)
