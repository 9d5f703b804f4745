"""ServiceEntries and WorkloadEntries: ports, addresses and endpoints."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import SE, WE, assert_told

CASES = [
    (SE, "{hosts: [a], ports: []}", "missing-field", "spec.ports", "at least one port"),
    (SE, "{hosts: ['*'], ports: [{number: 1, name: a}]}", "invalid-host", "spec.hosts[0]", "*"),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}, {number: 1, name: a}]}",
        "duplicate-value",
        "spec.ports[1].name",
        "rename one",
    ),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}], resolution: STATIC, "
        "endpoints: [{address: b}]}",
        "invalid-address",
        "spec.endpoints[0].address",
        "resolution DNS",
    ),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}], endpoints: [{address: 10.0.0.1}]}",
        "conflicting-fields",
        "spec.endpoints",
        "STATIC or DNS",
    ),
    (SE, "{hosts: [a], addresses: [b], ports: []}", "invalid-address", None, "CIDR"),
    (WE, "{address: 10.0.0.1, ports: {http: 0}}", "invalid-port", "spec.ports.http", ""),
    (WE, "{address: 10.0.0.1, weight: 9999999}", "out-of-range", "spec.weight", ""),
    (WE, "{adress: 10.0.0.1}", "unknown-field", "spec.adress", "address?"),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_entry_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
