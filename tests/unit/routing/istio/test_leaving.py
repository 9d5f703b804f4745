"""When requests leave their subset: what the rule, the route and the proxies say."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from straightway.api.destination_rule import TrafficPolicy
from straightway.api.virtual_service import Destination, HttpRoute
from straightway.routing.http import Forward, Retry
from straightway.routing.istio import DEFAULT_RETRY, Target, rule_of
from straightway.routing.istio.policies import policy_of
from straightway.routing.policies import Fallback, Leaving, Selector, Subsets

TO_RUNTIMES = "route: [{destination: {host: runtimes}}]"
KEYS = "headerToDynamicSubsetKey: [{header: x-model, key: model}]"
LEAVING = Leaving()


def subsets(text: str) -> Subsets:
    policy = yaml.safe_load(f"{{loadBalancer: {{dynamicSubset: {{{text}}}}}}}")
    found = policy_of(TrafficPolicy.model_validate(policy)).subsets
    assert found is not None
    return found


def retry(text: str, leaving: Leaving | None = LEAVING) -> Retry | None:
    def target_of(destination: Destination) -> Target:
        return Target(
            destination.host, leaving=leaving if "plain" not in destination.host else None
        )

    http = HttpRoute.model_validate(yaml.safe_load(f"{{{text}}}"))
    action = rule_of(http, None, target_of).action
    assert isinstance(action, Forward)
    return action.retry


class TestRules:
    def test_requests_may_leave_where_a_selector_lets_them_go_anywhere(self):
        found = subsets("subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}]")
        assert found.leaving == Leaving(attempts=7)
        assert found.not_left is None

    @pytest.mark.parametrize(
        "text",
        [
            "subsetSelectors: [{keys: [model]}]",
            "subsetSelectors: [{keys: [model], fallbackPolicy: DEFAULT_SUBSET}], "
            "defaultSubset: {model: base}",
            # A request that has left its subset is one outside of them.
            "subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}], "
            "fallbackPolicy: NO_FALLBACK",
            "subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}], "
            "retries: {attempts: 0}",
        ],
    )
    def test_and_nowhere_else(self, text):
        assert subsets(text).leaving is None

    def test_selectors_that_do_not_let_go_stay(self):
        found = subsets(
            "subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}, {keys: [t]}]"
        )
        assert found.not_left is not None
        assert found.not_left.selectors == (Selector(("t",), Fallback.NO_FALLBACK),)

    def test_the_rule_says_how_often_and_what_else(self):
        found = subsets(
            "subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}], "
            "retries: {attempts: 3, also: 'reset, 503', perTryTimeout: 2s}"
        )
        assert found.leaving == Leaving(3, ("reset",), (503,), timedelta(seconds=2))


class TestRoutes:
    def test_only_what_no_endpoint_has_begun_is_retried(self):
        found = retry(f"{TO_RUNTIMES}, {KEYS}")
        assert found is not None
        assert found.conditions == ("connect-failure", "refused-stream", "reset-before-request")
        assert (found.attempts, found.if_unknown, found.status_codes) == (7, True, ())

    def test_and_what_the_rule_allows(self):
        found = retry(f"{TO_RUNTIMES}, {KEYS}", Leaving(2, ("reset",), (503,)))
        assert found is not None
        assert found.attempts == 2
        assert found.conditions[-1] == "reset"
        assert found.status_codes == (503,)

    def test_a_route_without_keys_retries_as_any_other(self):
        assert retry(TO_RUNTIMES) == DEFAULT_RETRY

    def test_a_route_to_a_cluster_without_such_subsets_does_too(self):
        assert retry(f"{TO_RUNTIMES}, {KEYS}", None) == DEFAULT_RETRY

    def test_one_of_several_destinations_is_enough(self):
        weighted = (
            "route: [{destination: {host: plain}, weight: 1}, "
            "{destination: {host: runtimes}, weight: 1}]"
        )
        found = retry(f"{weighted}, {KEYS}")
        assert found is not None
        assert found.if_unknown

    def test_a_routes_own_retries_are_its_own(self):
        own = "retries: {attempts: 2, retryOn: 5xx}"
        assert retry(f"{TO_RUNTIMES}, {KEYS}, {own}") == Retry(2, ("5xx",))
        assert retry(f"{TO_RUNTIMES}, {KEYS}, retries: {{attempts: 0}}") == Retry(0)

    def test_but_no_more_than_a_cluster_has_members_for(self):
        own = "retries: {attempts: 100, retryOn: 5xx}"
        found, plain = (retry(f"{TO_RUNTIMES}, {KEYS}, {own}", each) for each in (LEAVING, None))
        assert (found, plain) == (Retry(15, ("5xx",)), Retry(100, ("5xx",)))
