"""The options of ``straightway serve`` about TLS, and about who is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from straightway.cli.arguments import parse_address
from straightway.proxies.addresses import Address

if TYPE_CHECKING:
    from straightway.listening import Security

DEFAULT_TLS_ADDRESS = Address("127.0.0.1", 18443)
_DEFAULT_AUDIENCE = "straightway"

XdsPlaintext: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--xds-plaintext",
        help="Let --xds-address be another than a loopback address, though whoever reaches it "
        "is served without TLS and without proving anything.",
    ),
]
TlsCert: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Certificate of the server, read again when it changes."),
]
TlsKey: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Key of that certificate.")
]
TlsSecret: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAMESPACE/NAME",
        help="Secret of the cluster with the server's certificate: made and renewed here, with an "
        "authority of its own, unless somebody else keeps it.",
    ),
]
TlsName: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="DNS name or IP address in the certificate of --tls-secret; repeat it for more.",
    ),
]
XdsTlsAddress: TypeAlias = Annotated[
    Address | None,
    typer.Option(
        parser=parse_address,
        metavar="HOST:PORT",
        help="Address that Envoys connect to by TLS.",
        show_default=str(DEFAULT_TLS_ADDRESS),
    ),
]
XdsMtlsAddress: TypeAlias = Annotated[
    Address | None,
    typer.Option(
        parser=parse_address,
        metavar="HOST:PORT",
        help="Address for Envoys with client certificates; without it, --xds-tls-address demands "
        "one of all Envoys if there is --xds-client-ca.",
    ),
]
XdsClientCa: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Authorities whose client certificates are accepted, read again when they change.",
    ),
]
XdsTokenAudience: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Accept service account tokens for this audience, none if it is empty; needs "
        "--kubernetes.",
        show_default=f"{_DEFAULT_AUDIENCE} with --kubernetes",
    ),
]
XdsAnonymous: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--xds-anonymous", help="Also serve Envoys that prove nothing, as what they claim to be."
    ),
]


@dataclass(frozen=True, slots=True)
class SecurityOptions:
    """What was given."""

    tls_cert: Path | None
    tls_key: Path | None
    tls_secret: str | None
    tls_name: Sequence[str] | None
    xds_tls_address: Address | None
    xds_mtls_address: Address | None
    xds_client_ca: Path | None
    xds_token_audience: str | None
    xds_anonymous: bool

    def read(self, *, has_cluster: bool) -> Security | None:
        """Return how proxies are served by TLS, None if they are not.

        Options that do not fit together are usage errors.
        """
        from straightway.listening import Security

        self._check_certificate(has_cluster=has_cluster)
        if self.tls_cert is None and self.tls_secret is None:
            self._refuse_without_certificate()
            return None
        self._check_proofs(has_cluster=has_cluster)
        secret = _namespaced_name(self.tls_secret) if self.tls_secret is not None else None
        return Security(
            address=self.xds_tls_address or DEFAULT_TLS_ADDRESS,
            certificate=self.tls_cert,
            key=self.tls_key,
            secret=secret,
            names=tuple(self.tls_name or (secret and _names_of_service(secret[0])) or ()),
            token_audience=self._audience(has_cluster=has_cluster),
            client_authorities=self.xds_client_ca,
            mtls_address=self.xds_mtls_address,
            accepts_anonymous=self.xds_anonymous,
        )

    def _audience(self, *, has_cluster: bool) -> str | None:
        if self.xds_token_audience is None and has_cluster:
            return _DEFAULT_AUDIENCE
        return self.xds_token_audience or None

    def _check_certificate(self, *, has_cluster: bool) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise typer.BadParameter("--tls-cert and --tls-key need each other")
        if self.tls_secret is not None and self.tls_cert is not None:
            raise typer.BadParameter("--tls-secret and --tls-cert exclude each other")
        if self.tls_secret is not None and not has_cluster:
            raise typer.BadParameter("--tls-secret needs --kubernetes")
        if self.tls_name and self.tls_secret is None:
            raise typer.BadParameter("--tls-name needs --tls-secret NAMESPACE/NAME")

    def _refuse_without_certificate(self) -> None:
        given = {
            "--xds-tls-address": self.xds_tls_address,
            "--xds-mtls-address": self.xds_mtls_address,
            "--xds-client-ca": self.xds_client_ca,
            "--xds-token-audience": self.xds_token_audience,
            "--xds-anonymous": self.xds_anonymous,
        }
        for option, value in given.items():
            if value:
                raise typer.BadParameter(
                    f"{option} needs a certificate: --tls-cert and --tls-key, or --tls-secret"
                )

    def _check_proofs(self, *, has_cluster: bool) -> None:
        if self.xds_token_audience and not has_cluster:
            raise typer.BadParameter("--xds-token-audience needs --kubernetes")
        if self.xds_mtls_address is not None and self.xds_client_ca is None:
            raise typer.BadParameter("--xds-mtls-address needs --xds-client-ca FILE")
        has_tokens = self._audience(has_cluster=has_cluster) is not None
        if not (has_tokens or self.xds_client_ca or self.xds_anonymous):
            raise typer.BadParameter(
                "nobody could connect by TLS: say --xds-client-ca FILE, --kubernetes (for tokens), "
                "or --xds-anonymous"
            )


def check_plaintext(address: Address, *, is_wanted: bool) -> None:
    """Refuse an address without TLS that others reach, unless that is wanted."""
    from straightway.listening import is_loopback

    if not (is_wanted or is_loopback(address)):
        raise typer.BadParameter(
            f"--xds-address {address} is not a loopback address: whoever reaches it would get "
            "config without TLS and without proving anything. Use --xds-tls-address, or say "
            "--xds-plaintext"
        )


def _namespaced_name(text: str) -> tuple[str, str]:
    namespace, _, name = text.partition("/")
    if not namespace or not name or "/" in name:
        raise typer.BadParameter(f"--tls-secret {text!r} is not NAMESPACE/NAME")
    return namespace, name


def _names_of_service(namespace: str) -> list[str]:
    """Return the names of the chart's Service, and of this machine for who forwards a port."""
    service = f"straightway.{namespace}"
    return [f"{service}.svc", f"{service}.svc.cluster.local", "localhost"]
