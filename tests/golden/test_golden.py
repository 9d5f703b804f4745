"""Golden files: what people write, beside what a proxy is sent for it.

Each folder here is a case:

- ``input.yaml``: the config, several documents;
- ``proxy.yaml`` (optional): ``node`` and ``metadata`` of the proxy, by default a gateway in the
  namespace ``default`` with the label ``istio: ingressgateway``; ``envoy``, its version
  as two numbers, by default untold; ``config``, a folder of the project to read in place of
  ``input.yaml``; and ``show``, the kinds of resources that the case is about, by default all;
- ``expected.yaml``: those resources; long descriptors are shortened;
- ``problems.txt``: the problems that ``straightway validate`` prints, if any.

``UPDATE_GOLDEN=1 pytest tests/golden`` rewrites the last two. Review the difference before you
commit it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import betterproto2
import pytest
import yaml
from google.protobuf import any_pb2, json_format

from straightway.catalog import Catalog
from straightway.documents import Bundle
from straightway.offline.dump import dump, resources_for
from straightway.offline.review import Reviewed, review
from straightway.proxies.audience import audience_in, proxy_of
from straightway.sources import read_path
from tests.support.consistency import missing
from tests.support.validation import envoys_complaint

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
GATEWAY = "router~10.0.0.1~gateway-1.default~default.svc.cluster.local"
KINDS = ("cluster", "endpoint", "listener", "route")
TYPE_URL = re.compile(r'"type\.googleapis\.com/([\w.]+)\.(\w+)"')


@dataclass
class Case:
    """One folder."""

    folder: Path
    node: str = GATEWAY
    metadata: dict[str, Any] = field(
        default_factory=lambda: {"LABELS": {"istio": "ingressgateway"}}
    )
    envoy: tuple[int, int] | None = None
    config: str = ""
    show: tuple[str, ...] = KINDS

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        return read_path(ROOT / self.config if self.config else self.folder / "input.yaml")

    @cached_property
    def reviewed(self) -> Reviewed:
        return review(self.bundles)

    @cached_property
    def resources(self) -> dict[str, list[Any]]:
        return self.resources_of(self.reviewed.catalog)

    def resources_of(self, catalog: Catalog) -> dict[str, list[Any]]:
        return dump(catalog, self.node, self.metadata, self.envoy)

    @property
    def shown(self) -> str:
        shown = {kind: self.resources[kind] for kind in self.show}
        text = yaml.safe_dump(shown, sort_keys=False, width=100)
        return re.sub(
            r"(proto_descriptor_bin: )(\S+)",
            lambda found: f"{found[1]}({len(found[2])} characters of base64)",
            text,
        )

    @property
    def problems(self) -> str:
        lines = (
            f"{each.severity} {each.origin}: {each.subject}: {each.path}: {each.message} "
            f"[{each.code}]\n"
            for each in self.reviewed.problems
        )
        return "".join(lines).replace(f"{self.folder}/", "")


def read_case(folder: Path) -> Case:
    proxy = folder / "proxy.yaml"
    given = yaml.safe_load(proxy.read_text()) if proxy.exists() else {}
    if "envoy" in given:
        given["envoy"] = tuple(given["envoy"])
    return Case(folder, **given)


CASES = [read_case(folder) for folder in sorted(HERE.iterdir()) if any(folder.glob("*.yaml"))]


@pytest.fixture(params=CASES, ids=[case.folder.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def compare(file: Path, text: str) -> None:
    if UPDATE:
        if text:
            file.write_text(text)
        else:
            file.unlink(missing_ok=True)
    assert text == (file.read_text() if file.exists() else "")


def test_the_proxy_is_sent_what_is_expected(case):
    compare(case.folder / "expected.yaml", case.shown)


def test_the_problems_are_those_expected(case):
    compare(case.folder / "problems.txt", case.problems)


def test_envoy_takes_it(case, tmp_path):
    assert envoys_complaint(case.resources, tmp_path) is None


def test_nothing_names_what_is_not_there(case):
    assert missing(case.resources) == []


def test_the_order_of_files_and_documents_does_not_matter(case):
    backwards = [
        Bundle(bundle.key, tuple(reversed(bundle.documents))) for bundle in reversed(case.bundles)
    ]

    assert case.resources_of(review(backwards).catalog) == case.resources


def test_a_second_decoder_reads_the_same(case):
    """envoy-data-plane was made from the same API by another compiler."""
    catalog = case.reviewed.catalog
    audience = audience_in(proxy_of(case.node, case.metadata, envoy=case.envoy), catalog)
    dumped = {
        (kind, _name(each)): _comparable(each) for kind in KINDS for each in case.resources[kind]
    }
    bodies = [
        (kind, each.name, any_pb2.Any.FromString(each.body))
        for kind, of_kind in resources_for(catalog, audience).items()
        for each in of_kind
    ]

    assert {(kind, name): _decoded(body) for kind, name, body in bodies} == dumped


def _name(resource: Any) -> str:
    return str(resource.get("name") or resource["cluster_name"])


def _decoded(body: any_pb2.Any) -> Any:
    """Decode with envoy-data-plane; it must know the types of messages inside by their modules."""
    for package, _ in TYPE_URL.findall(json.dumps(_plain(body))):
        importlib.import_module(f"envoy_data_plane.{package}")
    package, _, name = body.type_url.rpartition("/")[2].rpartition(".")
    message = getattr(importlib.import_module(f"envoy_data_plane.{package}"), name)
    decoded = message.parse(body.value).to_dict(casing=betterproto2.Casing.SNAKE)
    return _comparable({"@type": body.type_url, **decoded})


def _comparable(value: Any) -> Any:
    """Take out in what they differ: 64 bits in wrappers as numbers, `5_xx` for `5xx`, no type."""
    if isinstance(value, dict):
        named = {key.replace("_", ""): _comparable(item) for key, item in value.items()}
        return {key: item for key, item in named.items() if (key, item) != ("@type", "")}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value if isinstance(value, bool) else str(value)


def _plain(body: any_pb2.Any) -> Any:
    return json_format.MessageToDict(body)
