"""The type stubs: they are what the installed packages give, and a type checker uses them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from protos.stubs import STUBS, write_stubs

ROOT = Path(__file__).parents[2]

PROGRAM = """
import grpc
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

Cluster(name="a", type=Cluster.EDS)
Cluster(nmae="a")  # wrong: call-arg
Cluster(name=3)  # wrong: arg-type
Cluster().nmae  # wrong: attr-defined
Cluster().nmae = "a"  # wrong: attr-defined
Cluster(type="EDSS")  # wrong: arg-type
Cluster.EDSS  # wrong: attr-defined
DeltaDiscoveryRequest(node={"idd": "a"})  # wrong: arg-type
DeltaDiscoveryRequest(node=Node(id="a"))


async def call(channel: grpc.aio.Channel) -> None:
    stub = AggregatedDiscoveryServiceStub(channel)
    stub.DeltaAggregatedResource()  # wrong: attr-defined
    await stub.DeltaAggregatedResources().write(DeltaDiscoveryRequest())
    await stub.DeltaAggregatedResources().write(Node())  # wrong: arg-type
"""


def generated(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*_pb2*.pyi")}


def test_the_stubs_are_those_that_imports_and_installed_packages_give(tmp_path):
    write_stubs(tmp_path)
    committed, current = generated(STUBS), generated(tmp_path)
    differing = {path for path in committed | current if committed.get(path) != current.get(path)}
    assert not differing, "run `make protos`"


def test_stubs_that_are_no_longer_needed_are_deleted(tmp_path):
    old, by_hand = tmp_path / "envoy/old_pb2.pyi", tmp_path / "re2.pyi"
    old.parent.mkdir()
    old.touch()
    by_hand.touch()
    write_stubs(tmp_path)
    assert not old.exists()
    assert by_hand.exists()


def test_a_type_checker_sees_what_is_misspelt(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    arguments = ["--config-file", ROOT / "pyproject.toml", "--cache-dir", tmp_path / "cache"]
    result = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments, program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"program\.py:(\d+): error: .*\[([\w-]+)\]", result.stdout)
    assert result.stderr == ""
    assert [(int(line), code) for line, code in found] == [
        (number, code)
        for number, line in enumerate(PROGRAM.splitlines(), start=1)
        for code in re.findall(r"# wrong: ([\w-]+)", line)
    ]
