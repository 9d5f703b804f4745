"""Which version of which object is in force."""

from __future__ import annotations

import pytest

from straightway.documents import Bundle, Document, Problem, Reference, Severity
from straightway.intake import Accepted, Intake
from straightway.intake.wording import KEPT_UNREAD
from tests.support.configs import bundle, entry, istio, joined, service

WEB = Reference("", "Service", "default", "web")
RULE = Reference("networking.istio.io", "DestinationRule", "default", "web")
GOOD_RULE = istio("DestinationRule", "web", "host: web")
OTHER_RULE = istio("DestinationRule", "web", "host: other")
BAD_RULE = istio("DestinationRule", "web", "hosts: [web]")


@pytest.fixture
def intake() -> Intake:
    return Intake()


def take(intake: Intake, bundles: list[Bundle]) -> Accepted:
    return intake.apply("folder", bundles, now=0.0)


def hosts(accepted) -> dict[str, str | None]:
    """The hosts of the DestinationRules that changed, by name."""
    return {reference.name: item and item.spec.host for reference, item in accepted.changes.items()}


def codes(intake: Intake) -> list[str]:
    return [problem.code for problem in intake.problems()]


def test_what_is_new_is_accepted_once(intake):
    first = take(intake, [bundle(service("web", "{port: 80}"))])
    second = take(intake, [bundle(service("web", "{port: 80}"))])

    assert list(first.changes) == [WEB]
    assert second.changes == {}


def test_an_empty_bundle_takes_its_objects_away(intake):
    take(intake, [bundle(GOOD_RULE)])

    assert hosts(take(intake, [Bundle("config.yaml")])) == {"web": None}
    assert intake.origin(RULE) == ""


def test_a_bad_version_keeps_the_last_good_one(intake):
    take(intake, [bundle(GOOD_RULE)])

    accepted = take(intake, [bundle(BAD_RULE)])

    assert accepted.changes == {}
    assert codes(intake) == ["missing-field", "unknown-field"]
    assert all("last good version stays" in problem.message for problem in intake.problems())


def test_an_object_that_was_never_good_does_not_claim_to_be_kept(intake):
    take(intake, [bundle(BAD_RULE)])

    assert not any("stays in force" in problem.message for problem in intake.problems())


def test_a_bad_object_harms_no_other_of_its_file(intake):
    accepted = take(intake, [bundle(joined([BAD_RULE, service("web", "{port: 80}")]))])

    assert list(accepted.changes) == [WEB]


def test_a_mended_version_comes_in_force_and_ends_the_problem(intake):
    take(intake, [bundle(GOOD_RULE)])
    take(intake, [bundle(BAD_RULE)])

    accepted = take(intake, [bundle(OTHER_RULE)])

    assert hosts(accepted) == {"web": "other"}
    assert intake.problems() == []


def test_a_half_written_file_keeps_what_it_no_longer_shows(intake):
    take(intake, [bundle(joined([GOOD_RULE, service("web", "{port: 80}")]))])

    accepted = take(intake, [bundle(OTHER_RULE, complete=False)])

    assert hosts(accepted) == {"web": "other"}
    assert intake.origin(WEB) == "config.yaml"


def test_a_file_that_cannot_be_read_says_what_stays_in_force(intake):
    syntax = Problem("config.yaml:3", "yaml-syntax", Severity.ERROR, "Invalid YAML.")
    broken = Bundle("config.yaml", problems=(syntax,), complete=False)

    take(intake, [broken])
    assert [each.message for each in intake.problems()] == ["Invalid YAML."]

    take(intake, [bundle(GOOD_RULE)])
    take(intake, [broken])
    assert [each.message for each in intake.problems()] == [f"Invalid YAML. {KEPT_UNREAD}"]


def test_a_file_whole_again_drops_what_it_no_longer_has(intake):
    take(intake, [bundle(joined([GOOD_RULE, service("web", "{port: 80}")]))])
    take(intake, [Bundle("config.yaml", complete=False)])

    accepted = take(intake, [bundle(GOOD_RULE)])

    assert accepted.changes == {WEB: None}


def test_a_file_renamed_in_one_update_changes_nothing(intake):
    take(intake, [bundle(GOOD_RULE, "a.yaml")])

    accepted = take(intake, [Bundle("a.yaml"), bundle(GOOD_RULE, "b.yaml")])

    assert accepted.changes == {}
    assert intake.origin(RULE) == "b.yaml"


