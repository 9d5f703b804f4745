"""Validation by Envoy itself: `envoy --mode validate`.

In state of the world, one invalid resource makes Envoy reject all of its type, so it must accept
everything that we send.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.consistency import assignment_of
from tests.support.envoy import envoy_executable

Json = dict[str, Any]


def envoys_complaint(resources: Mapping[str, list[Json]], folder: Path) -> str | None:
    """Return Envoy's error for a dump as a static bootstrap; None if Envoy accepts it."""
    file = folder / "static.json"
    file.write_text(json.dumps({"static_resources": static_resources(resources)}))
    command = [envoy_executable(), "--mode", "validate", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return None if done.returncode == 0 else done.stderr + done.stdout


def static_resources(resources: Mapping[str, list[Json]]) -> Json:
    """Return the same config without ADS, with inline assignments and routes."""
    assignments = {each["cluster_name"]: each for each in resources["endpoint"]}
    routes = {each["name"]: each for each in resources["route"]}
    return {
        "clusters": [_static_cluster(each, assignments) for each in resources["cluster"]],
        "listeners": [_static_listener(each, routes) for each in resources["listener"]],
    }


def _static_cluster(cluster: Json, assignments: Mapping[str, Json]) -> Json:
    result = {key: value for key, value in cluster.items() if key != "@type"}
    if result.pop("eds_cluster_config", None) is not None:
        assignment = _without_type(assignments[assignment_of(cluster)])
        result |= {"type": "STATIC", "load_assignment": assignment}
    return result


def _static_listener(listener: Json, routes: Mapping[str, Json]) -> Json:
    result: Json = json.loads(json.dumps(_without_type(listener)))
    for chain in result["filter_chains"]:
        for network_filter in chain["filters"]:
            manager = network_filter["typed_config"]
            if (rds := manager.pop("rds", None)) is not None:
                manager["route_config"] = _without_type(routes[rds["route_config_name"]])
    return result


def _without_type(message: Json) -> Json:
    return {key: value for key, value in message.items() if key != "@type"}
