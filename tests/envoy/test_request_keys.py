"""A request's value for a subset key is found wherever its client puts it."""

from __future__ import annotations

import json

import pytest

from tests.support.http import HttpClient
from tests.support.key_gateway import ABOUT, INFER, KeyGateway, found_in, send
from tests.support.mesh import Mesh
from tests.support.request_keys import Request, values_of

JSON = {"content-type": "application/json"}
HOLDINGS = {"first": ["iris", "org/model"], "second": ["digits", "qwen-72b"]}


def model(*sources, **more):
    return [{"key": "model", "from": list(sources), **more}]


RULES = {
    "header": model({"header": "x-model"}),
    "path": model({"path": "/v2/models/{}/versions/*/infer"}, {"path": "/v2/models/{}/infer"}),
    "regex": model({"pathRegex": "/(?:a|b)/([^/]+)/c"}),
    "query": model({"query": "model"}),
    "cookie": model({"cookie": "model"}),
    "body": model({"body": "model"}),
    "inner": model({"body": "options.model"}),
    "grpc": model({"grpcField": "model_name"}),
    "order": model({"header": "x-a"}, {"body": "model"}, {"query": "model"}, {"cookie": "model"}),
    "body-first": model({"body": "model"}, {"header": "x-a"}),
    "body-last": model({"header": "x-a"}, {"query": "m"}, {"body": "model"}, {"body": "name"}),
    "all": model({"header": "x-a"}, {"path": "/m/{}"}, {"grpcField": "model_name"}, {"query": "m"}),
    "openai": [{"key": "model", "preset": "openai"}],
    "inference": [{"key": "model", "preset": "open-inference"}],
    "kserve": [{"key": "model", "preset": "kserve-v1"}],
    "aliases": model(
        {"header": "x-model"},
        {"path": "/v1/{}:predict"},
        {"query": "model"},
        {"body": "model"},
        {"grpcField": "model_name"},
        values={"gpt-4o": "qwen-72b", "small": "org/model", "iris": "iris"},
    ),
    "two": [
        *model({"header": "x-model"}, {"path": "/m/{}/*"}),
        {"key": "stage", "from": [{"query": "stage"}, {"header": "x-stage"}]},
        {"key": "model", "from": [{"query": "other"}]},
    ],
}
REQUESTS = {
    "header": [
        Request(headers={"x-model": "iris"}),
        Request(headers={"x-model": ""}),
        Request(headers={"x-model": "org%2Fmodel"}),
        Request(),
    ],
    "path": [
        Request("/v2/models/iris/infer"),
        Request("/v2/models/iris/infer?a=b/infer"),
        Request("/v2/models/iris/versions/3/infer"),
        Request("/v2/models/org/model/infer"),
        Request("/v2/models/org%2Fmodel/infer"),
        Request("/v2/models/org%2fmodel/versions/1/infer"),
        Request("/v2/models/100%/infer"),
        Request("/v2/models//infer"),
        Request("/v2/models/iris/ready"),
        Request("/iris"),
    ],
    "regex": [Request("/a/iris/c"), Request("/b/ir%20is/c?x"), Request("/b/iris/d")],
    "query": [
        Request("/?model=iris"),
        Request("/?a=b&model=org%2Fmodel&model=digits"),
        Request("/?model=&model=digits"),
        Request("/?xmodel=iris"),
        Request("/model=iris"),
    ],
    "cookie": [
        Request(headers={"cookie": "a=b; model=iris; c=d"}),
        Request(headers={"cookie": "model=org%2Fmodel"}),
        Request(headers={"cookie": "xmodel=iris"}),
    ],
    "body": [
        Request("/v1/chat", {"content-type": kind}, '{"messages": [], "model": "iris"}')
        for kind in (
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=utf-8",
            "application/vnd.api+json",
            "text/plain",
            "application/jsonlines",
        )
    ]
    + [
        Request("/", JSON, text)
        for text in (
            '{"model": null}',
            '{"model": ""}',
            '{"model": 7}',
            '{"model": true}',
            '{"model": {"name": "iris"}}',
            '{"model": ["iris"]}',
            '{"mod": "iris"}',
            '{"model": "digits", "model": "iris"}',
            '{"model": "org\\/model"}',
            '{"model": "org%2Fmodel"}',
            '{"model": "iris"',
            "[]",
            '"iris"',
            "{}",
        )
    ],
    "inner": [
        Request("/", JSON, '{"options": {"model": "iris"}}'),
        Request("/", JSON, '{"options": "iris", "model": "iris"}'),
        Request("/", JSON, '{"options.model": "iris"}'),
    ],
    "grpc": [
        Request(INFER, fields={"model_name": "iris"}),
        Request(INFER, fields={"model_name": "org/model", "id": "a" * 300}),
        Request(INFER, fields={"model_name": 'a"b\\c'}),
        Request(INFER, fields={"id": "1"}),
        Request(ABOUT, fields={"name": "digits"}),
        Request("/other.Service/Call", fields={"name": "digits"}),
        Request("/v2/models/iris/infer", JSON, '{"model_name": "iris"}'),
    ],
    "order": [
        Request("/?model=digits", {**JSON, "x-a": "iris"}, '{"model": "qwen"}'),
        Request("/?model=digits", {**JSON, "cookie": "model=a"}, '{"model": "iris"}'),
        Request("/?model=digits", {**JSON, "cookie": "model=a"}, '{"model": null}'),
        Request("/", {**JSON, "cookie": "model=iris"}, "{}"),
    ],
    "body-first": [
        Request("/", {**JSON, "x-a": "digits"}, '{"model": "iris"}'),
        Request("/", {**JSON, "x-a": "digits"}, '{"model": ""}'),
    ],
    "body-last": [
        Request("/?m=i%72is", {**JSON, "x-a": "digits"}, '{"model": "a"}'),
        Request("/?m=i%72is", JSON, '{"model": "a"}'),
        Request("/?m=iris", JSON, '{"model": "a"}'),
        Request("/", JSON, '{"model": "iris", "name": "a"}'),
        Request("/?%", JSON, '{"name": "iris", "model": ""}'),
    ],
    "all": [
        Request("/m/i%72is?m=a", {"x-a": ""}),
        Request("/m/iris", {"x-a": "digits"}),
        Request("/?m=iris"),
        Request(INFER, {"x-a": "digits"}, fields={"model_name": "iris"}),
    ],
    "openai": [
        Request("/v1/chat/completions", JSON, '{"model": "iris", "stream": true}'),
        Request("/v1/models/org/model"),
        Request("/openai/v1/models/iris"),
        Request("/v1/models"),
    ],
    "inference": [
        Request(f"/v2/models/iris{end}")
        for end in ("", "/infer", "/versions/1", "/versions/1/generate_stream", "/ready", "/xyz")
    ]
    + [
        Request("/v2/models/org/model/infer"),
        Request("/v2/models/org%2Fmodel/infer"),
        Request("/v2/health/ready"),
        Request(INFER, fields={"model_name": "iris"}),
    ],
    "kserve": [
        Request(f"/v1/models/{end}")
        for end in (
            "iris:predict",
            "llama:7b:predict",
            "iris",
            "iris/versions/2:predict",
            "iris/labels/canary:classify",
            "org/model:explain",
            "org%2Fmodel:explain?a",
        )
    ],
    "aliases": [
        Request("/", {"x-model": "gpt-4o"}),
        Request("/", {"x-model": "digits"}),
        Request("/v1/gpt-4o:predict?a=b"),
        Request("/v1/small:predict"),
        Request("/v1/gpt%2D4o:predict"),
        Request("/?b=c&model=gpt-4o&d"),
        Request("/", JSON, '{"model": "gpt-4o"}'),
        Request("/", JSON, '{"model": "gpt"}'),
        Request(INFER, fields={"model_name": "gpt-4o"}),
    ],
    "two": [
        Request("/m/iris/x?stage=prod", {"x-model": ""}),
        Request("/m/iris/x?stage=", {"x-stage": "dev"}),
        Request("/?other=iris", {"x-model": "digits"}),
        Request("/?other=i%72is&stage=a%2Fb", {"x-model": "digits"}),
    ],
}


