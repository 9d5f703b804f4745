"""A runtime and a client that speak the Open Inference Protocol v2 over gRPC."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

import grpc

from straightway.openinference import open_inference_pb2 as messages
from straightway.openinference import open_inference_pb2_grpc as services
from tests.support.http import UPSTREAM_HEADER, Answer
from tests.support.waiting import DEADLINE


class GrpcUpstream(services.GRPCInferenceServiceServicer):  # type: ignore[misc]  # untyped
    """A gRPC server that accepts any model and returns its own name and the sum of the inputs.

    With `holds`, other models get that status, of those that servers have for unknown ones. A model
    named like a gRPC status, such as NOT_FOUND, fails with that status. A model `bytes-N`
    adds N bytes of output, which are base64 in JSON.
    """

    def __init__(
        self,
        name: str,
        *,
        address: str = "127.0.0.1",
        holds: Collection[str] | None = None,
        unknown: grpc.StatusCode = grpc.StatusCode.NOT_FOUND,
    ) -> None:
        self.name = name
        self.asked = 0
        self._holds = holds
        self._unknown = unknown
        unlimited = [("grpc.max_receive_message_length", -1)]
        self._server = grpc.server(ThreadPoolExecutor(4), options=unlimited)
        services.add_GRPCInferenceServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"{address}:0")
        self._server.start()

    def ServerReady(  # noqa: N802
        self, request: messages.ServerReadyRequest, context: grpc.ServicerContext
    ) -> messages.ServerReadyResponse:
        self._introduce(context)
        return messages.ServerReadyResponse(ready=True)

    def ModelInfer(  # noqa: N802
        self, request: messages.ModelInferRequest, context: grpc.ServicerContext
    ) -> messages.ModelInferResponse:
        self.asked += 1
        if self._holds is not None and request.model_name not in self._holds:
            # Before any metadata, so that the status is in the only headers: as servers answer.
            context.abort(self._unknown, f"no model {request.model_name}")
        self._introduce(context)
        if request.model_name in grpc.StatusCode.__members__:
            context.abort(grpc.StatusCode[request.model_name], f"no model {request.model_name}")
        total = sum(value for tensor in request.inputs for value in tensor.contents.fp32_contents)
        response = messages.ModelInferResponse(
            model_name=request.model_name, model_version=request.model_version, id=request.id
        )
        output = response.outputs.add(name="sum", datatype="FP32", shape=[1])
        output.contents.fp32_contents.append(total)
        if request.model_name.startswith("bytes-"):
            response.raw_output_contents.append(
                bytes(int(request.model_name.removeprefix("bytes-")))
            )
        return response

    def _introduce(self, context: grpc.ServicerContext) -> None:
        context.send_initial_metadata(((UPSTREAM_HEADER, self.name),))

    def close(self) -> None:
        self._server.stop(None).wait()


class GrpcClient:
    """A client for one port over one persistent connection."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = services.GRPCInferenceServiceStub(self._channel)

    def infer(self, model: str, *values: float, headers: Mapping[str, str] | None = None) -> Answer:
        """ModelInfer with one FP32 input; `body` is the encoded ModelInferResponse.

        A gRPC failure gives status 0, with its code and message as the error.
        """
        request = messages.ModelInferRequest(model_name=model)
        tensor = request.inputs.add(name="input", datatype="FP32", shape=[1, len(values)])
        tensor.contents.fp32_contents.extend(values)
        metadata = tuple((headers or {}).items())
        start = time.perf_counter()
        try:
            response, call = self._stub.ModelInfer.with_call(
                request, metadata=metadata, timeout=DEADLINE
            )
        except grpc.RpcError as error:
            words = f"{error.code().name}: {error.details()}"
            return Answer(0, seconds=time.perf_counter() - start, error=words)
        answered = {key: str(value) for key, value in call.initial_metadata()}
        return Answer(
            status=200,
            upstream=answered.get(UPSTREAM_HEADER, ""),
            headers=answered,
            body=response.SerializeToString(),
            seconds=time.perf_counter() - start,
        )

    def close(self) -> None:
        self._channel.close()
