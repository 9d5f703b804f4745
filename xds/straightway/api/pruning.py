"""Fields that an API server has dropped, because the CRD of the kind does not know them.

An API server drops unknown fields without a word unless the client asks for strict validation. The
object then means something else than its author wrote, so it must not take effect. Traces remain:
an empty parent; a field manager that owns the field; kubectl's copy of what was applied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from straightway.api.annotations import DYNAMIC_SUBSET, DYNAMIC_SUBSET_KEYS
from straightway.api.codes import Code
from straightway.api.destination_rule import DestinationRule
from straightway.api.examine import Finding
from straightway.api.metadata import LAST_APPLIED
from straightway.api.objects import ApiObject
from straightway.api.paths import Path
from straightway.api.virtual_service import VirtualService

Body = Mapping[str, Any]

_SUBSET: Final = "dynamicSubset"
_KEYS: Final = ("headerToDynamicSubsetKey", "dynamicSubsetKeys")
_BALANCER: Final = ("trafficPolicy", "loadBalancer")
_TRACES: Final = frozenset({"annotations", "generation", "managedFields"})


def pruned(model: type[ApiObject], body: Body) -> list[Finding]:
    """Return what an API server has dropped from a document. Never raises.

    ``body`` has the values of annotations in place: what they give is not lost.
    """
    find = _FINDERS.get(model)
    metadata = body.get("metadata")
    # Most documents are from files.
    if find is None or type(metadata) is not dict or metadata.keys().isdisjoint(_TRACES):
        return []
    return list(find(body, metadata))


def _pruned_subsets(body: Body, metadata: Body) -> Iterator[Finding]:
    applied = _applied(metadata, _SUBSET)
    is_stored = "generation" in metadata
    for path, holder, holder_applied in _policies(body, applied):
        balancer = _at(holder, _BALANCER)
        if _SUBSET in balancer:
            continue
        is_emptied = is_stored and _is_empty_mapping(_mapping(holder, "trafficPolicy"))
        was_applied = _SUBSET in _at(holder_applied, _BALANCER)
        if is_emptied or was_applied or (path == ("spec",) and _is_managed(metadata)):
            yield _dropped((*path, *_BALANCER, _SUBSET), DYNAMIC_SUBSET)


def _policies(body: Body, applied: Body) -> Iterator[tuple[Path, Body, Body]]:
    """Yield the spec and its subsets, which may have a policy, each with what was applied."""
    spec, spec_applied = _mapping(body, "spec"), _mapping(applied, "spec")
    yield ("spec",), spec, spec_applied
    subsets_applied = _named(spec_applied.get("subsets")) if spec_applied else {}
    for index, subset in enumerate(_list(spec.get("subsets"))):
        if isinstance(subset, Mapping) and "trafficPolicy" in subset:
            before = subsets_applied.get(str(subset.get("name")), {})
            yield ("spec", "subsets", index), subset, before


def _pruned_keys(body: Body, metadata: Body) -> Iterator[Finding]:
    for field in _KEYS:
        applied = _applied(metadata, field)
        before = _list(_mapping(applied, "spec").get("http")) if applied else ()
        routes = _list(_mapping(body, "spec").get("http"))
        for index, (route, route_applied) in enumerate(zip(routes, before, strict=False)):
            if _has_lost(field, route, route_applied):
                yield _dropped(("spec", "http", index, field), DYNAMIC_SUBSET_KEYS)


def _has_lost(field: str, route: object, applied: object) -> bool:
    return (
        isinstance(route, Mapping)
        and isinstance(applied, Mapping)
        and bool(applied.get(field))
        and field not in route
        and route.get("name") == applied.get("name")
    )


def _dropped(path: Path, annotation: str) -> Finding:
    message = (
        f"The cluster dropped {path[-1]}, because its CRD does not know the field: apply the "
        "output of `straightway crds` and then this object again, or write the annotation "
        f"{annotation} instead."
    )
    return Finding(path, Code.FIELD_PRUNED, message)


def _applied(metadata: Body, field: str) -> Body:
    """Return kubectl's copy of what was applied, if it holds the field; else nothing."""
    text = _mapping(metadata, "annotations").get(LAST_APPLIED)
    if not isinstance(text, str) or field not in text:
        return {}
    try:
        applied = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return applied if isinstance(applied, Mapping) else {}


def _is_managed(metadata: Body) -> bool:
    """Whether a field manager owns the field in the rule's general policy."""
    owned = ("f:spec", *(f"f:{name}" for name in _BALANCER))
    return any(
        isinstance(entry, Mapping) and f"f:{_SUBSET}" in _at(_mapping(entry, "fieldsV1"), owned)
        for entry in _list(metadata.get("managedFields"))
    )


def _is_empty_mapping(policy: Body) -> bool:
    """Whether a policy has a load balancer that says nothing."""
    return policy.get("loadBalancer") == {}


def _at(body: Body, path: Sequence[str]) -> Body:
    for name in path:
        body = _mapping(body, name)
    return body


def _mapping(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _named(items: object) -> dict[str, Body]:
    return {str(each.get("name")): each for each in _list(items) if isinstance(each, Mapping)}


_FINDERS: Final[Mapping[type[ApiObject], Callable[[Body, Body], Iterator[Finding]]]] = {
    DestinationRule: _pruned_subsets,
    VirtualService: _pruned_keys,
}
