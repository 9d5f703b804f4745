"""Write type stubs for the protobuf messages of other packages into ``stubs/``.

xds-protos and the gRPC packages bring classes that are built at run time, without types, so a
type checker takes ``Cluster(nmae="a")``. The stubs come from the descriptors in these packages:
for every ``_pb2`` module that the code imports and, transitively, those whose types it refers to.

Every ``*_pb2.pyi`` and ``*_pb2_grpc.pyi`` under ``stubs/`` is generated; the rest is written by
hand.
"""

from __future__ import annotations

import ast
import importlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

from protos.names import classes_of, imports_of
from protos.services import service_stubs

ROOT = Path(__file__).parents[1]
STUBS = ROOT / "stubs"

_SOURCES = ("xds", "demo", "bench", "tests")
# Compiled from this folder, with types beside them; and typed by types-protobuf.
_TYPED = ("straightway.", "demo.", "google.protobuf.")
_WELL_KNOWN = "google/protobuf/"
_EXTENSION = "from google.protobuf.internal.extension_dict import _ExtensionFieldDescriptor"

# Replacements that make protoc's output stricter. It accepts a dictionary for a message and a
# string for an enum value, which would hide a misspelling one level deeper.
_STRICTER = (
    (re.compile(r"_Union\[([\w.]+), (?:_Mapping|str)\]"), r"\1"),
    (re.compile(r"(_Union\[datetime\.\w+, [\w.]+), _Mapping\]"), r"\1]"),
    # The number of an extension is a module variable, where ClassVar is not valid.
    (re.compile(r"^(\w+): _ClassVar\[int\]", re.MULTILINE), r"\1: int"),
)


def write_stubs(folder: Path = STUBS) -> list[Path]:
    """Replace the generated stubs under ``folder`` and return the files written."""
    for old in folder.rglob("*_pb2*.pyi"):
        old.unlink()
    imported = _imported_modules()
    services = sorted(module for module in imported if module.endswith("_grpc"))
    messages = sorted({module.removesuffix("_grpc") for module in imported})
    descriptors = [importlib.import_module(module).DESCRIPTOR for module in messages]
    files = _closure(descriptors)
    written = [*_write_messages(files, folder), *_write_services(services, files, folder)]
    return sorted(written)


def _imported_modules() -> set[str]:
    """Return the names of the imported compiled modules without types."""
    paths = [path for source in _SOURCES for path in (ROOT / source).rglob("*.py*")]
    trees = [ast.parse(path.read_bytes()) for path in paths if path.suffix in (".py", ".pyi")]
    names = {name for tree in trees for name in _imports(tree)}
    return {
        name
        for name in names
        if name.endswith(("_pb2", "_pb2_grpc")) and not name.startswith(_TYPED)
    }


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _closure(descriptors: Iterable[FileDescriptor]) -> dict[str, FileDescriptorProto]:
    """Return by name the files of ``descriptors`` and all whose types they refer to.

    Dependencies come first, as protoc requires. Files that are imported for options alone
    (``validate``, most of ``udpa``) are left out: stubs show no options.
    """
    closure: dict[str, FileDescriptorProto] = {}

    def add(descriptor: FileDescriptor) -> None:
        if descriptor.name in closure:
            return
        file = FileDescriptorProto()
        descriptor.CopyToProto(file)
        used = [needed for needed in descriptor.dependencies if _declared(needed) & _referred(file)]
        for needed in used:
            add(needed)
        del file.dependency[:], file.public_dependency[:], file.weak_dependency[:]
        file.dependency.extend(needed.name for needed in used)
        closure[file.name] = file

    for descriptor in descriptors:
        add(descriptor)
    return closure


def _declared(descriptor: FileDescriptor) -> set[str]:
    """Return the full names of the messages and enums that a file exports."""
    file = FileDescriptorProto()
    descriptor.CopyToProto(file)
    names = set(_names(f".{file.package}", file.message_type, file.enum_type))
    return names.union(*map(_declared, descriptor.public_dependencies))


def _names(
    scope: str, messages: Iterable[DescriptorProto], enums: Iterable[EnumDescriptorProto]
) -> Iterator[str]:
    yield from (f"{scope}.{enum.name}" for enum in enums)
    for message in messages:
        name = f"{scope}.{message.name}"
        yield name
        yield from _names(name, message.nested_type, message.enum_type)


def _referred(file: FileDescriptorProto) -> set[str]:
    """Return the full names of the types of all fields, extensions and methods of a file."""
    names = {name for message in file.message_type for name in _field_types(message)}
    for extension in file.extension:
        names |= {extension.extendee, extension.type_name}
    for service in file.service:
        for method in service.method:
            names |= {method.input_type, method.output_type}
    return names


def _field_types(message: DescriptorProto) -> Iterator[str]:
    yield from (field.type_name for field in message.field)
    for nested in message.nested_type:
        yield from _field_types(nested)


def _write_messages(files: dict[str, FileDescriptorProto], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in files if not name.startswith(_WELL_KNOWN)]
    with tempfile.NamedTemporaryFile(suffix=".binpb") as descriptor_set:
        descriptor_set.write(FileDescriptorSet(file=files.values()).SerializeToString())
        descriptor_set.flush()
        arguments = [f"--descriptor_set_in={descriptor_set.name}", f"--pyi_out={folder}"]
        if protoc.main(["protoc", *arguments, *names]) != 0:
            raise SystemExit("protoc failed on the descriptors of installed packages")
    written = [folder / name.replace(".proto", "_pb2.pyi") for name in names]
    classes = classes_of(files.values())
    for name, path in zip(names, written, strict=True):
        text = _stricter(path.read_text(encoding="utf-8"))
        text = _with_typed_extensions(text, files[name], classes)
        path.write_text(text, encoding="utf-8")
    return written


def _stricter(text: str) -> str:
    for pattern, replacement in _STRICTER:
        text = pattern.sub(replacement, text)
    return text


def _with_typed_extensions(text: str, file: FileDescriptorProto, classes: Mapping[str, str]) -> str:
    """Say which options an extension extends, and by what, for ``options.Extensions[...]``."""
    used = set()
    for extension in file.extension:
        owner, kind = classes[extension.extendee], classes[extension.type_name]
        used |= {owner, kind}
        typed = f"{extension.name}: _ExtensionFieldDescriptor[{owner}, {kind}]"
        text = text.replace(f"{extension.name}: _descriptor.FieldDescriptor", typed)
    if used:
        text = "\n".join([*imports_of(used), _EXTENSION, text])
    return text


def _write_services(
    modules: Iterable[str], files: dict[str, FileDescriptorProto], folder: Path
) -> list[Path]:
    classes = classes_of(files.values())
    written = []
    for module in modules:
        path = folder / f"{module.replace('.', '/')}.pyi"
        file = files[f"{module.removesuffix('_pb2_grpc').replace('.', '/')}.proto"]
        path.write_text(service_stubs(file, classes), encoding="utf-8")
        written.append(path)
    return written