@pytest.fixture(scope="module")
def client(shared_mesh: Mesh) -> HttpClient:
    gateway = KeyGateway(shared_mesh, HOLDINGS)
    for host, rules in RULES.items():
        gateway.write(host, rules)
    return gateway.start()


@pytest.mark.parametrize(
    ("host", "request_"),
    [(host, each) for host, requests in REQUESTS.items() for each in requests],
    ids=lambda each: each if isinstance(each, str) else f"{each.path}{each.body}"[:60],
)
def test_the_value_is_what_the_specification_says(
    client: HttpClient, host: str, request_: Request
) -> None:
    expected = values_of(RULES[host], request_)

    answer = send(client, host, request_)

    assert found_in(answer) == expected, request_
    holders = {name for name, models in HOLDINGS.items() if expected.get("model") in models}
    if expected.keys() == {"model"} and holders:
        assert {send(client, host, request_).upstream for _ in range(4)} == holders
    if not request_.is_grpc:
        assert answer.json()["body"] == request_.body
    assert "straightway" not in json.dumps(answer.json()["headers"])


@pytest.mark.parametrize(
    "text", ["%00", "%ff%fe", "a%C3", "%0d%0ax-upstream:%20forged", "%25", "a" * 9_000, "%zz%4"]
)
def test_odd_bytes_harm_nothing(client: HttpClient, text: str) -> None:
    for host, path in (("path", f"/v2/models/{text}/infer"), ("aliases", f"/?model={text}")):
        answer = send(client, host, Request(path))

        # Envoy itself refuses paths with a zero.
        assert answer.status == (400 if text == "%00" and host == "path" else 200), answer
        if answer.status == 200:
            assert answer.upstream in HOLDINGS
            assert answer.json()["path"] == path
    assert found_in(send(client, "path", Request("/v2/models/iris/infer"))) == {"model": "iris"}


def test_what_clients_call_their_headers_changes_nothing(client: HttpClient) -> None:
    forged = {"envoy.lb": "model=iris", "straightway.keys": "0=iris", "x-envoy-lb-model": "iris"}

    assert found_in(send(client, "path", Request("/", forged))) == {}
