"""Gateway: the ports on which the selected Envoys listen, and for which hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from straightway.api.codes import Code
from straightway.api.faults import Fault, warns, wrong
from straightway.api.lists import AtMostHosts, WithoutRepeats
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.paths import Path
from straightway.api.protocol import Protocol
from straightway.api.server_tls import Credential, ServerTls, read_server_tls
from straightway.api.texts import quoted
from straightway.api.values import GatewayHost, Port, UpperCase, is_ip, not_empty


def _check_bind(value: str | None, info: ValidationInfo) -> str | None:
    if not value:
        return None
    if is_ip(value):
        return value
    if value.startswith(("unix:", "/")):
        if warns(info):
            message = "Unix sockets are not translated yet: the server listens on every address."
            raise wrong(Code.NOT_TRANSLATED_YET, message)
        return None
    message = f"{quoted(value)} is not an IP address: write one, or 0.0.0.0 for every address."
    raise wrong(Code.INVALID_ADDRESS, message)


Bind = Annotated[str | None, AfterValidator(_check_bind)]


class ServerPort(Model):
    """The port on which Envoy listens."""

    number: Port
    """The port's number."""
    name: str = ""
    """A name for the port; it has no effect."""
    protocol: Annotated[Protocol, UpperCase]
    """What the port speaks, in any case: HTTP, HTTP2 and GRPC are translated."""
    target_port: Annotated[None, Untranslated("Envoy listens on the port's number")] = None


class Server(CheckedModel):
    """One listening port and its hosts. ``bind`` None: all addresses; ``name`` has no effect."""

    port: ServerPort
    """The port on which Envoy listens."""
    hosts: Annotated[
        tuple[GatewayHost, ...],
        not_empty('write "*" for every host'),
        AtMostHosts,
        WithoutRepeats,
    ]
    """The hosts that VirtualServices may serve here, each with or without `namespace/` before it;
    `*` is every host.
    """
    name: str = ""
    """A name for the server; it has no effect."""
    bind: Bind = None
    """The IP address on which Envoy listens; every address without it."""
    tls: Annotated[
        ServerTls | None,
        Untranslated(
            "a plain HTTP server answers without a redirect to HTTPS; any other is left out",
            ({"httpsRedirect": False},),
            read=read_server_tls,
        ),
    ] = None
    default_endpoint: Annotated[
        None, Untranslated("only VirtualServices decide where requests go")
    ] = None

    @property
    def is_http(self) -> bool:
        """Whether the server is translated; all others are left out, with a warning."""
        return self.port.protocol.is_http

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if not self.is_http:
            message = (
                f"{self.port.protocol} servers are not translated yet, so this server is left out: "
                "only HTTP, HTTP2 and GRPC servers are translated."
            )
            yield Fault(Code.NOT_TRANSLATED_YET, message, ("port", "protocol"))


class GatewaySpec(Model):
    """The servers. An empty ``selector`` selects every gateway proxy."""

    selector: dict[str, str] = Field(default_factory=dict)
    """Labels of the gateway proxies to configure; without it, every gateway proxy."""
    servers: Annotated[tuple[Server, ...], not_empty("write at least one server")]
    """The ports, with the hosts of each."""


class Gateway(IstioObject):
    """Ports for VirtualServices to attach to, by ``gateways: [namespace/name]``."""

    spec: GatewaySpec
    """The ports on which the selected gateway proxies listen."""

    @property
    def is_left_out(self) -> bool:
        """Whether none of its servers is translated yet."""
        return not any(server.is_http for server in self.spec.servers)

    @property
    def credentials(self) -> Iterator[tuple[Path, Credential]]:
        """The names of Secrets, each with the path at which it is written."""
        for index, server in enumerate(self.spec.servers):
            for each in server.tls.credentials if server.tls is not None else ():
                yield ("spec", "servers", index, "tls", *each.path), each
