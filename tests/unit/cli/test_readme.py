"""README shows what `straightway validate` prints."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[3] / "README.md"

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
