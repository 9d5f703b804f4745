"""An address of this machine that other machines could reach."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct

from tests.support.kube_binaries import unavailable

_GET_ADDRESS = 0x8915  # SIOCGIFADDR


def host_address() -> str:
    """Return the address for Pods in tests: an EndpointSlice must not have one of the loopback.

    Skips the test on a machine without network.
    """
    addresses = (_address(interface) for _, interface in socket.if_nameindex())
    for address in addresses:
        if address and not (address.is_loopback or address.is_link_local):
            return str(address)
    return unavailable("this machine has only loopback addresses, which no EndpointSlice may have")


def _address(interface: str) -> ipaddress.IPv4Address | None:
    question = struct.pack("256s", interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, _GET_ADDRESS, question)
        except OSError:  # It has none of IPv4.
            return None
    return ipaddress.IPv4Address(answer[20:24])
