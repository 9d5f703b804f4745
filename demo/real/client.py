"""A client of the gateway, which names models in the path, in a header, or in a gRPC message."""

from __future__ import annotations

import http.client
import json
import struct
import time
from dataclasses import dataclass
from typing import Any

import grpc

from demo.ports import HOST
from demo.real.questions import Question, Way
from straightway.openinference.open_inference_pb2 import ModelInferResponse

ATTEMPTS = "x-attempts"
_TIMEOUT_SECONDS = 10.0
_METHOD = "/inference.GRPCInferenceService/ModelInfer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one request.

    ``start`` is a time of ``time.monotonic``, ``runtime`` the one that answered, ``attempts`` how
    many were tried; ``failure`` is empty or says what is wrong.
    """

    question: Question
    start: float
    seconds: float
    runtime: str = ""
    attempts: int = 0
    failure: str = ""

    @property
    def is_straight(self) -> bool:
        """Whether the first runtime that was tried gave the right answer."""
        return not self.failure and self.attempts == 1


@dataclass(frozen=True, slots=True)
class _Reply:
    digit: int = -1
    runtime: str = ""
    attempts: int = 0
    failure: str = ""


class Client:
    """Connections to the gateway, which are opened again after an error. One request at a time."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
        self._channel = grpc.insecure_channel(f"{HOST}:{port}")
        self._infer: grpc.UnaryUnaryMultiCallable[bytes, ModelInferResponse] = (
            self._channel.unary_unary(_METHOD, response_deserializer=ModelInferResponse.FromString)
        )

    def ask(self, question: Question) -> Outcome:
        """Send a question, wait for the answer and check it. Never raises on a failed request."""
        start = time.monotonic()
        reply = self._call(question) if question.way is Way.GRPC else self._post(question)
        seconds = time.monotonic() - start
        failure = reply.failure
        if not failure and reply.digit != question.digit:
            failure = f"{question.model} sees {question.digit}, but the answer is {reply.digit}"
        return Outcome(question, start, seconds, reply.runtime, reply.attempts, failure)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._channel.close()

    def _post(self, question: Question) -> _Reply:
        headers = {"content-type": "application/json"}
        if question.way is Way.HEADER:
            headers["x-model"] = question.model
        try:
            self._http.request("POST", f"/v2/models/{question.model}/infer", question.body, headers)
            response = self._http.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            return _Reply(failure=f"{type(error).__name__}: {error}")
        if response.status != http.client.OK:
            return _Reply(failure=f"HTTP {response.status}: {body.decode(errors='replace')[:200]}")
        try:
            outputs = {each["name"]: each["data"] for each in json.loads(body)["outputs"]}
            digit, runtime = int(outputs["digit"][0]), str(outputs["runtime"][0])
        except (ValueError, KeyError, IndexError, TypeError):
            return _Reply(failure=f"no digit in {body.decode(errors='replace')[:200]}")
        return _Reply(digit, runtime, int(response.getheader(ATTEMPTS, "0")))

    def _call(self, question: Question) -> _Reply:
        try:
            response, call = self._infer.with_call(question.body, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            return _Reply(failure=f"gRPC {error.code().name}: {error.details()}")
        metadata = dict(call.initial_metadata())
        try:
            digit, runtime = _outputs(response)
        except (IndexError, KeyError, struct.error):
            return _Reply(failure=f"no digit in {response}"[:200])
        return _Reply(digit, runtime, int(metadata.get(ATTEMPTS, 0)))


def _outputs(response: ModelInferResponse) -> tuple[int, str]:
    """Return the digit and the runtime: Triton writes raw contents, MLServer typed ones."""
    found: dict[str, Any] = {}
    for index, output in enumerate(response.outputs):
        if response.raw_output_contents:
            raw = response.raw_output_contents[index]
            # Of a text, four bytes are its length.
            found[output.name] = (
                raw[4:] if output.datatype == "BYTES" else struct.unpack("<q", raw)[0]
            )
        else:
            contents = output.contents
            found[output.name] = (contents.bytes_contents or contents.int64_contents)[0]
    return int(found["digit"]), found["runtime"].decode()
