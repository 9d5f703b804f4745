"""What is told of a ModelDiscovery whose service, key or Secret is not there."""

from __future__ import annotations

import pytest
import yaml

from straightway.documents import Problem
from straightway.offline.review import review
from tests.support.configs import documents, service
from tests.support.secrets import secret, written
from tests.unit.holdings.test_pools import SERVICE, discovery, rule


def found(*texts: str) -> list[Problem]:
    bodies = [body for text in texts for body in yaml.safe_load_all(text)]
    problems = review([written(*bodies)]).problems
    return [each for each in problems if each.code != "subsets-without-endpoints"]


def codes(*texts: str) -> list[str]:
    return [problem.code for problem in found(*texts)]


def test_a_service_with_one_key_is_right():
    assert found(SERVICE, rule(), discovery("{service: runtimes}")) == []


def test_a_service_that_is_misspelt_is_told_with_the_one_that_may_be_meant():
    (problem,) = found(SERVICE, rule(), discovery("{service: runtime, key: model}"))
    assert problem.code == "unknown-host"
    assert problem.path == "spec.service"
    assert 'Did you mean "runtimes.default.svc.cluster.local"?' in problem.message
    assert "asked" in problem.message


@pytest.mark.parametrize(
    ("rules", "words"), [((), "dynamicSubset"), ((rule("a, b"),), "write key: a or b")]
)
def test_a_key_that_nobody_can_know_is_asked_for(rules, words):
    (problem,) = found(SERVICE, *rules, discovery("{service: runtimes}"))
    assert problem.code == "subset-key-unknown"
    assert words in problem.message


def test_a_service_of_another_namespace_is_refused():
    spec = "{service: runtimes.default.svc.cluster.local, key: model}"
    assert codes(SERVICE, rule(), discovery(spec, "guest")) == ["service-elsewhere"]


def test_a_secret_that_is_missing_or_useless_is_told():
    spec = "{service: runtimes, key: model, credentialName: access}"
    (problem,) = found(SERVICE, discovery(spec))
    assert (problem.code, problem.path) == ("unknown-credential", "spec.credentialName")
    useless = yaml.safe_dump(secret("access", {"cert": b"?"}, of_type="Opaque"))
    assert codes(SERVICE, discovery(spec), useless) == ["credential-lacks-keys"]


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("{}", "spec.service", "missing-field"),
        ("{service: a, workloadSelector: {matchLabels: {a: b}}, key: k, port: 1}",
         "spec.workloadSelector", "conflicting-fields"),
        ("{workloadSelector: {matchLabels: {a: b}}, port: 1}", "spec.key", "missing-field"),
        ("{workloadSelector: {matchLabels: {a: b}}, key: k}", "spec.port", "missing-field"),
        ("{workloadSelector: {matchLabels: {}}, key: k, port: 1}",
         "spec.workloadSelector.matchLabels", "empty-field"),
        ("{service: a, key: k, port: 0}", "spec.port", "invalid-port"),
        ("{service: a, key: k, port: true}", "spec.port", "invalid-port"),
        ("{service: a, key: k, port: 'a b'}", "spec.port", "invalid-port"),
        ("{service: a, key: k, api: tritn}", "spec.api", "unknown-value"),
        ("{service: a, key: k, interval: 10ms}", "spec.interval", "out-of-range"),
        ("{service: a, key: k, interval: 1m, staleAfter: 1s}", "spec.staleAfter", "out-of-range"),
        ("{service: a, key: k, api: modelmesh}", "spec.etcd", "missing-field"),
        ("{service: a, key: k, etcd: 'http://u:p@e/'}", "spec.etcd", "invalid-value"),
        ("{service: a, key: k, names: {versions: newest}}", "spec.names.versions", "unknown-value"),
        ("{service: a, key: ''}", "spec.key", "out-of-range"),
        ("{servise: a, service: a, key: k}", "spec.servise", "unknown-field"),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_told_with_its_place(spec, path, code):
    service_a = service("a", "{name: http, port: 80}")
    assert (path, code) in [(each.path, each.code) for each in found(service_a, discovery(spec))]


def test_documents_can_be_read_back():
    assert documents(discovery("{service: a}"))
