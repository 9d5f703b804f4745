"""Whatever the rules, requests and holdings: Envoy finds the value that the specification says."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.http import HttpClient
from tests.support.key_gateway import ABOUT, INFER, KeyGateway, found_in, send
from tests.support.mesh import Mesh
from tests.support.request_keys import Entry, Request, values_of

pytestmark = pytest.mark.long

HOSTS, REQUESTS = 60, 25
NAMES = ("iris", "org/model", "a b", "llama:7b", "größe", "100%", "x", "gpt-4o")
TEMPLATES = ("/v2/models/{}/infer", "/v2/models/{}/versions/*/infer", "/m/{}", "/v1/models/{}:*")
REGEXES = ("/m/(.+)", "/v[12]/models/([^/:]+)(?:[/:].*)?", "/(?:m|n)/([^/]*)/?.*", "(.*)")
BODIES = ("model", "options.model", "name")
PRESETS = ("open-inference", "openai", "kserve-v1")
PATHS = (
    "/v2/models/{}/infer",
    "/v2/models/{}/versions/3/infer",
    "/v2/models/{}",
    "/m/{}",
    "/n/{}/z",
    "/v1/models/{}:predict",
    "/v1/models/{}/versions/2:predict",
    "/openai/v1/models/{}",
    "/v1/chat/completions",
)
TYPES = ("application/json", "application/json; charset=utf-8", "text/plain", "")


def source(random: Random) -> dict[str, str]:
    place, values = random.choice(
        [
            ("header", ("x-a", "x-b")),
            ("path", TEMPLATES),
            ("pathRegex", REGEXES),
            ("query", ("model", "m")),
            ("cookie", ("model", "m")),
            ("body", BODIES),
            ("grpcField", ("model_name", "model_version")),
        ]
    )
    return {place: random.choice(values)}


def entry(random: Random) -> Entry:
    found: dict[str, Any] = {"key": random.choice(("model", "model", "stage"))}
    preset = random.random() < 0.3
    if preset:
        found["preset"] = random.choice(PRESETS)
    if not preset or random.random() < 0.5:
        found["from"] = [source(random) for _ in range(random.randint(1, 4))]
    if random.random() < 0.3:
        found["values"] = {name: random.choice(NAMES) for name in random.sample(NAMES, 3)}
    return found


def rules(random: Random) -> list[Entry]:
    return [entry(random) for _ in range(random.choice((1, 1, 1, 2, 3)))]


def request(random: Random) -> Request:
    def name() -> str:
        return random.choice(NAMES)

    def escaped() -> str:
        return quote(name(), safe=random.choice(("/:", ""))).replace("%25", "%")

    headers = {each: name() for each in ("x-a", "x-b") if random.random() < 0.2}
    headers = {key: value for key, value in headers.items() if value.isascii()}
    if random.random() < 0.3:
        headers["cookie"] = f"z=1; {random.choice(('model', 'm', 'xm'))}={quote(name())}; y="
    query = f"?{random.choice(('model', 'm', 'xm'))}={escaped()}&z" if random.random() < 0.4 else ""
    if random.random() < 0.25:
        fields = random.choice(
            [{"model_name": name(), "model_version": "1"}, {"model_name": name()}, {"id": "1"}]
        )
        return Request(INFER, headers, fields=fields)
    if random.random() < 0.1:
        return Request(ABOUT, headers, fields={"name": name(), "version": "v3"})
    path = random.choice(PATHS).format(escaped()) + query
    if random.random() < 0.4:
        return Request(path, headers)
    if kind := random.choice(TYPES):
        headers["content-type"] = kind
    return Request(path, headers, body(random, name()))


def body(random: Random, name: str) -> str:
    value = random.choice((name, name, name, "", None, 7, True, 1.5, [name], {"model": name}))
    found = random.choice(({"model": value}, {"options": {"model": value}}, {"name": value}, {}))
    text = json.dumps(found, ensure_ascii=random.random() < 0.5)
    return text if random.random() < 0.95 else text[:-1]


def held(random: Random) -> dict[str, list[str]]:
    return {f"runtime-{each}": random.sample(NAMES, random.randint(0, 4)) for each in range(3)}


@pytest.mark.parametrize("seed", [1, 2])
def test_envoy_does_what_the_specification_says(mesh: Mesh, seed: int) -> None:
    random = Random(seed)
    holdings = held(random)
    gateway = KeyGateway(mesh, holdings)
    hosts = {f"host-{number}": rules(random) for number in range(HOSTS)}
    for host, entries in hosts.items():
        gateway.write(host, entries)
    client = gateway.start()

    for host, entries in hosts.items():
        for _ in range(REQUESTS):
            check(client, host, entries, request(random), holdings)


def check(
    client: HttpClient,
    host: str,
    entries: list[Entry],
    asked: Request,
    holdings: dict[str, list[str]],
) -> None:
    expected = values_of(entries, asked)

    answer = send(client, host, asked)

    assert found_in(answer) == expected, (entries, asked)
    holders = {name for name, models in holdings.items() if expected.get("model") in models}
    if expected.keys() == {"model"} and holders:
        assert answer.upstream in holders, (entries, asked)
