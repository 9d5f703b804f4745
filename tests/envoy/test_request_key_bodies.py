"""Bodies, streams and open connections of requests whose subset key is looked for in them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from functools import partial

import grpc
import pytest

from straightway.openinference import open_inference_pb2 as messages
from tests.support.http import HttpClient
from tests.support.http2 import post_json
from tests.support.key_gateway import INFER, KeyGateway, found_in, framed, send
from tests.support.mesh import Mesh
from tests.support.request_keys import Entry, Request
from tests.support.waiting import DEADLINE, eventually

JSON = {"content-type": "application/json"}
BODY: list[Entry] = [{"key": "model", "from": [{"body": "model"}]}]
GRPC: list[Entry] = [{"key": "model", "from": [{"grpcField": "model_name"}]}]
ALIASES = {"gpt-4o": "qwen", "small": "org/model", "a b": "c d"}
RULES: dict[str, list[Entry]] = {
    "body": BODY,
    "little": [{**BODY[0], "maxRequestBodySize": 2 << 20}],
    "grpc": GRPC,
    "aliases": [
        {
            "key": "model",
            "from": [
                {"header": "x-model"},
                {"path": "/v1/{}:predict"},
                {"query": "model"},
                {"body": "model"},
            ],
            "values": ALIASES,
        }
    ],
}
MIB = 1 << 20


@pytest.fixture(scope="module")
def client(shared_mesh: Mesh) -> HttpClient:
    gateway = KeyGateway(shared_mesh, {"first": ["iris"], "second": ["digits"]})
    for host, rules in RULES.items():
        gateway.write(host, rules)
    # A request of another host is forwarded as it comes.
    gateway.write("plain", [{"key": "model", "from": [{"header": "x-model"}]}])
    return gateway.start()


def body(model: str, size: int) -> Request:
    """A request whose body has about so many bytes, and its model at the end."""
    return Request("/", JSON, json.dumps({"text": "a" * size, "model": model}))


@pytest.mark.parametrize("size", [1_000, 100_000, 3 * MIB])
def test_a_body_is_read_and_sent_on_as_it_is(client: HttpClient, size: int) -> None:
    request = body("digits", size)

    answer = send(client, "body", request)

    assert found_in(answer) == {"model": "digits"}
    assert answer.upstream == "second"
    assert answer.json()["body"] == request.body


def test_a_body_beyond_the_limit_is_refused_where_it_is_read_alone(client: HttpClient) -> None:
    request = body("digits", 3 * MIB)

    assert send(client, "little", request).status == 413
    assert send(client, "plain", request).status == 200
    assert send(client, "little", body("digits", 3 * MIB // 2)).upstream == "second"


def test_the_default_limit_is_32_mib(client: HttpClient) -> None:
    assert send(client, "body", body("digits", 31 * MIB)).upstream == "second"
    assert send(client, "body", body("digits", 33 * MIB)).status == 413


def test_a_body_is_read_over_http2(client: HttpClient) -> None:
    headers = {":authority": "body", "content-length": "19", **JSON}

    answer = post_json(client.port, "/v1/chat", headers, b'{"model": "digits"}')

    assert answer["upstream"] == "second"
    assert answer["body"] == '{"model": "digits"}'


def test_a_body_in_chunks_is_read(client: HttpClient) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=DEADLINE) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nhost: body\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        for part in (b'{"mod', b'el": "dig', b'its"}', b""):
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        answer = connection.makefile("rb").read()

    assert b"x-model: digits" in answer
    assert b"x-upstream: second" in answer


# --- gRPC -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def channel(client: HttpClient) -> Iterator[grpc.Channel]:
    options = [("grpc.default_authority", "grpc"), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{client.port}", options=options) as channel:
        yield channel


def called(channel: grpc.Channel, *models: str, data: bytes = b"") -> str:
    """Return the value that a call had, whose messages are for these models.

    The upstreams speak no gRPC, so it fails in any case.
    """
    method: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
        "/inference.GRPCInferenceService/ModelStreamInfer"
    )
    call = method(
        iter(
            messages.ModelInferRequest(
                model_name=each, raw_input_contents=[data]
            ).SerializeToString()
            for each in models
        ),
        timeout=DEADLINE,
    )
    with pytest.raises(grpc.RpcError):
        list(call)
    metadata = [*call.initial_metadata(), *(call.trailing_metadata() or ())]
    return str(dict(metadata).get("x-model", ""))


def test_a_stream_is_where_its_first_message_belongs(channel: grpc.Channel) -> None:
    assert called(channel, "digits", "iris", "iris") == "digits"


def test_a_message_of_many_frames_is_read(channel: grpc.Channel) -> None:
    assert called(channel, "digits", data=b"a" * (5 * MIB)) == "digits"


def test_a_call_with_compression_has_no_value_and_is_sent_on(client: HttpClient) -> None:
    call = {"host": "grpc", "content-type": "application/grpc", "grpc-encoding": "gzip"}
    message = b"\1" + framed(INFER, {"model_name": "digits"})[1:]

    answer = client.send(INFER, method="POST", headers=call, body=message)

    assert found_in(answer) == {}
    call["grpc-encoding"] = "identity"
    message = framed(INFER, {"model_name": "digits"})
    assert client.send(INFER, method="POST", headers=call, body=message).upstream == "second"


@pytest.mark.parametrize("message", [b"\0\0\0\0\0", b"\0\0\0\0\4abcd", b"\1\0\0\0\4abcd", b"\0\0"])
def test_a_message_that_is_none_is_answered(client: HttpClient, message: bytes) -> None:
    headers = {"host": "grpc", "content-type": "application/grpc"}

    answer = client.send(INFER, method="POST", headers=headers, body=message)

    assert answer.status in (200, 400), answer
    assert answer.status == 200 or answer.headers["grpc-status"] in ("3", "12")


# --- Aliases ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "path", "header"),
    [
        (Request("/", {"x-model": "gpt-4o"}), "/", "qwen"),
        (Request("/v1/gpt-4o:predict?a=b"), "/v1/qwen:predict?a=b", None),
        (Request("/v1/gpt%2D4o:predict"), "/v1/qwen:predict", None),
        (Request("/v1/small:predict"), "/v1/org/model:predict", None),
        (Request("/v1/a%20b:predict"), "/v1/c%20d:predict", None),
        (Request("/x?b=gpt-4o&model=gpt-4o&d"), "/x?b=gpt-4o&model=qwen&d", None),
        (Request("/v1/other:predict"), "/v1/other:predict", None),
    ],
)
def test_the_runtime_sees_what_an_alias_means(
    client: HttpClient, sent: Request, path: str, header: str | None
) -> None:
    got = send(client, "aliases", sent).json()

    assert got["path"] == path
    assert got["headers"].get("x-model") == header


def test_an_alias_in_a_body_stays(client: HttpClient) -> None:
    answer = send(client, "aliases", Request("/", JSON, '{"model": "gpt-4o"}'))

    assert found_in(answer) == {"model": "qwen"}
    assert answer.json()["body"] == '{"model": "gpt-4o"}'


# --- Changes ----------------------------------------------------------------------------------


def test_a_new_rule_is_in_force_on_open_connections(mesh: Mesh) -> None:
    gateway = KeyGateway(mesh, {"first": ["iris"], "second": ["digits"]})
    gateway.write("changing", [])
    client = gateway.start()
    asked = Request("/?m=iris", JSON, '{"model": "digits"}')
    assert found_in(send(client, "changing", asked)) == {}
    before = client.local_port

    def has(value: str) -> bool:
        return found_in(send(client, "changing", asked)) == {"model": value}

    for rules, value in (
        (BODY, "digits"),
        ([{"key": "model", "from": [{"query": "m"}], "values": {"iris": "ir is"}}], "ir is"),
        ([{"key": "model", "from": [{"path": "/{}"}, {"query": "m"}]}], "iris"),
    ):
        gateway.write("changing", rules)
        eventually(partial(has, value), what=f"the value is {value}")
    gateway.write("changing", GRPC)
    call = {"host": "changing", "content-type": "application/grpc"}
    message = framed(INFER, {"model_name": "digits"})
    eventually(
        lambda: (
            client.send(INFER, method="POST", headers=call, body=message).headers.get("x-model")
            == "digits"
        ),
        what="the value is that of the message",
    )

    assert client.local_port == before
