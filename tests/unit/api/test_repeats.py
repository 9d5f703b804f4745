"""Lists of hosts and names: what occurs twice counts once, and their length is bounded."""

from __future__ import annotations

import pytest

from straightway.api.lists import MOST_HOSTS

SPECS = {
    "Gateway": (
        "{{servers: [{{port: {{number: 80, protocol: HTTP}}, hosts: {0}}}]}}",
        "servers[0]",
    ),
    "ServiceEntry": ("{{hosts: {0}, ports: [{{number: 80, name: http}}]}}", ""),
}


def hosts_of(parsed):
    spec = parsed.object.spec
    return spec.servers[0].hosts if hasattr(spec, "servers") else spec.hosts


def read_hosts(read_spec, kind, hosts):
    spec, _ = SPECS[kind]
    return read_spec(kind, spec.format(f"[{', '.join(hosts)}]"))


@pytest.mark.parametrize("kind", SPECS)
def test_a_host_that_is_listed_again_counts_once_with_a_warning(read_spec, kind):
    parsed = read_hosts(read_spec, kind, ["a.com", "b.com", "A.com.", "a.com"])

    assert hosts_of(parsed) == ("a.com", "b.com")
    assert [(each.code, each.path[-8:]) for each in parsed.problems] == [
        ("repeated-value", "hosts[2]"),
        ("repeated-value", "hosts[3]"),
    ]
    assert "counts once" in parsed.problems[0].message


@pytest.mark.parametrize("kind", SPECS)
def test_different_hosts_are_all_kept_in_order(read_spec, kind):
    parsed = read_hosts(read_spec, kind, ["b.com", "a.com", "'*.a.com'"])

    assert parsed.problems == ()
    assert hosts_of(parsed) == ("b.com", "a.com", "*.a.com")


@pytest.mark.parametrize("kind", [*SPECS, "VirtualService"])
@pytest.mark.parametrize(("more", "codes"), [(0, []), (1, ["object-too-large"])])
def test_the_number_of_hosts_has_a_limit(read_spec, kind, more, codes):
    hosts = ", ".join(f"h{index}.com" for index in range(MOST_HOSTS + more))
    spec, _ = SPECS.get(kind, ("{{hosts: {0}, http: [{{redirect: {{uri: /}}}}]}}", ""))

    parsed = read_spec(kind, spec.format(f"[{hosts}]"))

    assert [problem.code for problem in parsed.problems] == codes
    assert (parsed.object is None) == bool(codes)
    assert all("1,001 entries" in problem.message for problem in parsed.problems)


def test_three_thousand_equal_hosts_are_one_problem_of_a_virtual_service(read_spec):
    hosts = ", ".join(["a.com"] * 3_000)

    (problem,) = read_spec(
        "VirtualService", f"{{hosts: [{hosts}], http: [{{redirect: {{uri: /}}}}]}}"
    ).problems

    assert (problem.code, problem.path) == ("object-too-large", "spec.hosts")


def test_a_gateway_that_is_named_again_counts_once(read_spec):
    match = "match: [{gateways: [x, y, x]}]"

    parsed = read_spec(
        "VirtualService",
        f"{{hosts: [a], gateways: [x, y, x], http: [{{{match}, redirect: {{uri: /}}}}]}}",
    )

    assert [(each.code, each.path) for each in parsed.problems] == [
        ("repeated-value", "spec.gateways[2]"),
        ("repeated-value", "spec.http[0].match[0].gateways[2]"),
    ]
    assert parsed.object.spec.gateways == ("x", "y")
    assert parsed.object.spec.http[0].match[0].gateways == ("x", "y")
