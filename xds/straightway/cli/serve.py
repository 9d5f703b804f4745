"""``straightway serve``: serve config to Envoys."""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import structlog
import typer

from straightway import logs
from straightway.cli.arguments import DEFAULT_ROOT_NAMESPACE, RootNamespace, parse_address
from straightway.cli.printing import survive_closed_pipes
from straightway.cli.security import (
    SecurityOptions,
    TlsCert,
    TlsKey,
    TlsName,
    TlsSecret,
    XdsAnonymous,
    XdsClientCa,
    XdsMtlsAddress,
    XdsPlaintext,
    XdsTlsAddress,
    XdsTokenAudience,
    check_plaintext,
)
from straightway.cli.webhooks import SidecarImage, SidecarXds, WebhookAddress, read_webhooks
from straightway.proxies.addresses import Address

DEFAULT_ADDRESS = Address("127.0.0.1", 18000)
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_A_WEEK = 7 * 24 * 3600.0


def _check_number(seconds: float | None) -> float | None:
    """Refuse NaN, which no range leaves out."""
    if seconds is not None and math.isnan(seconds):
        raise typer.BadParameter("that is not a number of seconds")
    return seconds


def _check_namespaces(names: Iterable[str]) -> None:
    """Refuse what cannot be the name of a namespace: it would only be found to be empty."""
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise typer.BadParameter(
                f"--namespace {name!r} is not the name of a namespace: these have up to 63 "
                "lower-case letters, digits and '-'. For several, repeat the option"
            )


def serve(
    *,
    config: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of YAML files to serve and watch."),
    ] = None,
    kubernetes: Annotated[
        bool,
        typer.Option(
            "--kubernetes",
            help="Serve and watch the objects of a Kubernetes cluster: by default the one around "
            "this Pod, else that of $KUBECONFIG or ~/.kube/config.",
        ),
    ] = False,
    kubeconfig: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Kubeconfig that names the cluster.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(metavar="NAME", help="Context in the kubeconfig.")
    ] = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Namespace of the cluster to read; repeat it for more. All, if none is named.",
        ),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of the cluster's Istio objects, read only those with this label istio.io/rev, "
            "or without the label.",
        ),
    ] = None,
    write_status: Annotated[
        bool | None,
        typer.Option(
            "--write-status/--no-write-status",
            help="Write to the cluster's objects what becomes of them: conditions and Events.",
            show_default="only in the cluster around this Pod",
        ),
    ] = None,
    xds_address: Annotated[
        Address,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address that Envoys connect to without TLS (xDS over gRPC).",
        ),
    ] = DEFAULT_ADDRESS,
    xds_plaintext: XdsPlaintext = False,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_secret: TlsSecret = None,
    tls_name: TlsName = None,
    xds_tls_address: XdsTlsAddress = None,
    xds_mtls_address: XdsMtlsAddress = None,
    xds_client_ca: XdsClientCa = None,
    xds_token_audience: XdsTokenAudience = None,
    xds_anonymous: XdsAnonymous = False,
    webhook_address: WebhookAddress = None,
    sidecar_xds: SidecarXds = None,
    sidecar_image: SidecarImage = None,
    health_address: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address of /healthz and /readyz (HTTP), for probes such as a kubelet's.",
            show_default="off",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the last good version of each object, used after a restart; "
            "~/.local/state/straightway unless XDG_STATE_HOME says otherwise.",
        ),
    ] = None,
    no_state: Annotated[
        bool, typer.Option("--no-state", help="Do not keep last good versions on disk.")
    ] = False,
    vanish_grace: Annotated[
        float,
        typer.Option(
            min=0,
            max=_A_WEEK,
            callback=_check_number,
            metavar="SECONDS",
            help="How long to keep objects that vanish all at once; 0 drops them immediately.",
        ),
    ] = 30.0,
    max_connection_age: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=_A_WEEK,
            callback=_check_number,
            metavar="SECONDS",
            help="Close connections of this age, so that Envoys spread over the replicas.",
            show_default="never",
        ),
    ] = None,
    root_namespace: RootNamespace = DEFAULT_ROOT_NAMESPACE,
    log_format: Annotated[
        logs.LogFormat,
        typer.Option(help="Log format; auto: console on a terminal, JSON otherwise."),
    ] = logs.LogFormat.AUTO,
    log_level: Annotated[
        logs.LogLevel, typer.Option(help="Lowest level to log.")
    ] = logs.LogLevel.INFO,
) -> None:
    """Serve the config of a folder, a Kubernetes cluster, or both to Envoys over ADS.

    Runs until interrupted.
    """
    # gRPC's core writes to stderr in its own format; we log what matters ourselves.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Imported here so that the other commands start without grpc.
    from straightway.app import Options
    from straightway.app import serve as run
    from straightway.cluster import Cluster
    from straightway.kubernetes import ConnectError
    from straightway.listening import ListenError, UnusableFileError
    from straightway.sources.files import ConfigFolderError
    from straightway.state import default_root, folder_for, folder_for_cluster

    read = tuple(namespace or ())
    cluster = Cluster(kubeconfig, context, read, revision, write_status) if kubernetes else None
    if config is None and cluster is None:
        raise typer.BadParameter("name what to serve: --config DIR, --kubernetes, or both")
    named = {
        "--kubeconfig": kubeconfig,
        "--context": context,
        "--namespace": namespace,
        "--revision": revision,
        "--write-status": write_status,
    }
    without = next((option for option, value in named.items() if value), None)
    if cluster is None and without is not None:
        raise typer.BadParameter(f"{without} needs --kubernetes")
    _check_namespaces(read)
    if no_state and state is not None:
        raise typer.BadParameter("--state and --no-state exclude each other")
    check_plaintext(xds_address, is_wanted=xds_plaintext)
    security = SecurityOptions(
        tls_cert,
        tls_key,
        tls_secret,
        tls_name,
        xds_tls_address,
        xds_mtls_address,
        xds_client_ca,
        xds_token_audience,
        xds_anonymous,
    ).read(has_cluster=kubernetes)
    root = None if no_state else state or default_root()
    folder = None
    if root is not None:
        folder = (
            folder_for(root, config) if config else folder_for_cluster(root, kubeconfig, context)
        )
    options = Options(
        folder=config,
        cluster=cluster,
        state=folder,
        vanish_grace=vanish_grace,
        max_connection_age=max_connection_age,
        root_namespace=root_namespace,
        security=security,
        health=health_address,
        webhooks=read_webhooks(
            webhook_address, sidecar_xds, sidecar_image, security=security, revision=revision
        ),
    )
    survive_closed_pipes()
    logs.configure(log_format, log_level)
    if root is None and not no_state:
        structlog.get_logger().warning(
            "last good versions are not kept",
            reason="there is no home folder to keep them in",
            remedy="name a folder with --state DIR, or say --no-state",
        )
    failure: Exception | None = None
    try:
        asyncio.run(run(xds_address, options))
    except* (ConfigFolderError, UnusableFileError, ConnectError, ListenError) as group:
        failure = group.exceptions[0]
    if isinstance(failure, ConfigFolderError):
        message = f"{failure} Name a folder of YAML files."
        raise typer.BadParameter(message, param_hint="--config")
    if failure is not None:
        typer.echo(f"Error: {failure}", err=True)
        raise typer.Exit(1)
