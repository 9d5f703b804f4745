"""What an IP address is."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api.values import is_ip

_NEARLY = st.text(alphabet="0123456789.:af٣ \0", max_size=18)


@given(st.ip_addresses())
def test_every_address_is_one(address):
    assert is_ip(str(address))


@given(_NEARLY)
def test_what_looks_like_an_address_is_judged_as_the_standard_library_does(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_ip(text)
    else:
        assert is_ip(text)


@pytest.mark.parametrize("text", ["1.2.3.04", "1.2.3", "1.2.3.4.5", "1", "", "\ud800", "1.2.3.4\0"])
def test_what_other_tools_may_take_for_an_address_is_none(text):
    assert not is_ip(text)
