"""DestinationRules: load balancers, outlier detection, connection pools and subsets."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import DR, LB, assert_told, lb, policy

CASES = [
    (
        DR,
        lb("simple: RANDOM, consistentHash: {useSourceIp: true}"),
        "conflicting-fields",
        f"{LB}.consistentHash",
        "either simple or",
    ),
    (DR, lb("consistentHash: {}"), "missing-field", f"{LB}.consistentHash", "what to hash"),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, httpHeaderName: a}"),
        "conflicting-fields",
        f"{LB}.consistentHash.useSourceIp",
        "either httpHeaderName or useSourceIp",
    ),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, maglev: {tableSize: 10}}"),
        "out-of-range",
        f"{LB}.consistentHash.maglev.tableSize",
        "prime",
    ),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 9000000}}"),
        "out-of-range",
        f"{LB}.consistentHash.ringHash.minimumRingSize",
        "8388608",
    ),
    (DR, policy("outlierDetection: {maxEjectionPercent: 101}"), "out-of-range", None, "percentage"),
    (DR, policy("outlierDetection: {interval: 0s}"), "invalid-duration", None, "millisecond"),
    (DR, policy("connectionPool: {tcp: {connectTimeout: 0s}}"), "invalid-duration", None, ""),
    (DR, "{host: a, subsets: [{name: v}, {name: v}]}", "duplicate-value", None, "rename one"),
    (
        DR,
        "{host: a, subsets: [{name: ''}]}",
        "empty-field",
        "spec.subsets[0].name",
        "routes can refer to",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_policy_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
