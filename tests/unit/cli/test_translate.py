"""`straightway translate`: what a proxy would be sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.support.configs import istio, joined, service

GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {istio: gw}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """,
)
NODE = ("--node", "router~10.0.0.1~gw-1.default~default.svc.cluster.local")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(joined([GATEWAY, service("web", "{port: 80}")]))
    return tmp_path


def test_all_kinds_are_printed_as_yaml(straightway, config):
    run = straightway("translate", "--config", config, *NODE, "--label", "istio=gw")
    resources = yaml.safe_load(run.out)

    assert (run.code, run.err) == (0, "")
    assert {kind: len(of_kind) for kind, of_kind in resources.items()} == {
        "cluster": 1,
        "endpoint": 0,
        "listener": 1,
        "route": 1,
    }


def test_one_kind_as_json(straightway, config):
    options = ("--label", "istio=gw", "--type", "listener", "-o", "json")

    resources = json.loads(straightway("translate", "--config", config, *NODE, *options).out)

    assert list(resources) == ["listener"]
    assert [each["name"] for each in resources["listener"]] == ["0.0.0.0_80"]


def test_other_labels_are_another_gateways(straightway, config):
    run = straightway("translate", "--config", config, *NODE, "--label", "istio=other")

    assert yaml.safe_load(run.out)["listener"] == []
    assert run.err == (
        "warning: this proxy has no listeners: compare the Gateway's selector with --label\n"
    )


def test_a_file_will_do_and_a_node_may_have_any_id(straightway, config):
    file = config / "config.yaml"

    run = straightway("translate", "--config", file, "--node", "any", "--namespace", "default")

    names = [each["name"] for each in yaml.safe_load(run.out)["cluster"]]
    assert "outbound|80||web.default.svc.cluster.local" in names


def test_errors_go_to_stderr_and_fail_and_the_rest_is_translated(straightway, config):
    (config / "bad.yaml").write_text(istio("DestinationRule", "web", "hosts: [web]"))

    run = straightway("translate", "--config", config, *NODE, "--label", "istio=gw")

    assert run.code == 1
    assert [line.partition(" ")[0] for line in run.err.splitlines()] == ["error", "error"]
    assert all("DestinationRule default/web: spec.host" in line for line in run.err.splitlines())
    assert len(yaml.safe_load(run.out)["listener"]) == 1


def test_a_warning_does_not_fail(straightway, config):
    (config / "rule.yaml").write_text(istio("DestinationRule", "nowhere", "host: nowhere"))

    run = straightway("translate", "--config", config, *NODE, "--label", "istio=gw")

    assert run.code == 0
    assert "unknown-host" in run.err


def test_the_root_namespace_is_that_of_serve(straightway, config):
    (config / "rule.yaml").write_text(
        istio(
            "DestinationRule",
            "all",
            "host: '*.default.svc.cluster.local'\ntrafficPolicy: {loadBalancer: {simple: RANDOM}}",
            "mesh",
        )
    )
    (config / "route.yaml").write_text(
        istio(
            "VirtualService",
            "web",
            "{gateways: [gw], hosts: ['*'], http: [{route: [{destination: {host: web}}]}]}",
        )
    )
    arguments = ("translate", "--config", config, *NODE, "--label", "istio=gw")

    assert "RANDOM" not in straightway(*arguments).out
    assert "RANDOM" in straightway(*arguments, "--root-namespace", "mesh").out
