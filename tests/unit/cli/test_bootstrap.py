from __future__ import annotations

import json
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from straightway.cli.bootstrap import bootstrap

GATEWAY = "router~10.0.0.2~gw-1.istio-system~istio-system.svc.cluster.local"


def run(*arguments: str) -> Result:
    app = typer.Typer(add_completion=False)
    app.command()(bootstrap)
    return CliRunner().invoke(app, arguments)


def printed(*arguments: str) -> Any:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return yaml.safe_load(result.stdout)


def test_the_node_says_namespace_and_labels() -> None:
    node = printed(
        *("--node", GATEWAY, "--xds", "127.0.0.1:18000", "--label", "app=gw", "--label", "v=1=2")
    )["node"]

    assert node == {
        "id": GATEWAY,
        "cluster": "gw.istio-system",
        "metadata": {"NAMESPACE": "istio-system", "LABELS": {"app": "gw", "v": "1=2"}},
    }


def test_without_an_app_label_the_cluster_is_named_after_the_pod() -> None:
    assert printed("--node", GATEWAY, "--xds", "a:1")["node"]["cluster"] == "gw-1.istio-system"


def test_any_node_id_works_with_role_and_namespace_in_the_metadata() -> None:
    node = printed(
        *("--node", "edge-7", "--xds", "a:1"),
        *("--metadata", "ROLE=router", "--metadata", "NAMESPACE=shop"),
    )["node"]

    assert (node["id"], node["cluster"]) == ("edge-7", "edge-7.shop")
    assert node["metadata"] == {"NAMESPACE": "shop", "ROLE": "router", "LABELS": {}}


@pytest.mark.parametrize(
    ("options", "api_type"),
    [((), "DELTA_GRPC"), (("--delta",), "DELTA_GRPC"), (("--sotw",), "GRPC")],
)
def test_the_variant_is_delta_unless_told_otherwise(
    options: tuple[str, ...], api_type: str
) -> None:
    resources = printed("--node", GATEWAY, "--xds", "127.0.0.1:18000", *options)[
        "dynamic_resources"
    ]

    assert resources["ads_config"]["api_type"] == api_type
    assert resources["cds_config"]["ads"] == resources["lds_config"]["ads"] == {}


@pytest.mark.parametrize(
    ("xds", "kind", "host"),
    [
        ("127.0.0.1:18000", "STATIC", "127.0.0.1"),
        ("[::1]:18000", "STATIC", "::1"),
        ("control-plane:18000", "STRICT_DNS", "control-plane"),
    ],
)
def test_a_control_plane_is_resolved_only_if_it_is_a_name(xds: str, kind: str, host: str) -> None:
    (cluster,) = printed("--node", GATEWAY, "--xds", xds)["static_resources"]["clusters"]

    assert (cluster["name"], cluster["type"]) == ("xds-grpc", kind)
    (locality,) = cluster["load_assignment"]["endpoints"]
    (endpoint,) = locality["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"] == {
        "address": host,
        "port_value": 18000,
    }


def test_the_admin_pages_are_local_unless_told_otherwise() -> None:
    def admin(*options: str) -> Any:
        bootstrap = printed("--node", GATEWAY, "--xds", "127.0.0.1:18000", *options)
        return bootstrap["admin"]["address"]["socket_address"]

    assert admin() == {"address": "127.0.0.1", "port_value": 15000}
    assert admin("--admin", "0.0.0.0:9901") == {"address": "0.0.0.0", "port_value": 9901}


def test_json_and_yaml_say_the_same() -> None:
    arguments = ("--node", GATEWAY, "--xds", "127.0.0.1:18000")

    assert json.loads(run(*arguments, "-o", "json").stdout) == printed(*arguments, "-o", "yaml")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--xds", "127.0.0.1:18000"), "Missing option '--node'"),
        (("--node", GATEWAY), "Missing option '--xds'"),
        (("--node", GATEWAY, "--xds", "18000"), "'18000' is not HOST:PORT"),
        (("--node", GATEWAY, "--xds", "a:1", "--label", "app"), "'app' is not KEY=VALUE"),
        (("--node", GATEWAY, "--xds", "a:1", "--metadata", "=x"), "'=x' is not KEY=VALUE"),
    ],
)
def test_wrong_usage_is_refused_with_the_reason(arguments: tuple[str, ...], reason: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert reason in result.stderr


KUBELET = [("--readiness", "0.0.0.0:15021"), ("--metrics", "[::]:15090"), ("--drain", "0.0.0.0:1")]


@pytest.mark.parametrize("option", KUBELET, ids=lambda option: option[0])
def test_each_listener_for_a_kubelet_leads_to_the_admin_port(option: tuple[str, str]) -> None:
    static = printed(*("--node", GATEWAY, "--xds", "a:1", "--admin", "127.0.0.1:15999", *option))[
        "static_resources"
    ]

    (listener,) = static["listeners"]
    admin = static["clusters"][1]["load_assignment"]
    assert f"--{listener['name']}" == option[0]
    assert listener["address"]["socket_address"]["port_value"] == int(option[1].rpartition(":")[2])
    assert "15999" in str(admin)


def test_without_one_there_are_no_listeners() -> None:
    static = printed("--node", GATEWAY, "--xds", "a:1")["static_resources"]

    assert "listeners" not in static
    assert [cluster["name"] for cluster in static["clusters"]] == ["xds-grpc"]


def test_the_wait_for_a_drain_is_an_option() -> None:
    static = printed(
        *("--node", GATEWAY, "--xds", "a:1", "--drain", "0.0.0.0:15020", "--drain-seconds", "90")
    )["static_resources"]

    assert "'fixed_delay': '90s'" in str(static)


@pytest.mark.parametrize("option", KUBELET, ids=lambda option: option[0])
def test_they_need_an_admin_port_that_is_known(option: tuple[str, str]) -> None:
    result = run("--node", GATEWAY, "--xds", "a:1", "--admin", "127.0.0.1:0", *option)

    assert result.exit_code == 2
    assert "cannot be 0" in result.output
