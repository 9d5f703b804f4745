"""The Open Inference Protocol v2, compiled from ``protos/open_inference.proto``.

``open_inference_pb2`` holds the messages and ``open_inference_pb2_grpc`` the service; this module
gives the descriptor set, without importing either.
"""

from __future__ import annotations

from importlib.resources import files


def descriptor() -> bytes:
    """Return the ``FileDescriptorSet`` of the protocol, with all that it imports, encoded.

    This is what Envoy's ``GrpcJsonTranscoder.proto_descriptor_bin`` takes.
    """
    return files(__name__).joinpath("open_inference.binpb").read_bytes()
