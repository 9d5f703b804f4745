"""A file with a document that may be anything keeps what it held."""

from __future__ import annotations

import pytest

from straightway.documents import Bundle
from straightway.intake.wording import KEPT_UNREAD, NOTHING_IN_FORCE
from tests.support.configs import bundle, istio, joined, service

RULE = istio("DestinationRule", "web", "host: web")
NAME = "DestinationRule default/web"
OTHER = service("other", "{port: 80}")

SLIPS = {
    "kind": RULE.replace("DestinationRule", "DestinationRul"),
    "no kind": RULE.replace("kind: DestinationRule\n", ""),
    "no apiVersion": RULE.replace("apiVersion: networking.istio.io/v1\n", ""),
    "metadta": RULE.replace("metadata:", "metadta:"),
    "nmae": RULE.replace("name:", "nmae:"),
    "a number": RULE.replace("name: web", "name: 7"),
    "capitals": RULE.replace("name: web", "name: WEB"),
    "namespace": RULE.replace("namespace: default", "namespace: 7"),
    "group": RULE.replace("networking", "netwroking"),
    "core group": RULE.replace("networking.istio.io/v1", "v1"),
    "no object": "a: b",
    "a list without items": "{apiVersion: v1, kind: List, items: null}",
}


@pytest.fixture(params=SLIPS)
def slip(request) -> str:
    return SLIPS[request.param]


def test_the_object_stays_and_the_problem_says_so(served, slip):
    served.apply(bundle(RULE))

    served.apply(bundle(slip))

    assert served.names == {NAME}
    assert served.standing
    assert all(each.is_error for each in served.standing)
    assert all(each.message.endswith(KEPT_UNREAD) for each in served.standing)


def test_the_object_stays_over_a_restart(served, slip):
    served.apply(bundle(RULE))

    restarted = served.restarted(bundle(slip))

    assert restarted.objects == served.objects
    assert restarted.restarted(bundle(slip)).objects == served.objects


def test_it_goes_when_the_slip_is_gone_and_it_is_not_back(served, slip):
    served.apply(bundle(RULE))
    served.apply(bundle(joined([slip, OTHER])))
    assert served.names == {NAME, "Service default/other"}

    served.apply(bundle(OTHER))

    assert served.names == {"Service default/other"}
    assert served.standing == []


def test_a_slip_that_holds_nothing_back_says_that_nothing_is_in_force(served, slip):
    served.apply(bundle(slip))

    assert served.standing
    assert all(each.message.endswith(NOTHING_IN_FORCE) for each in served.standing)


def test_many_slips_in_one_file_are_counted_not_listed(served):
    served.apply(bundle(joined(["a: b"] * 250)))

    problems = served.intake.problems()
    assert len(problems) == 101
    (further,) = (each for each in problems if each.code == "further-problems")
    assert further.message == "The file has 150 further problems."


def test_a_slip_in_one_file_keeps_nothing_of_another(served, slip):
    served.apply(bundle(RULE, "a.yaml"), bundle(slip, "b.yaml"))

    served.apply(Bundle("a.yaml"))

    assert served.names == set()


@pytest.mark.parametrize(
    "other",
    [
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}",
        "{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web}}",
        "{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: web}}",
    ],
)
def test_another_kind_in_its_place_is_no_slip(served, other):
    served.apply(bundle(RULE))

    served.apply(bundle(other))

    assert served.names == set()
    assert served.standing == []


def test_a_good_new_version_beside_a_slip_counts(served, slip):
    served.apply(bundle(joined([RULE, OTHER])))

    served.apply(bundle(joined([slip, OTHER.replace("80", "81")])))

    ports = [item.spec.ports[0].port for item in served.objects.values() if item.kind == "Service"]
    assert ports == [81]
    assert NAME in served.names
