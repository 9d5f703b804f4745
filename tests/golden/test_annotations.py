"""Dynamic subsets as annotations are the same config."""

from __future__ import annotations

from pathlib import Path

from straightway.offline.dump import dump
from straightway.offline.review import review
from straightway.sources import read_path

ROOT = Path(__file__).parents[2]
NODE = "router~127.0.0.1~gateway.modelmesh-serving~modelmesh-serving.svc.cluster.local"


def test_the_tutorial_with_annotations_is_sent_as_with_fields():
    fields, annotations = [
        dump(review(read_path(ROOT / path)).catalog, NODE, {"LABELS": {"istio": "ingressgateway"}})
        for path in ("demo/config", "tests/golden/tutorial-annotations/input.yaml")
    ]

    assert "modelmesh.asm.alibabacloud.com" in str(fields["cluster"])
    assert "modelmesh.asm.alibabacloud.com" in str(fields["route"])
    assert annotations == fields
