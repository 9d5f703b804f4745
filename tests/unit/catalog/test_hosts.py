"""Which hosts a Gateway's server and a VirtualService have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api import Gateway, VirtualService
from straightway.catalog.hosts import common_hosts, covers, intersection
from tests.support.configs import istio
from tests.support.world import parsed

LABEL = st.sampled_from(["a", "b", "ab"])
NAME = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
PATTERN = st.one_of(
    st.just("*"), NAME, NAME.map("*.{}".format), NAME.map("*{}".format), NAME.map("*-{}".format)
)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*", "*", True),
        ("*", "a.com", True),
        ("*.com", "*", False),
        ("*.com", "a.com", True),
        ("*.com", "*.a.com", True),
        ("*.a.com", "*.com", False),
        ("*.com", "com", False),
        ("*com", "*.com", True),
        ("*.com", "*com", False),
        ("*-a.com", "b-a.com", True),
        ("*a.com", "a.com", False),
        ("a.com", "*.com", False),
    ],
)
def test_a_pattern_covers_what_envoy_would_match_by_it(pattern, host, covered):
    assert covers(pattern, host) is covered


@given(PATTERN, PATTERN)
def test_the_common_host_is_one_of_both_and_covered_by_both(first, second):
    common = intersection(first, second)

    assert common == intersection(second, first)
    if common is not None:
        assert common in (first, second)
        assert covers(first, common)
        assert covers(second, common)


@given(PATTERN, PATTERN, NAME)
def test_a_name_is_in_the_common_host_exactly_if_it_is_in_both(first, second, name):
    common = intersection(first, second)
    in_both = covers(first, name) and covers(second, name)

    # All wildcards are suffixes: of two with a name in common, one is a suffix of the other.
    assert in_both == (common is not None and covers(common, name))


@given(PATTERN)
def test_a_pattern_has_itself_in_common_with_itself_and_with_every_host(pattern):
    assert intersection(pattern, pattern) == pattern
    assert intersection(pattern, "*") == pattern


@pytest.mark.parametrize(
    ("admitted", "found"),
    [
        ("*", ["a.com", "*.b.com"]),
        ("a.com", ["a.com"]),
        ("x.b.com", ["x.b.com"]),
        ("shop/*", ["a.com", "*.b.com"]),
        ("./*", []),
        ("*/a.com", ["a.com"]),
        ("gateways/*", []),
    ],
)
def test_a_servers_host_may_say_from_which_namespace(admitted, found):
    gateway_spec = f"""
        selector: {{istio: gw}}
        servers: [{{port: {{number: 80, protocol: HTTP, name: http}}, hosts: ['{admitted}']}}]
    """
    route = "http: [{route: [{destination: {host: web}}]}]"
    gateway, virtual_service = parsed(
        istio("Gateway", "gw", gateway_spec, "gateways"),
        istio("VirtualService", "vs", f"hosts: [a.com, '*.b.com']\n{route}", "shop"),
    ).values()
    assert isinstance(gateway, Gateway)
    assert isinstance(virtual_service, VirtualService)

    (server,) = gateway.spec.servers

    assert list(common_hosts(gateway, server, virtual_service)) == found
