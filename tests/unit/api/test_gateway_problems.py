"""Gateways: servers, their ports and hosts."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import GW, assert_told

PORT = "number: 80, protocol: HTTP"


def server(port: str, more: str = "hosts: ['*']") -> str:
    return "{servers: [{port: {" + port + "}, " + more + "}]}"


CASES = [
    (GW, "{servers: []}", "empty-field", "spec.servers", "at least one"),
    (GW, server(PORT, "hosts: []"), "empty-field", "spec.servers[0].hosts", '"*"'),
    (GW, server(PORT, "hosts: ['a b/c']"), "invalid-host", None, "namespace/host"),
    (GW, server(PORT, "hosts: [x/*a*]"), "invalid-host", None, "wildcard"),
    (GW, server("number: 80, protocol: FTP"), "unknown-value", None, "HTTP"),
    (GW, server(PORT, "hosts: ['*'], bind: eth0"), "invalid-address", None, "0.0.0.0"),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_server_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
