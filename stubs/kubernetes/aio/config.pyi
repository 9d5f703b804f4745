# What of the official client's configuration is used.

from typing import Any

from kubernetes.aio.client import Configuration

KUBE_CONFIG_DEFAULT_LOCATION: str

class ConfigException(Exception): ...

class KubeConfigLoader:
    provider: str | None
    current_context: dict[str, Any]
    async def load_and_set(self, client_configuration: Configuration) -> None: ...

def load_incluster_config(client_configuration: Configuration) -> None: ...
async def load_kube_config(
    config_file: str | None = None,
    context: str | None = None,
    client_configuration: Configuration | None = None,
    persist_config: bool = True,
) -> KubeConfigLoader: ...
