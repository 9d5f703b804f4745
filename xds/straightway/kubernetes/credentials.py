"""Where the API server is, and the credentials for it, kept current.

In a cluster these are the service account's files; outside, a kubeconfig with all that kubectl
understands: client certificates, tokens, token files, OIDC and exec plug-ins.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from straightway.kubernetes.errors import ConnectError

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import KubeConfigLoader

_log = structlog.get_logger()

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_REFRESH_SECONDS = 60.0
"""How often to look whether credentials are about to expire."""
_PLUGIN_SECONDS = 60.0
"""For how long a plug-in may think; it may be waiting for somebody who is not there."""
_PACKAGE_LOGGER = "kubernetes.aio.config.kube_config"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API server, and the namespace that requests belong to by default."""

    configuration: Configuration
    namespace: str


Load = Callable[[], Awaitable[Access]]


def is_around(kubeconfig: Path | None, context: str | None) -> bool:
    """Whether what these name is the cluster around this Pod: they name nothing, and it has one.

    The Pod needs a service account.
    """
    is_named = kubeconfig is not None or context is not None
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and (SERVICE_ACCOUNT / "token").exists()
    return in_pod and not is_named


async def load(kubeconfig: Path | None, context: str | None) -> Access:
    """Load the configuration: the service account's if nothing is named, else a kubeconfig.

    Raises ConnectError: if there is none that can be used.
    """
    # The import takes half a second of CPU, and not every control plane needs it.
    await asyncio.to_thread(__import__, "kubernetes.aio.config")
    if is_around(kubeconfig, context):
        return _in_cluster()
    return await _from_kubeconfig(kubeconfig, context)


def _in_cluster() -> Access:
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import ConfigException, load_incluster_config

    configuration = Configuration()
    try:
        # This also renews the token, which the kubelet rotates, once a minute.
        load_incluster_config(configuration)
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        raise ConnectError(f"The service account cannot be used: {error}.") from error
    return Access(configuration, os.environ.get("POD_NAMESPACE") or namespace)


async def _from_kubeconfig(kubeconfig: Path | None, context: str | None) -> Access:
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import (
        KUBE_CONFIG_DEFAULT_LOCATION,
        ConfigException,
        load_kube_config,
    )

    # Several files may be listed, as for kubectl.
    file = str(kubeconfig) if kubeconfig else KUBE_CONFIG_DEFAULT_LOCATION
    names = file.split(os.pathsep)
    if not _any_file(names):
        if folder := _first_folder(names):
            raise ConnectError(
                f"The kubeconfig {folder} is a folder: name a file in it with --kubeconfig FILE."
            )
        raise ConnectError(
            f"There is no kubeconfig {file}: name one with --kubeconfig FILE. In a Pod, its "
            "service account is used; check that automountServiceAccountToken is not false."
        )
    configuration = Configuration()
    try:
        with _complaints() as complaints:
            async with asyncio.timeout(_PLUGIN_SECONDS):
                loader = await load_kube_config(
                    file, context, client_configuration=configuration, persist_config=False
                )
    except ConfigException as error:
        raise _unusable(file, str(error)) from error
    except TimeoutError as error:
        why = f"its plug-in gives no credentials within {_PLUGIN_SECONDS:g} seconds"
        raise _unusable(file, why) from error
    except (TypeError, AttributeError, KeyError) as error:
        why = f"it is empty, or does not have the form of one ({type(error).__name__}: {error})"
        raise _unusable(file, why) from error
    except Exception as error:
        # A broken file raises whatever the code that stumbles over it raises.
        raise _unusable(file, f"{type(error).__name__}: {error}") from error
    if complaints:
        # The package would go on without credentials.
        raise _unusable(file, "; ".join(complaints))
    configuration.refresh_api_key_hook = _refreshing(loader)
    return Access(configuration, loader.current_context["context"].get("namespace") or "default")


def _unusable(file: str, why: str) -> ConnectError:
    return ConnectError(
        f"The kubeconfig {file} cannot be used: {why.removesuffix('.')}. Correct it, or name "
        "another with --kubeconfig FILE or --context NAME."
    )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the package only logs: why a plug-in gave no credentials."""
    complaints: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complaints.append(record.getMessage())

    logger, collector = logging.getLogger(_PACKAGE_LOGGER), Collector(logging.WARNING)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    try:
        yield complaints
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagates


def _any_file(names: list[str]) -> bool:
    return any(Path(name).expanduser().is_file() for name in names if name)


def _first_folder(names: list[str]) -> str:
    return next((name for name in names if name and Path(name).expanduser().is_dir()), "")


def _refreshing(
    loader: KubeConfigLoader,
) -> Callable[[Configuration], Awaitable[None]]:
    """Return what renews credentials that say when they expire, shortly before they do.

    Others are loaded again when the API server refuses them.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + _REFRESH_SECONDS

    async def refresh(configuration: Configuration) -> None:
        nonlocal due
        if clock() < due:
            return
        due = clock() + _REFRESH_SECONDS
        if loader.provider is None and not hasattr(loader, "exec_plugin_expiry"):
            return
        try:
            with _complaints() as complaints:
                async with asyncio.timeout(_PLUGIN_SECONDS):
                    await loader.load_and_set(configuration)
        except TimeoutError:
            complaints.append("the plug-in does not end")
        if complaints:
            _log.warning("credentials for the API server not renewed", reason="; ".join(complaints))

    return refresh