def test_an_object_that_moved_and_broke_keeps_its_last_good_version(intake):
    take(intake, [bundle(GOOD_RULE, "a.yaml")])

    accepted = take(intake, [Bundle("a.yaml"), bundle(BAD_RULE, "b.yaml")])

    assert accepted.changes == {}
    assert {problem.origin.partition(":")[0] for problem in intake.problems()} == {"b.yaml"}


class TestTwoObjectsOfOneName:
    def test_of_those_that_come_together_the_first_file_wins(self, intake):
        accepted = take(intake, [bundle(OTHER_RULE, "b.yaml"), bundle(GOOD_RULE, "a.yaml")])

        assert hosts(accepted) == {"web": "web"}
        (problem,) = intake.problems()
        assert (problem.code, problem.path) == ("duplicate-object", "metadata.name")
        assert problem.origin.startswith("b.yaml")
        assert "already defined at a.yaml" in problem.message

    def test_the_order_in_which_they_come_does_not_matter(self, intake):
        take(intake, [bundle(OTHER_RULE, "b.yaml")])

        assert hosts(take(intake, [bundle(GOOD_RULE, "a.yaml")])) == {"web": "web"}
        (problem,) = intake.problems()
        assert problem.origin.startswith("b.yaml")
        assert "a file added now can displace one that serves" in problem.message

    def test_the_second_takes_over_when_the_first_goes(self, intake):
        take(intake, [bundle(GOOD_RULE, "a.yaml"), bundle(OTHER_RULE, "b.yaml")])

        accepted = take(intake, [Bundle("a.yaml")])

        assert hosts(accepted) == {"web": "other"}
        assert intake.problems() == []

    def test_the_same_object_twice_is_no_problem(self, intake):
        take(intake, [bundle(GOOD_RULE, "a.yaml"), bundle(GOOD_RULE, "b.yaml")])

        assert intake.problems() == []

    def test_a_broken_one_does_not_shadow_a_good_one(self, intake):
        accepted = take(intake, [bundle(BAD_RULE, "a.yaml"), bundle(GOOD_RULE, "b.yaml")])
        after = take(intake, [bundle(OTHER_RULE, "b.yaml")])

        assert hosts(accepted) == {"web": "web"}
        assert hosts(after) == {"web": "other"}
        assert set(codes(intake)) == {"duplicate-object", "missing-field", "unknown-field"}

    def test_one_that_broke_later_stays_in_force(self, intake):
        take(intake, [bundle(GOOD_RULE, "a.yaml"), bundle(OTHER_RULE, "b.yaml")])

        assert take(intake, [bundle(BAD_RULE, "a.yaml")]).changes == {}

    def test_in_one_file_the_first_wins(self, intake):
        accepted = take(intake, [bundle(joined([GOOD_RULE, OTHER_RULE]))])

        assert hosts(accepted) == {"web": "web"}
        assert codes(intake) == ["duplicate-object"]


def test_other_kinds_are_ignored_and_named_once(intake):
    config_map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"

    first = take(intake, [bundle(config_map)])
    second = take(intake, [bundle(config_map)])

    assert first.passed_over == ("config.yaml: ConfigMap (v1)",)
    assert second.passed_over == ()
    assert intake.problems() == []


def test_a_document_without_identity_is_a_problem_of_its_file(intake):
    take(intake, [bundle("{apiVersion: v1, kind: Service}")])
    before = codes(intake)
    take(intake, [Bundle("config.yaml")])

    assert before == ["missing-field", "missing-field"]
    assert intake.problems() == []


def test_unchanged_documents_are_not_parsed_again(intake, monkeypatch):
    contents = bundle(joined([GOOD_RULE, entry("a", {"app": "web"})]))
    take(intake, [contents])
    monkeypatch.setattr("straightway.intake.reading.parse_known", None)

    assert take(intake, [contents]).changes == {}


def test_problems_come_by_file_and_line_order_whatever_the_order_of_updates(intake):
    other = Intake()
    files = [bundle(BAD_RULE, "a.yaml"), bundle("{kind: Service}", "b.yaml")]

    take(intake, files)
    for each in reversed(files):
        take(other, [each])

    assert intake.problems() == other.problems()


def test_a_problem_moves_with_its_document(intake):
    contents = bundle(BAD_RULE)
    take(intake, [contents])
    body = contents.documents[0].body
    moved = Document(body, bundle(BAD_RULE, "moved.yaml").documents[0].origin)

    take(intake, [Bundle("config.yaml", (moved,))])

    assert {problem.origin.partition(":")[0] for problem in intake.problems()} == {"moved.yaml"}
