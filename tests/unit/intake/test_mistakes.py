"""A mistake of our own in parsing one document stays with that document."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from straightway import intake
from straightway.documents import Bundle, Document, Origin
from tests.support.configs import bundle, istio, joined, service

WEB = service("web", "{port: 80}")
RULE = istio("DestinationRule", "web", "host: web")
MARKED = RULE.replace("host: web", "host: mistake")


@pytest.fixture(params=["parse_known"])
def mistaken(request, monkeypatch):
    """Our own code fails at every document with a certain text."""
    works = getattr(intake.reading, request.param)

    def fail(argument):
        body = argument.body if isinstance(argument, Document) else argument
        if "mistake" in str(body):
            raise RecursionError("too deep")
        return works(argument)

    monkeypatch.setattr(f"straightway.intake.reading.{request.param}", fail)


@pytest.mark.usefixtures("mistaken")
def test_it_is_a_problem_of_its_document_and_the_rest_goes_on(served):
    served.apply(bundle(RULE))

    with capture_logs() as lines:
        served.apply(bundle(joined([MARKED, WEB])))

    assert served.names == {"DestinationRule default/web", "Service default/web"}
    (problem,) = served.standing
    assert (problem.code, problem.subject) == ("internal-error", "DestinationRule default/web")
    assert "RecursionError" in problem.message
    assert problem.message.endswith("The last good version stays in force.")
    assert [(line["event"], line["log_level"]) for line in lines] == [("parsing failed", "error")]
    assert lines[0]["exc_info"]
    assert served.intake.mistakes == 1


@pytest.mark.usefixtures("mistaken")
def test_a_document_without_identity_keeps_what_the_file_held(served):
    served.apply(bundle(RULE))

    served.apply(bundle(MARKED.replace("name: web", "name: 7")))

    assert served.names == {"DestinationRule default/web"}
    assert served.codes == {"internal-error"}


def test_a_place_that_cannot_be_found_costs_no_more_than_the_place(served, monkeypatch):
    class Broken(Origin):
        def at(self, path=()):
            raise ValueError("no place")

    body = bundle(RULE).documents[0].body
    other = Document({**body, "spec": {"host": "other"}}, Broken())
    served.apply(bundle(RULE, "a.yaml"), Bundle("b.yaml", (other,)))

    with capture_logs():
        assert served.codes == {"duplicate-object"}
    assert served.standing[0].origin == ""


def test_a_broken_origin_does_not_stop_a_broken_object(served):
    class Broken(Origin):
        def at(self, path=()):
            raise ValueError("no place")

    body = bundle(istio("DestinationRule", "web", "hosts: []")).documents[0].body

    with capture_logs():
        served.apply(Bundle("a.yaml", (Document(body, Broken()),)), bundle(WEB, "b.yaml"))

    assert served.codes == {"internal-error"}
    assert served.names == {"Service default/web"}
