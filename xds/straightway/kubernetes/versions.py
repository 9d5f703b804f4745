"""In which version a server has a kind: what its discovery says, which is always JSON here."""

from __future__ import annotations

from typing import Any

import msgspec

from straightway.kubernetes.client import Client
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.resources import Resource


async def served_version(client: Client, resource: Resource) -> str:
    """Return the version of a kind to use.

    Raises: ApiError: 404 if the kind is served in none that is supported. UnreachableError: if
    there is no answer that says so.
    """
    group = f"/apis/{resource.group}"
    served = await _names(client, group, "versions", "version")
    for version in resource.versions or served:
        # The kinds of a group may be served in different versions.
        if version in served:
            kinds = await _names(client, f"{group}/{version}", "resources", "name")
            if resource.plural in kinds:
                return version
    raise ApiError(404, "NotFound", f"{resource} is served in no supported version")


async def _names(client: Client, path: str, field: str, name: str) -> list[str]:
    return read_names((await client.read(path)).content, field, name)


def read_names(answer: bytes, field: str, name: str) -> list[str]:
    """Return what a list of the server's discovery names: versions of a group, or its kinds.

    Raises UnreachableError: if it is no such list.
    """
    try:
        found = msgspec.json.decode(answer, type=dict[str, Any]).get(field) or ()
        return [str(each[name]) for each in found]
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise UnreachableError(f"the answer names no {field}: {error}") from error
