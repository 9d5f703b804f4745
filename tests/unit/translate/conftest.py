from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from straightway.translate.gateway import gateway_config
from straightway.translate.proxy_config import ProxyConfig
from straightway.translate.sidecar import sidecar_config

from straightway.proxies.audience import audience_of, gateway_selector_keys, proxy_of
from tests.support.configs import GATEWAY, WEB, catalog_of, istio

ConfigOf = Callable[..., ProxyConfig]


@pytest.fixture(scope="session")
def gateway_of() -> ConfigOf:
    """The config of a gateway with the label `istio: gw`, for some texts."""

    def config(*texts: str, labels: dict[str, str] | None = None) -> ProxyConfig:
        catalog = catalog_of(*texts)
        node = "router~10.0.0.1~gw-1.default~default.svc.cluster.local"
        proxy = proxy_of(node, {"LABELS": labels or {"istio": "gw"}})
        return gateway_config(catalog, audience_of(proxy, gateway_selector_keys(catalog)))

    return config


@pytest.fixture(scope="session")
def sidecar_of() -> ConfigOf:
    """The config of a namespace's sidecars, for some texts."""

    def config(*texts: str, namespace: str = "default", **metadata: Any) -> ProxyConfig:
        node = f"sidecar~10.0.0.1~web-1.{namespace}~{namespace}.svc.cluster.local"
        return sidecar_config(catalog_of(*texts), audience_of(proxy_of(node, metadata), set()))

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
