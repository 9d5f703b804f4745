"""Pods of many shapes, and what the API server demands of them that JSON does not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

RESTRICTED: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(name: str = "app-1", namespace: str = "default", *, labels: Json | None = None) -> Json:
    """A plain Pod that is allowed where the standard `restricted` is enforced."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {"app": "app"}},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "example/app:1",
                    "ports": [{"containerPort": 8080}],
                    "securityContext": RESTRICTED,
                }
            ]
        },
    }


def _lists(items: st.SearchStrategy[Any], key: str = "name") -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=3, unique_by=lambda each: each[key])


_CONTAINER: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"name": st.sampled_from(["main", "other", "third"]), "image": st.just("example/app:1")},
    optional={
        "ports": st.lists(
            st.fixed_dictionaries(
                {"containerPort": st.sampled_from([80, 8080, 9000])},
                optional={"protocol": st.sampled_from(["TCP", "UDP"])},
            ),
            max_size=2,
            unique_by=lambda port: (port["containerPort"], port.get("protocol", "TCP")),
        ),
    },
)
_INIT = _CONTAINER.map(lambda each: {**each, "name": f"init-{each['name']}"})
_VOLUME: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"name": st.sampled_from(["data", "cache"]), "emptyDir": st.just({})}
)
_ALIAS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"ip": st.sampled_from(["127.0.0.1", "10.0.0.1"])},
    optional={"hostnames": st.lists(st.sampled_from(["a", "models"]), unique=True)},
)
_SYSCTL: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies"]),
        "value": st.just("1"),
    }
)

PODS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "name": st.just("app-1"),
                "generateName": st.just("app-"),
                "namespace": st.just("default"),
                "labels": st.none() | st.dictionaries(st.sampled_from(["app", "v"]), st.just("a")),
                "annotations": st.dictionaries(
                    st.sampled_from(["straightway.dev/proxy-hosts", "example.com/a"]),
                    st.just("models,models.shop"),
                ),
            },
        ),
        "spec": st.fixed_dictionaries(
            {
                "containers": st.lists(
                    _CONTAINER, min_size=1, max_size=3, unique_by=lambda c: c["name"]
                )
            },
            optional={
                "initContainers": st.none() | _lists(_INIT),
                "volumes": st.none() | _lists(_VOLUME),
                "hostAliases": _lists(_ALIAS, "ip"),
                "securityContext": st.none()
                | st.fixed_dictionaries({}, optional={"sysctls": st.none() | _lists(_SYSCTL)}),
            },
        ),
    }
)


def assert_valid(item: Json) -> None:
    """Check what the API server demands of names and references in a Pod."""
    spec = item["spec"]
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    volumes = [each["name"] for each in spec.get("volumes") or []]
    sysctls = [each["name"] for each in (spec.get("securityContext") or {}).get("sysctls") or []]
    aliases = [each["ip"] for each in spec.get("hostAliases") or []]
    for names in ([each["name"] for each in containers], volumes, sysctls, aliases):
        assert len(set(names)) == len(names), names
    for each in containers:
        assert {mount["name"] for mount in each.get("volumeMounts", ())} <= set(volumes)
