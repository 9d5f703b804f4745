"""``straightway bootstrap``: print an Envoy bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from straightway.cli.arguments import OutputFormat, parse_address, parse_pairs, render, write_files
from straightway.proxies.addresses import Address

if TYPE_CHECKING:
    from straightway.proxies.xds_tls import XdsTls

DEFAULT_ADMIN = Address("127.0.0.1", 15000)
_AN_HOUR = 3600


def bootstrap(
    node: Annotated[
        str,
        typer.Option(
            metavar="ID",
            help="Envoy's node id: router~IP~POD.NAMESPACE~DOMAIN for a gateway, "
            "sidecar~IP~POD.NAMESPACE~DOMAIN for a sidecar, or any other id.",
        ),
    ],
    xds: Annotated[
        Address,
        typer.Option(
            parser=parse_address, metavar="HOST:PORT", help="Address of the control plane."
        ),
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A label of the proxy; repeatable."),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Node metadata, such as NAMESPACE and ROLE if the node id does not contain them; "
            "repeatable.",
        ),
    ] = None,
    admin: Annotated[
        Address,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address of Envoy's admin interface; port 0 picks a free port.",
        ),
    ] = DEFAULT_ADMIN,
    readiness: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where the Envoy answers /healthz/ready, for a kubelet's probe.",
            show_default="none",
        ),
    ] = None,
    metrics: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where the Envoy answers /stats/prometheus.",
            show_default="none",
        ),
    ] = None,
    drain: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where /drain starts a graceful drain, and answers after --drain-seconds: "
            "for a Pod's preStop hook. Let nobody but the kubelet reach it.",
            show_default="none",
        ),
    ] = None,
    drain_seconds: Annotated[
        int,
        typer.Option(
            min=1, max=_AN_HOUR, metavar="SECONDS", help="How long an answer to /drain takes."
        ),
    ] = 35,
    delta: Annotated[
        bool, typer.Option("--delta/--sotw", help="Use incremental or state-of-the-world xDS.")
    ] = True,
    xds_ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Connect by TLS, to a server whose certificate an authority in this file has "
            "issued. The Envoy's own path, as those below; all files are read again when they "
            "are exchanged.",
        ),
    ] = None,
    xds_token: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Token of a service account that Envoy shows."),
    ] = None,
    xds_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate that Envoy shows.")
    ] = None,
    xds_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Key of that certificate.")
    ] = None,
    xds_server_name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name in the server's certificate.",
            show_default="the host of --xds",
        ),
    ] = None,
    xds_secrets: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the small files by which Envoy finds these; they are written there.",
            show_default="that of --xds-ca",
        ),
    ] = None,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="Output format.")
    ] = OutputFormat.YAML,
) -> None:
    """Print a complete Envoy bootstrap; the Envoy gets all other config over ADS."""
    # Imported here because it takes most of a second, which other commands should not pay.
    from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
    from straightway.proxies.kubelet import KubeletListeners
    from straightway.proxies.xds_tls import secret_files

    options = _TlsOptions(xds_ca, xds_token, xds_cert, xds_key, xds_server_name, xds_secrets)
    tls = options.read()
    labels = parse_pairs("--label", label)
    introduction = Node(node, labels, parse_pairs("--metadata", metadata))
    kubelet = KubeletListeners(readiness, metrics, drain, drain_seconds)
    if kubelet.listeners() and admin.port == 0:
        raise typer.BadParameter(
            "the listeners for a kubelet lead to this port, so it cannot be 0",
            param_hint="--admin",
        )
    message = make_bootstrap(introduction, xds, admin=admin, delta=delta, tls=tls, kubelet=kubelet)
    if tls is not None:
        write_files(Path(tls.secrets), secret_files(tls), "--xds-secrets")
    typer.echo(render(to_dict(message), output))


@dataclass(frozen=True, slots=True)
class _TlsOptions:
    ca: Path | None
    token: Path | None
    cert: Path | None
    key: Path | None
    server_name: str | None
    secrets: Path | None

    def read(self) -> XdsTls | None:
        """Return how Envoy connects, None without TLS. Options that do not fit are usage errors."""
        from straightway.proxies.xds_tls import XdsTls

        if self.ca is None:
            for option in ("token", "cert", "key", "server_name", "secrets"):
                if getattr(self, option) is not None:
                    name = option.replace("_", "-")
                    raise typer.BadParameter(f"--xds-{name} needs --xds-ca FILE")
            return None
        if (self.cert is None) != (self.key is None):
            raise typer.BadParameter("--xds-cert and --xds-key need each other")
        return XdsTls(
            authorities=_absolute(self.ca),
            secrets=_absolute(self.secrets or self.ca.parent),
            token=_absolute(self.token) if self.token else None,
            certificate=_absolute(self.cert) if self.cert else None,
            key=_absolute(self.key) if self.key else None,
            server_name=self.server_name or "",
        )


def _absolute(path: Path) -> PurePosixPath:
    # Links stay: it is they that are exchanged.
    return PurePosixPath(path.absolute())
