"""A mistake of our own beyond parsing stays with the bundle or object that it is made at."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from straightway.intake import intake as intake_module
from straightway.intake import objects as objects_module
from straightway.intake.reading import BundleReader
from tests.support.configs import bundle, istio, service

WEB = service("web", "{port: 80}")
API = service("api", "{port: 80}")


def rule(host: str) -> str:
    return istio("DestinationRule", "rule", f"host: {host}")


class OurMistakeError(Exception):
    """What is raised in the place of a mistake."""


def break_for(broken, module, function: str, text: str) -> None:
    works = getattr(module, function)

    def failing(*given, **named):
        if text in str(given):
            raise OurMistakeError(text)
        return works(*given, **named)

    broken.setattr(module, function, failing)


def test_a_bundle_that_cannot_be_read_keeps_what_it_held_and_all_others_go_on(served, monkeypatch):
    served.apply(bundle(rule("web"), "a.yaml"))
    with monkeypatch.context() as broken, capture_logs() as lines:
        break_for(broken, intake_module, "_inherit", "mistake")
        served.apply(bundle(rule("mistake"), "a.yaml"), bundle(WEB, "b.yaml"))

    assert served.names == {"DestinationRule default/rule", "Service default/web"}
    [item] = [each for each in served.objects.values() if each.reference.kind != "Service"]
    assert item.spec.host == "web"
    [problem] = served.standing
    assert (problem.code, problem.origin) == ("internal-error", "a.yaml")
    assert [line["log_level"] for line in lines] == ["error"]
    assert lines[0]["exc_info"]
    assert served.intake.mistakes == 1

    served.apply(bundle(rule("api"), "a.yaml"))
    assert served.standing == []
    assert {each.spec.host for each in served.objects.values() if hasattr(each.spec, "host")} == {
        "api"
    }


def test_a_bundle_that_cannot_be_read_keeps_what_an_earlier_run_left_of_it(served, monkeypatch):
    served.apply(bundle(rule("web"), "a.yaml"))
    with monkeypatch.context() as broken, capture_logs():

        def failing(reader, place, *rest):
            raise OurMistakeError(place.key)

        broken.setattr(BundleReader, "read", failing)
        later = served.restarted(bundle(rule("api"), "a.yaml"))
    assert later.names == {"DestinationRule default/rule"}


@pytest.mark.parametrize(
    ("module", "function"),
    [(objects_module, "counting"), (objects_module, "_is_same"), (intake_module, "problems_of")],
)
def test_a_mistake_at_one_object_leaves_it_as_it_was_and_all_others_go_on(
    served, monkeypatch, module, function
):
    served.apply(bundle(rule("web"), "a.yaml"))
    with monkeypatch.context() as broken, capture_logs() as lines:
        break_for(broken, module, function, "mistake")
        served.apply(bundle(rule("mistake"), "a.yaml"), bundle(WEB, "b.yaml"))

    assert "Service default/web" in served.names
    assert "DestinationRule default/rule" in served.names
    assert served.intake.mistakes == len(lines) == 1

    served.apply(bundle(rule("api"), "a.yaml"), bundle(API, "c.yaml"))
    assert served.names >= {"DestinationRule default/rule", "Service default/api"}
    assert served.standing == []


def test_what_is_only_written_elsewhere_has_moved_and_not_changed(served):
    served.apply(bundle(rule("web"), "a.yaml"), bundle(WEB, "b.yaml"))
    accepted = served.apply(bundle(rule("web"), "a.yaml"), bundle(WEB + "\n", "b.yaml"))

    assert accepted.changes == {}
    assert {str(each) for each in accepted.moved} == {
        "DestinationRule default/rule",
        "Service default/web",
    }
