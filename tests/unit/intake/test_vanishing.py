"""What vanishes at once is held for the grace time."""

from __future__ import annotations

import pytest

from straightway.documents import Bundle
from straightway.intake import Accepted
from tests.support.configs import GATEWAY, bundle, entry, istio, joined, pod, service
from tests.support.intake import Served

WEB = service("web", "{port: 80}")
RULES = [istio("DestinationRule", name, f"host: {name}") for name in ("one", "two")]
GRACE = 30.0


@pytest.fixture
def served() -> Served:
    return Served(grace=GRACE)


def test_everything_at_once_stays_until_the_grace_time_is_over(served):
    served.apply(bundle(WEB, "web.yaml"), bundle(GATEWAY, "gateway.yaml"))

    accepted = served.apply(Bundle("web.yaml"), Bundle("gateway.yaml"), now=100.0)

    assert accepted.changes == {}
    assert served.intake.due == 100.0 + GRACE
    (problem,) = served.standing
    assert (problem.code, problem.is_error) == ("vanished-at-once", True)
    assert "2 objects vanished at once" in problem.message
    assert "no object" in problem.message
    assert "Service default/web, Gateway default/gw" in problem.message
    assert served.expire(100.0 + GRACE - 1).changes == {}

    served.expire(100.0 + GRACE)

    assert served.names == set()
    assert served.standing == []
    assert served.intake.due is None
    assert served.stored() == {}


def test_what_comes_back_in_time_has_never_been_gone(served):
    files = bundle(WEB, "web.yaml"), bundle(GATEWAY, "gateway.yaml")
    served.apply(*files)
    served.apply(Bundle("web.yaml"), Bundle("gateway.yaml"), now=100.0)

    assert served.apply(files[0], now=101.0).changes == {}
    assert served.codes == {"vanished-at-once"}
    assert served.apply(files[1], now=102.0).changes == {}

    assert served.standing == []
    assert served.intake.due is None
    assert served.expire(1000.0) == Accepted({})


def test_all_of_a_kind_that_serves_at_once_is_held(served):
    served.apply(bundle(WEB, "web.yaml"), bundle(joined(RULES), "rules.yaml"))

    served.apply(Bundle("rules.yaml"), now=1.0)

    assert len(served.names) == 3
    (problem,) = served.standing
    assert "leaves no DestinationRule" in problem.message


def test_what_vanished_in_the_same_step_is_held_with_it(served):
    served.apply(bundle(WEB, "web.yaml"), bundle(joined([*RULES, GATEWAY]), "more.yaml"))

    served.apply(Bundle("more.yaml"))

    assert "Gateway default/gw" in served.names


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # The only one of its kind: somebody means it.
        ([WEB, RULES[0]], [WEB]),
        ([WEB], []),
        # One is left.
        ([WEB, *RULES], [WEB, RULES[1]]),
        # Others of the role have come in the same step.
        ([WEB, entry("a", {}), entry("b", {})], [WEB, pod("c", {})]),
        # Nothing that serves by itself.
        (
            [
                WEB,
                *(
                    istio(
                        "ASMGrpcJsonTranscoder",
                        n,
                        "{builtinProtoDescriptor: kserve_predict_v2, "
                        "isGateway: true, workloadSelector: {a: b}}",
                    )
                    for n in "ab"
                ),
            ],
            [WEB],
        ),
    ],
)
def test_what_is_no_accident_goes_at_once(served, before, after):
    served.apply(*(bundle(text, f"{index}.yaml") for index, text in enumerate(before)))
    assert len(served.objects) == len(before)

    served.apply(
        *(bundle("", f"{index}.yaml") for index in range(len(before))),
        *(bundle(text, f"new-{index}.yaml") for index, text in enumerate(after)),
    )

    assert len(served.objects) == len(after)
    assert served.standing == []


def test_the_last_object_is_held_while_all_others_are(served):
    served.apply(*(bundle(text, f"{index}.yaml") for index, text in enumerate([WEB, *RULES])))
    served.apply(bundle(GATEWAY, "gateway.yaml"))
    served.apply(*(Bundle(f"{index}.yaml") for index in range(3)), now=1.0)

    served.apply(Bundle("gateway.yaml"), now=2.0)
    assert len(served.names) == 4

    served.expire(1.0 + GRACE)
    assert served.names == {"Gateway default/gw"}
    served.expire(2.0 + GRACE)
    assert served.names == set()


def test_no_grace_holds_nothing():
    served = Served(grace=0.0)
    served.apply(bundle(joined(RULES)))

    served.apply(Bundle("config.yaml"))

    assert served.names == set()


def test_a_held_object_that_comes_back_broken_stays_in_its_last_good_version(served):
    served.apply(bundle(joined(RULES)))
    served.apply(Bundle("config.yaml"), now=1.0)

    served.apply(bundle(joined(RULES).replace("host:", "hosts:")), now=2.0)
    served.expire(1000.0)

    assert len(served.names) == 2
    assert "vanished-at-once" not in served.codes


def test_a_held_object_that_comes_back_and_goes_alone_goes_at_once(served):
    served.apply(bundle(joined([WEB, *RULES])))
    served.apply(Bundle("config.yaml"), now=1.0)
    served.apply(bundle(joined([WEB, *RULES])), now=2.0)

    served.apply(bundle(joined([WEB, RULES[0]])), now=3.0)

    assert len(served.names) == 2


def test_a_start_with_an_empty_folder_serves_what_served_for_the_grace_time():
    before = Served()
    before.apply(bundle(WEB, "web.yaml"), bundle(GATEWAY, "gateway.yaml"))

    restarted = before.restarted(grace=GRACE)

    assert restarted.objects == before.objects
    assert restarted.codes == {"vanished-at-once"}
    assert restarted.stored() == before.stored()
    restarted.expire(GRACE)
    assert restarted.names == set()
    assert restarted.stored() == {}


def test_a_file_removed_while_nobody_looked_is_gone_after_the_start():
    before = Served()
    before.apply(bundle(WEB, "web.yaml"), bundle(GATEWAY, "gateway.yaml"))

    restarted = before.restarted(bundle(WEB, "web.yaml"), grace=GRACE)

    assert restarted.names == {"Service default/web"}
    assert restarted.standing == []
    assert len(restarted.stored()) == 1
