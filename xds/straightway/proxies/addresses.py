"""Addresses on the command line: ``127.0.0.1:18000``, ``[::1]:18000``."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Address:
    """A host (an IP address without brackets, or a DNS name) and a TCP port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse ``HOST:PORT``, with an IPv6 host in brackets. Raises ValueError with the reason."""
        host, colon, port = text.rpartition(":")
        if not colon or host in ("", "[]"):
            raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:18000")
        bracketed = host.startswith("[") and host.endswith("]")
        if ":" in host and not bracketed:
            raise ValueError(f"{text!r}: write an IPv6 address in brackets, such as [::1]:18000")
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError(f"{text!r}: the port must be a number from 0 to 65535")
        return cls(host[1:-1] if bracketed else host, int(port))

    @property
    def is_ip(self) -> bool:
        """Whether the host is an IP address rather than a name to resolve."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
