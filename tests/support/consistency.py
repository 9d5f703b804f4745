"""Consistency between the resources that one proxy receives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Any


def missing(resources: Mapping[str, list[Json]]) -> list[str]:
    """Return the names that a resource in a dump refers to but that do not exist."""
    clusters = {each["name"] for each in resources["cluster"]}
    by_eds = {assignment_of(each) for each in resources["cluster"] if each.get("type") == "EDS"}
    routes = {each["name"] for each in resources["route"]}
    assignments = {each["cluster_name"] for each in resources["endpoint"]}
    found = [f"cluster {name}" for name in _named(resources, "cluster") if name not in clusters]
    found += [f"cluster {name}" for name in _weighted(resources) if name not in clusters]
    found += [
        f"routes {name}" for name in _named(resources, "route_config_name") if name not in routes
    ]
    found += [f"member {name}" for name in _members(resources) if name not in clusters]
    return [*found, *(f"assignment {name}" for name in sorted(by_eds ^ assignments))]


def assignment_of(cluster: Json) -> str:
    """Return the name of the assignment that a cluster gets by EDS."""
    name = cluster["eds_cluster_config"].get("service_name") or cluster["name"]
    return str(name)


def _members(resources: Mapping[str, list[Json]]) -> set[str]:
    return {
        member["name"]
        for each in resources["cluster"]
        if "cluster_type" in each
        for member in each["cluster_type"]["typed_config"]["clusters"]
    }


def _named(value: Json, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key]
        for item in value.values():
            yield from _named(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, key)


def _weighted(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if "weighted_clusters" in value:
            yield from (each["name"] for each in value["weighted_clusters"]["clusters"])
        for item in value.values():
            yield from _weighted(item)
    elif isinstance(value, list):
        for item in value:
            yield from _weighted(item)
