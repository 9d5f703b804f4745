"""Compile the .proto files of this folder into Python and descriptor sets: ``make protos``.

The results are committed, so that neither users nor the wheel need a compiler. Imports of
``google/api`` come from googleapis-common-protos, those of ``google/protobuf`` from grpcio-tools.
"""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass
from pathlib import Path

import google.api
from grpc_tools import protoc

PROTOS = Path(__file__).parent
ROOT = PROTOS.parent


@dataclass(frozen=True, slots=True)
class Target:
    """One .proto file, and the package that gets the generated files."""

    proto: str
    package: str
    folder: str
    descriptor_set: bool = False
    has_services: bool = True


TARGETS = (
    Target("open_inference", "straightway.openinference", "xds/straightway/openinference", True),
    Target("model_status", "straightway.holdings.mesh", "xds/straightway/holdings/mesh"),
    Target(
        "core_kinds", "straightway.kubernetes", "xds/straightway/kubernetes", has_services=False
    ),
    Target("model_mesh", "demo", "demo"),
    Target(
        "composite_cluster",
        "straightway.translate.envoy_api",
        "xds/straightway/translate/envoy_api",
        has_services=False,
    ),
)


def compile_all(root: Path = ROOT) -> list[Path]:
    """Compile all targets into their folders under ``root`` and return the files written."""
    return [path for target in TARGETS for path in _compile(target, root / target.folder)]


def _compile(target: Target, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        "protoc",
        f"--proto_path={PROTOS}",
        *(f"--proto_path={path}" for path in _imports()),
        f"--python_out={folder}",
        f"--pyi_out={folder}",
    ]
    suffixes = ["_pb2.py", "_pb2.pyi"]
    if target.has_services:
        arguments.append(f"--grpc_python_out={folder}")
        suffixes.append("_pb2_grpc.py")
    if target.descriptor_set:
        arguments += ["--include_imports", f"--descriptor_set_out={folder / target.proto}.binpb"]
        suffixes.append(".binpb")
    if protoc.main([*arguments, f"{target.proto}.proto"]) != 0:
        raise SystemExit(f"protoc failed on {target.proto}.proto")
    if target.has_services:
        _import_from_package(folder / f"{target.proto}_pb2_grpc.py", target)
    return [folder / f"{target.proto}{suffix}" for suffix in suffixes]


def _imports() -> list[Path]:
    """Return the folders that hold ``google/api`` and ``google/protobuf`` as .proto files."""
    api = next(path for path in map(Path, google.api.__path__) if (path / "http.proto").exists())
    return [api.parent.parent, Path(str(importlib.resources.files("grpc_tools"))) / "_proto"]


def _import_from_package(path: Path, target: Target) -> None:
    """Name the package in an import that protoc can only write for the top level."""
    text = path.read_text(encoding="utf-8")
    plain = f"import {target.proto}_pb2 as "
    if plain not in text:
        raise SystemExit(f"{path} does not hold {plain!r}: has the compiler changed?")
    path.write_text(text.replace(plain, f"from {target.package} {plain}"), encoding="utf-8")
