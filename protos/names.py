"""From the names of protobuf messages to those of their Python classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

_SUFFIX = "_pb2"


def classes_of(files: Iterable[FileDescriptorProto]) -> dict[str, str]:
    """Return the classes of all messages in ``files`` by the names that descriptors use.

    ``.envoy.service.discovery.v3.Resource`` leads to
    ``envoy.service.discovery.v3.discovery_pb2.Resource``.
    """
    return {
        f".{file.package}.{name}": f"{_module(file)}.{name}"
        for file in files
        for name in _messages(file.message_type)
    }


def imports_of(classes: Iterable[str]) -> list[str]:
    """Return the import statements of the modules that hold ``classes``, in order."""
    ends = {name: name.index(f"{_SUFFIX}.") + len(_SUFFIX) for name in classes}
    return sorted({f"import {name[:end]}" for name, end in ends.items()})


def _module(file: FileDescriptorProto) -> str:
    return file.name.removesuffix(".proto").replace("/", ".") + _SUFFIX


def _messages(messages: Iterable[DescriptorProto]) -> Iterator[str]:
    for message in messages:
        yield message.name
        yield from (f"{message.name}.{nested}" for nested in _messages(message.nested_type))
