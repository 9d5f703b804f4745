from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.proxies.addresses import Address


@pytest.mark.parametrize(
    ("text", "address", "is_ip"),
    [
        ("127.0.0.1:18000", Address("127.0.0.1", 18000), True),
        ("[::1]:0", Address("::1", 0), True),
        ("control-plane:18000", Address("control-plane", 18000), False),
        (
            "straightway.istio-system.svc:65535",
            Address("straightway.istio-system.svc", 65535),
            False,
        ),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address, is_ip: bool) -> None:
    assert Address.parse(text) == address
    assert address.is_ip is is_ip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("18000", "not HOST:PORT"),
        (":18000", "not HOST:PORT"),
        ("[]:18000", "not HOST:PORT"),
        ("localhost", "not HOST:PORT"),
        ("::1:18000", "in brackets"),
        ("localhost:", "0 to 65535"),
        ("localhost:65536", "0 to 65535"),
        ("localhost:-1", "0 to 65535"),
        ("localhost:http", "0 to 65535"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Address.parse(text)


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]+)*", fullmatch=True),
    ),
    st.integers(0, 65535),
)
def test_an_address_reads_back_as_it_is_written(host: str, port: int) -> None:
    assert Address.parse(str(Address(host, port))) == Address(host, port)
