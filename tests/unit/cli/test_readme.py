"""README's examples work, and show what `straightway` prints."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"

ROUTE = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: models, namespace: modelmesh-serving}
spec:
  gateways: [grpc-gateway]
  hosts: ['*']
  http:
  - match:
    - port: 8008
    timeout: 5
    route:
    - destination: {host: modelmesh-serving}
"""

RULE = """
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: modelmesh-serving, namespace: modelmesh-serving}
spec:
  host: modelmesh-serving
  trafficPolicy:
    loadBalancer:
      dynamicSubset:
        subsetSelector:
        - keys: [modelmesh.asm.alibabacloud.com]
"""


def test_the_example_of_validate_shows_its_real_output(straightway, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.mkdir()
    (config / "route.yaml").write_text(ROUTE.lstrip())
    (config / "rule.yaml").write_text(RULE.lstrip())
    monkeypatch.chdir(tmp_path)

    run = straightway("validate", "config")

    shown = re.findall(
        r"^\$ straightway validate config\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown == [run.out]


def test_the_example_of_a_gateway_takes_json_and_routes_to_the_example_of_a_runtime(
    straightway, tmp_path
):
    shutil.copytree(ROOT / "demo" / "config", tmp_path / "config")
    [entry] = re.findall(
        r"^```yaml\n([^`]*^kind: WorkloadEntry$[^`]*)^```$", README.read_text(), re.MULTILINE
    )
    (tmp_path / "config" / "runtime-1.yaml").write_text(entry)

    shown = straightway("translate", "--config", tmp_path / "config", *proxy_of_the_bootstrap())

    resources = yaml.safe_load(shown.out)
    [listener] = resources["listener"]
    assert "envoy.filters.http.grpc_json_transcoder" in str(listener)
    assert listener["address"]["socket_address"]["port_value"] == 8008
    [assignment] = resources["endpoint"]
    assert "tf-mnist" in str(assignment)
    assert "'port_value': 8033" in str(assignment)


def proxy_of_the_bootstrap() -> list[str]:
    """The node and labels in README's example of `straightway bootstrap`."""
    [command] = re.findall(
        r"^    straightway bootstrap ((?:.*\\\n)*.*)$", README.read_text(), re.MULTILINE
    )
    options = shlex.split(command.replace("\\\n", ""))
    return options[: options.index("--xds")]
