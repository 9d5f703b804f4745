"""A restart with the state of the run before serves what served."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from straightway.catalog import CatalogCode
from straightway.documents import Bundle, Finding, Problem, Reference, Severity
from straightway.intake import Place
from straightway.intake.wording import KEPT, KEPT_UNREAD, NOTHING_IN_FORCE
from tests.support.configs import bundle, istio, joined, service
from tests.support.intake import Served

WEB = service("web", "{port: 80}")
RULE = istio("DestinationRule", "web", "host: web")
BROKEN = istio("DestinationRule", "web", "hosts: [web]")
RULE_NAME = Reference("networking.istio.io", "DestinationRule", "default", "web")
EMPTY = Problem("config.yaml:1", "empty-file", Severity.WARNING, "The file is empty.")


def test_a_broken_object_keeps_its_last_good_version_and_says_so(served):
    served.apply(bundle(joined([RULE, WEB])))

    restarted = served.restarted(bundle(joined([BROKEN, WEB])))

    assert restarted.objects == served.objects
    assert all(problem.message.endswith(KEPT) for problem in restarted.standing)
    # Once more, with what the second run left.
    assert restarted.restarted(bundle(joined([BROKEN, WEB]))).objects == served.objects


def test_without_the_state_a_broken_object_says_that_nothing_is_in_force(served):
    served.apply(bundle(joined([BROKEN, WEB])))

    assert served.names == {"Service default/web"}
    assert all(problem.message.endswith(NOTHING_IN_FORCE) for problem in served.standing)


def test_a_file_that_is_empty_keeps_what_it_held(served):
    served.apply(bundle(joined([RULE, WEB])))

    restarted = served.restarted(Bundle("config.yaml", problems=(EMPTY,), complete=False))

    assert restarted.objects == served.objects
    assert served.restarted(Bundle("config.yaml", complete=False)).objects == served.objects


@pytest.mark.parametrize("text", [RULE, None])
def test_an_empty_file_says_what_became_of_what_it_held(served, text):
    if text is not None:
        served.apply(bundle(text))

    restarted = served.restarted(Bundle("config.yaml", problems=(EMPTY,), complete=False))

    said = NOTHING_IN_FORCE if text is None else KEPT_UNREAD
    assert [problem.message for problem in restarted.standing] == [f"{EMPTY.message} {said}"]


def test_a_file_that_cannot_be_read_keeps_what_it_held_and_says_so(served):
    served.apply(bundle(RULE))
    syntax = Problem("config.yaml:3", "yaml-syntax", Severity.ERROR, "Invalid YAML.")

    restarted = served.restarted(Bundle("config.yaml", problems=(syntax,), complete=False))

    assert restarted.objects == served.objects
    assert [problem.message for problem in restarted.standing] == [f"Invalid YAML. {KEPT_UNREAD}"]


def test_a_good_version_on_disk_wins_over_what_is_stored(served):
    served.apply(bundle(RULE))

    restarted = served.restarted(bundle(RULE.replace("host: web", "host: other")))

    assert [item.spec.host for item in restarted.objects.values()] == ["other"]


def test_what_a_whole_file_no_longer_has_does_not_come_back(served):
    served.apply(bundle(joined([RULE, WEB])))

    restarted = served.restarted(bundle(WEB))

    assert restarted.names == {"Service default/web"}
    assert b"DestinationRule" not in restarted.stored()[Place("folder", "config.yaml")]


def test_an_object_that_moved_and_broke_while_nobody_looked_keeps_its_version(served):
    served.apply(bundle(joined([RULE, WEB]), "a.yaml"))

    restarted = served.restarted(bundle(joined([BROKEN, WEB]), "b.yaml"))

    assert restarted.objects == served.objects
    assert restarted.restarted(bundle(joined([BROKEN, WEB]), "b.yaml")).objects == served.objects


def test_a_version_that_is_not_good_any_more_is_not_taken(served):
    served.apply(bundle(RULE))
    place, encoded = next(iter(served.stored().items()))
    outdated = Served({place: encoded.replace(b'"host"', b'"was"')})

    outdated.apply(bundle(BROKEN))

    assert outdated.names == set()


def test_what_is_stored_and_cannot_be_read_is_logged_and_ignored(served):
    served.apply(bundle(joined([RULE, WEB])))
    (place, encoded), *_ = served.stored().items()
    for damaged in (encoded[:-5], b"[[1]," + encoded[1:], b"[null]"):
        other = Served({place: damaged})
        with capture_logs() as lines:
            other.apply(bundle(BROKEN))
        assert lines
        assert other.names <= {"DestinationRule default/web"}


def test_what_is_stored_and_holds_nothing_is_nothing():
    other = Served({Place("folder", "config.yaml"): b"7"})

    other.apply(bundle(BROKEN))

    assert other.names == set()


def test_nothing_stored_is_decoded_while_all_is_well(served, monkeypatch):
    served.apply(bundle(joined([RULE, WEB])))
    monkeypatch.setattr("straightway.intake.last_good.from_json", None)

    assert served.restarted(bundle(joined([RULE, WEB]))).objects == served.objects


def test_a_finding_of_a_kept_version_has_its_generation(served):
    text = RULE.replace("metadata:", "metadata:\n  generation: {}")
    served.apply(bundle(text.format(4)))
    served.apply(bundle(text.format(5).replace("host:", "hosts:")))

    assert {problem.generation for problem in served.standing} == {5}
    assert {problem.subject for problem in served.standing} == {"DestinationRule default/web"}

    finding = Finding(RULE_NAME, ("spec", "host"), CatalogCode.UNKNOWN_HOST, "No such host.")
    problem = served.intake.problem(finding)

    assert (problem.reference, problem.generation) == (RULE_NAME, 4)
    assert (problem.origin, problem.path) == ("config.yaml:spec.host", "spec.host")
