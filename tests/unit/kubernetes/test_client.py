"""The client against a server that answers badly: every failure has a reason, and an end."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from straightway.kubernetes import ApiError, Client, UnreachableError, client, connect
from straightway.kubernetes.media_types import PROTOBUF
from straightway.kubernetes.patches import APPLY
from tests.support.kubernetes_protobuf import enveloped
from tests.support.ports import free_port
from tests.unit.kubernetes.conftest import (
    FakeServer,
    Kubeconfig,
    MakeKubeconfig,
    answering,
    begun,
)

# Answers.


async def test_a_request_carries_method_query_body_and_credentials(api: Client, server: FakeServer):
    async def echo(request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "type": request.content_type,
                "body": await request.json(),
            }
        )

    server.handler = echo
    answer = await api.request(
        "PATCH",
        "/apis/x/v1/things/a",
        body={"spec": {"ü": 1}},
        query={"force": True, "fieldManager": "me & you", "limit": 5},
        content_type=APPLY,
    )
    assert answer == {
        "method": "PATCH",
        "path": "/apis/x/v1/things/a",
        "query": {"force": "true", "fieldManager": "me & you", "limit": "5"},
        "type": "application/apply-patch+yaml",
        "body": {"spec": {"ü": 1}},
    }
    assert server.tokens == ["Bearer first"]


async def test_an_empty_answer_is_none(api: Client, server: FakeServer):
    server.handler = answering(b"")
    assert await api.request("DELETE", "/x") is None


async def test_a_refusal_has_status_reason_message_and_time(api: Client, server: FakeServer):
    text = '{"kind": "Status", "code": 429, "reason": "TooManyRequests", "message": "slow down"}'
    server.handler = answering(text, 429, {"Retry-After": "7"})
    with pytest.raises(ApiError) as caught:
        await api.request("GET", "/x")
    error = caught.value
    assert (error.status, error.reason, error.message) == (429, "TooManyRequests", "slow down")
    assert error.retry_after == 7


async def test_a_refusal_may_be_protobuf(api: Client, server: FakeServer):
    status = {"kind": "Status", "code": 409, "reason": "Conflict", "message": "it has changed"}
    server.handler = answering(enveloped(status), 500, {"Content-Type": PROTOBUF})
    with pytest.raises(ApiError) as caught:
        await api.read("/x", accept=PROTOBUF)
    error = caught.value
    assert (error.status, error.reason, error.message) == (409, "Conflict", "it has changed")
    server.handler = answering(b"\xffnone", 502, {"Content-Type": PROTOBUF})
    with pytest.raises(ApiError, match=r"^no message \(502\)$"):
        await api.read("/x", accept=PROTOBUF)


async def test_what_is_not_asked_for_otherwise_is_json(api: Client, server: FakeServer):
    async def accepted(request: web.Request) -> web.StreamResponse:
        return web.json_response(request.headers.getall("Accept"))

    server.handler = accepted
    assert await api.request("GET", "/x") == ["application/json"]
    assert (await api.read("/x")).content == b'["application/json"]'
    assert (await api.read("/x", accept="a/b,c/d")).content == b'["a/b,c/d"]'


@pytest.mark.parametrize("when", ["", "soon", "Fri, 31 Dec 1999 23:59:59 GMT"])
async def test_a_time_that_is_no_number_is_none(api: Client, server: FakeServer, when: str):
    server.handler = answering("busy", 503, {"Retry-After": when})
    with pytest.raises(ApiError, match=r"^busy \(503\)$") as caught:
        await api.request("GET", "/x")
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("when", "seconds"), [("0.5", 0.5), ("1e9", 60), ("inf", 60), ("nan", 0), ("-3", 0)]
)
async def test_a_time_is_within_reason(api: Client, server: FakeServer, when: str, seconds: float):
    server.handler = answering("busy", 503, {"Retry-After": when})
    with pytest.raises(ApiError) as caught:
        await api.request("GET", "/x")
    assert caught.value.retry_after == seconds


async def test_of_a_huge_error_only_the_beginning_is_read(api: Client, server: FakeServer):
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 2**16)

    server.handler = endless
    with pytest.raises(ApiError, match=r"^x{200} \(500\)$"):
        await api.request("GET", "/x", timeout=10)


async def test_an_error_in_pieces_is_read_whole(api: Client, server: FakeServer):
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=410)
        await response.prepare(request)
        await response.write(b'{"code": 410, "reason": "Exp')
        await asyncio.sleep(0.01)
        await response.write(b'ired", "message": "too old"}')
        return response

    server.handler = slow
    with pytest.raises(ApiError, match=r"too old \(410 Expired\)"):
        await api.request("GET", "/x")


@pytest.mark.parametrize("text", ["<html>", "{", "\xff"])
async def test_an_answer_that_is_no_json_is_no_answer(api: Client, server: FakeServer, text: str):
    server.handler = answering(text.encode("latin-1"))
    with pytest.raises(UnreachableError, match="not JSON"):
        await api.request("GET", "/x")


async def test_half_an_answer_is_no_answer(api: Client, server: FakeServer):
    async def half(request: web.Request) -> web.StreamResponse:
        async with begun(request, size=100) as response:
            await response.write(b"{")
            assert request.transport is not None
            request.transport.close()
            return response

    server.handler = half
    with pytest.raises(UnreachableError):
        await api.request("GET", "/x")


async def test_a_silent_server_is_given_up(api: Client, server: FakeServer):
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    server.handler = silent
    with pytest.raises(UnreachableError):
        await api.request("GET", "/x", timeout=0.05)


async def test_a_refused_connection_has_a_reason(kubeconfig: MakeKubeconfig):
    file = kubeconfig(f"http://127.0.0.1:{free_port()}").write({"token": "first"})
    async with connect(file) as api:
        with pytest.raises(
            UnreachableError, match=r"^cannot connect to 127\.0\.0\.1:\d+: Connection refused$"
        ):
            await api.request("GET", "/x")


async def test_a_host_that_is_not_found_has_a_reason(
    kubeconfig: MakeKubeconfig, monkeypatch: pytest.MonkeyPatch
):
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", unknown)
    file = kubeconfig("http://nowhere.example:6443").write({"token": "first"})
    async with connect(file) as api:
        with pytest.raises(
            UnreachableError,
            match=r"^cannot connect to nowhere\.example:6443: Name or service not known$",
        ):
            await api.request("GET", "/x")


# Credentials that are refused.


async def test_refused_credentials_are_loaded_again_once(
    server: FakeServer, kubeconfig: MakeKubeconfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "_RENEW_SECONDS", 0)
    config = kubeconfig(await server.start())
    config.write({"token": "old"})

    async def only_new(request: web.Request) -> web.StreamResponse:
        is_new = request.headers["Authorization"] == "Bearer new"
        return web.json_response({}, status=200 if is_new else 401)

    server.handler = only_new
    async with connect(config.file) as api:
        config.write({"token": "new"})
        # All of them are refused together, and all are sent again.
        answers = await asyncio.gather(*(api.request("GET", "/x") for _ in range(5)))
        assert answers == [{}] * 5
        config.write({"token": "worse"})
        server.handler = answering("who?", 401)
        server.tokens.clear()
        with pytest.raises(ApiError, match=r"who\? \(401\)"):
            await api.request("GET", "/x")
    assert server.tokens == ["Bearer new", "Bearer worse"]


async def test_a_watch_outlives_new_credentials(
    server: FakeServer, kubeconfig: MakeKubeconfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "_RENEW_SECONDS", 0)
    config = kubeconfig(await server.start())
    go_on = asyncio.Event()

    async def watch_or_refuse(request: web.Request) -> web.StreamResponse:
        if request.path == "/refused":
            return web.Response(status=401)
        async with begun(request) as response:
            await response.write(b"a\n")
            await go_on.wait()
            await response.write(b"b\n")
            return response

    server.handler = watch_or_refuse
    async with (
        connect(config.write({"token": "old"})) as api,
        api.stream("/watched", {}, read_timeout=10) as stream,
    ):
        assert await anext(stream.batches) == [b"a"]
        with pytest.raises(ApiError):
            await api.request("GET", "/refused")
        go_on.set()
        assert await anext(stream.batches) == [b"b"]


async def test_refused_credentials_that_are_just_loaded_are_not_loaded_again(
    api: Client, server: FakeServer
):
    server.handler = answering("who?", 401)
    with pytest.raises(ApiError):
        await api.request("GET", "/x")
    assert server.tokens == ["Bearer first"]


async def test_a_kubeconfig_that_breaks_later_leaves_the_refusal(
    server: FakeServer, kubeconfig: MakeKubeconfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "_RENEW_SECONDS", 0)
    config = kubeconfig(await server.start())
    server.handler = answering("who?", 401)
    async with connect(config.write({"token": "first"})) as api:
        config.file.write_text("{")
        with pytest.raises(ApiError, match="401"):
            await api.request("GET", "/x")


# TLS.


async def test_the_server_is_verified(
    server: FakeServer, kubeconfig: MakeKubeconfig, credentials, tmp_path
):
    config = kubeconfig(await server.start(tls=True))
    async with connect(config.write({"token": "first"})) as api:
        assert await api.request("GET", "/x") == {}
    stranger = type(credentials)(tmp_path / "stranger")
    other = Kubeconfig(tmp_path / "other", server.url, stranger.ca)
    async with connect(other.write({"token": "first"})) as api:
        with pytest.raises(UnreachableError) as refused:
            await api.request("GET", "/x")
    reason = str(refused.value)
    assert reason.startswith("the certificate of 127.0.0.1:")
    assert "certificate-authority in the kubeconfig" in reason
    # Names of Python's classes and lines of OpenSSL's sources help nobody.
    assert "SSL" not in reason
    assert "_ssl.c" not in reason


async def test_a_client_certificate_is_shown(
    server: FakeServer, kubeconfig: MakeKubeconfig, credentials
):
    config = kubeconfig(await server.start(tls=True, client_certificates=True))
    user = {
        "client-certificate": str(credentials.client_certificate),
        "client-key": str(credentials.client_key),
    }
    async with connect(config.write(user)) as api:
        assert await api.request("GET", "/x") == {}
    async with connect(config.write({"token": "first"})) as api:
        with pytest.raises(UnreachableError):
            await api.request("GET", "/x")
