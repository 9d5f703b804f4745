from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.configs import GATEWAY, WEB, catalog_of, istio
from tests.support.proxy_config import ProxyConfig, proxy_config

ConfigOf = Callable[..., ProxyConfig]


@pytest.fixture(scope="session")
def gateway_of() -> ConfigOf:
    """The config of a gateway with the label `istio: gw`, for some texts."""

    def config(*texts: str, labels: dict[str, str] | None = None) -> ProxyConfig:
        node = "router~10.0.0.1~gw-1.default~default.svc.cluster.local"
        return proxy_config(catalog_of(*texts), node, {"LABELS": labels or {"istio": "gw"}})

    return config


@pytest.fixture(scope="session")
def sidecar_of() -> ConfigOf:
    """The config of a namespace's sidecars, for some texts."""

    def config(*texts: str, namespace: str = "default", **metadata: Any) -> ProxyConfig:
        node = f"sidecar~10.0.0.1~web-1.{namespace}~{namespace}.svc.cluster.local"
        return proxy_config(catalog_of(*texts), node, metadata)

    return config


@pytest.fixture(scope="session")
def routes_of(gateway_of) -> Callable[..., list[Any]]:
    """The routes of a gateway's one virtual host, for the HTTP routes of one VirtualService."""

    def routes(http: str, *more: str) -> list[Any]:
        spec = f"hosts: ['*']\ngateways: [gw]\nhttp:\n{http}"
        texts = [GATEWAY, WEB, istio("VirtualService", "vs", spec), *more]
        (configuration,) = gateway_of(*texts).routes
        (virtual_host,) = configuration.virtual_hosts
        return list(virtual_host.routes)

    return routes
