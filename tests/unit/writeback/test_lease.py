"""Leader election as a state machine: what one replica makes of the Lease."""

from __future__ import annotations

from dataclasses import replace

import pytest

from straightway.writeback.lease import NOBODY, Election, Record, Times

TIMES = Times(lease=15.0, renew=10.0, retry=2.0)
TODAY = "2026-01-01T00:00:00.000000Z"


def lease(holder: str, renewed: str = TODAY, version: str = "1") -> Record:
    return Record(holder, TODAY, renewed, 15, 3, version)


def test_takes_a_lease_that_does_not_exist():
    election = Election("a", TIMES)
    assert election.must_read
    assert election.wanted(0, TODAY) is None
    election.observed(NOBODY, 0)
    wanted = election.wanted(0, TODAY)
    assert wanted == Record("a", TODAY, TODAY, 15, 0, "")
    assert not election.is_leading(0)
    election.written(replace(wanted, version="1"), 0)
    assert election.is_leading(9.9)
    assert not election.is_leading(10)


def test_waits_until_a_lease_was_unchanged_for_its_time_whatever_its_clock_says():
    election = Election("b", TIMES)
    # Its renewTime is a year ago, or in a year, by the clock of whoever wrote it.
    for renewed in ("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"):
        election.observed(lease("a", renewed), 100)
        assert election.wanted(114.9, TODAY) is None
        election.observed(lease("a", renewed), 114.9)
        wanted = election.wanted(115, TODAY)
        assert wanted is not None
        assert (wanted.holder, wanted.transitions, wanted.version) == ("b", 4, "1")
        election.refused()


def test_a_renewal_starts_the_wait_again():
    election = Election("b", TIMES)
    election.observed(lease("a", "1"), 0)
    election.observed(lease("a", "2"), 14)
    assert election.wanted(28, TODAY) is None
    assert election.wanted(29, TODAY) is not None


def test_a_lease_that_is_deleted_is_respected_for_its_time():
    election = Election("b", TIMES)
    election.observed(lease("a"), 0)
    election.observed(NOBODY, 14)
    assert election.wanted(28.9, TODAY) is None
    election.observed(NOBODY, 28.9)
    assert election.wanted(29, TODAY) is not None
    # Whoever had it makes it anew at once.
    own = Election("a", TIMES)
    own.observed(NOBODY, 0)
    own.written(lease("a"), 0)
    own.refused()
    own.observed(NOBODY, 2)
    wanted = own.wanted(2, TODAY)
    assert wanted is not None
    assert wanted.version == ""


def test_a_lease_that_was_given_up_and_deleted_is_nobodys():
    election = Election("b", TIMES)
    election.observed(lease("a"), 0)
    election.observed(lease("", version="2"), 1)
    election.observed(NOBODY, 2)
    assert election.wanted(2, TODAY) is not None


def test_respects_a_longer_lease_of_another():
    election = Election("b", TIMES)
    election.observed(replace(lease("a"), duration=60), 0)
    assert election.wanted(59, TODAY) is None
    assert election.wanted(60, TODAY) is not None


def test_takes_a_lease_that_was_given_up_at_once():
    election = Election("b", TIMES)
    election.observed(replace(lease(""), duration=1), 0)
    assert election.wanted(0, TODAY) is not None


def test_leads_no_longer_than_from_when_it_asked():
    election = Election("a", TIMES)
    election.observed(NOBODY, 0)
    # The answer came after 8 s: others may have seen the Lease unchanged for as long.
    election.written(lease("a"), asked_at=0)
    assert election.is_leading(8)
    assert election.leads_until(8) == 10


def test_loses_when_another_is_named():
    election = Election("a", TIMES)
    election.observed(NOBODY, 0)
    election.written(lease("a"), 0)
    election.observed(lease("b", version="2"), 1)
    assert not election.is_leading(1)
    assert election.wanted(1, TODAY) is None


def test_gives_up_only_what_it_has():
    election = Election("a", TIMES)
    assert election.resigned(0, TODAY) is None
    election.observed(NOBODY, 0)
    election.written(lease("a"), 0)
    given_up = election.resigned(1, TODAY)
    assert given_up is not None
    assert (given_up.holder, given_up.version) == ("", "1")
    assert not election.is_leading(1)
    late = Election("a", TIMES)
    late.observed(NOBODY, 0)
    late.written(lease("a"), 0)
    assert late.resigned(11, TODAY) is None


@pytest.mark.parametrize("wrong", [(15, 15, 2), (15, 10, 10), (15, 10, 0), (5, 10, 2)])
def test_times_must_grow(wrong):
    with pytest.raises(ValueError, match="grow"):
        Times(*wrong)
