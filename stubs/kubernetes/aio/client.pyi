# What of the official Kubernetes client is used; its own types cover only part of it.

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

class Configuration:
    host: str
    api_key: dict[str, str]
    connection_pool_maxsize: int
    refresh_api_key_hook: Callable[[Configuration], Awaitable[None] | None] | None

class RESTResponse:
    response: aiohttp.ClientResponse

class RESTClientObject:
    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: aiohttp.ClientTimeout | None = None,
    ) -> RESTResponse: ...
    async def close(self) -> None: ...

class ApiClient:
    configuration: Configuration
    rest_client: RESTClientObject
    def __init__(self, configuration: Configuration | None = None) -> None: ...
    async def update_params_for_auth(
        self,
        headers: dict[str, str],
        queries: list[tuple[str, str]],
        auth_settings: list[str],
        resource_path: str,
        method: str,
        body: object,
    ) -> None: ...
    async def close(self) -> None: ...
