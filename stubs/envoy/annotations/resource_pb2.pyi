import envoy.annotations.resource_pb2
import google.protobuf.descriptor_pb2
from google.protobuf.internal.extension_dict import _ExtensionFieldDescriptor
from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor
RESOURCE_FIELD_NUMBER: int
resource: _ExtensionFieldDescriptor[google.protobuf.descriptor_pb2.ServiceOptions, envoy.annotations.resource_pb2.ResourceAnnotation]

class ResourceAnnotation(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: str
    def __init__(self, type: _Optional[str] = ...) -> None: ...
