"""No byte of a Secret shows: in no problem, text form, log line, dump, status or journal."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from straightway.api import parse
from straightway.cli.arguments import OutputFormat, render
from straightway.documents import Bundle, Document
from straightway.intake import Intake
from straightway.kubernetes.resources import SECRETS
from straightway.logs.problems import log_problems
from straightway.offline.dump import dump
from straightway.offline.review import review
from straightway.sources.secrets import SecretName
from straightway.sources.yaml_documents import read_documents
from straightway.state import StateFolder, folder
from tests.support.certificates import server_pair
from tests.support.configs import istio
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import followed
from tests.support.intake import Served
from tests.support.secrets import TLS, entries, secret, written
from tests.support.virtual_time import run

PAIR = server_pair("shop.example.com")
MARK = "q7Zk"
"""In every value that a test makes, as text and in base64."""
CODED = base64.b64encode(MARK.encode() * 3).decode()[4:12]
GATEWAY = istio(
    "Gateway",
    "gw",
    """
    servers:
    - port: {number: 443, protocol: HTTPS}
      hosts: ['*']
      tls: {mode: MUTUAL, credentialName: shop}
    """,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: f"{MARK}{MARK}{MARK}{text}{MARK}"
)
values: st.SearchStrategy[Any] = st.one_of(
    texts,
    texts.map(lambda text: base64.b64encode(text.encode()).decode()),
    texts.map(lambda text: f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"),
    texts.map(str.encode),
    st.lists(texts, max_size=3),
    st.dictionaries(st.sampled_from(["tls.key", "x"]), texts, max_size=2),
    st.just(PAIR.key.decode()),
    st.just(base64.b64encode(PAIR.key).decode()),
)
names = st.sampled_from(["tls.crt", "tls.key", "ca.crt", "cert", "key", "cacert", "password"])
data = st.one_of(values, st.dictionaries(names, values, max_size=5))
copies = st.fixed_dictionaries(
    {}, optional={"kubectl.kubernetes.io/last-applied-configuration": texts}
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    fields = st.sampled_from(["data", "stringData", "dat", "sringData", "spec", "immutable"])
    found: dict[str, Any] = draw(st.dictionaries(fields, data, max_size=3))
    kind_of = st.sampled_from([TLS, "Opaque", "", "example.com/other"])
    return {
        "apiVersion": draw(st.sampled_from(["v1", "v1", "v1", "v2", "example.com/v1"])),
        "kind": "Secret",
        "type": draw(kind_of),
        "metadata": {"name": "shop", "annotations": draw(copies)},
        **found,
    }


def shows(text: object) -> bool:
    body = "".join(PAIR.key.decode().splitlines()[1:-1])
    return any(part in str(text) for part in (MARK, CODED, body[:16], body[20:36], "PRIVATE KEY\n"))


def all_texts(bundle: Bundle) -> Iterator[object]:
    """Yield every text form of what a bundle becomes."""
    yield repr(bundle)
    yield from (repr(parse(document)) for document in bundle.documents)
    served = Served()
    served.problems.listen(log_problems)
    with capture_logs() as lines:
        accepted = served.apply(bundle, read_documents("gw.yaml", "gw.yaml", GATEWAY).bundle)
        served.apply(Bundle(bundle.key))
        served.apply(bundle)
    yield lines
    yield repr(accepted)
    yield served.stored()
    yield repr(served.objects)
    reviewed = review([bundle, read_documents("gw.yaml", "gw.yaml", GATEWAY).bundle])
    yield reviewed
    node = "router~10.0.0.1~gw-1.default~default.svc.cluster.local"
    yield render(dump(reviewed.catalog, node, {"LABELS": {}}), OutputFormat.JSON)


@given(documents())
def test_nothing_of_a_file_shows(body):
    text = yaml.safe_dump(body, allow_unicode=True)
    for shown in all_texts(read_documents("s.yaml", "s.yaml", text).bundle):
        assert not shows(shown), shown


@given(documents(), st.integers(0, 10_000))
def test_nothing_of_a_file_shows_that_was_half_written(body, cut):
    text = yaml.safe_dump(body, allow_unicode=True)
    bundle = read_documents("s.yaml", "s.yaml", text[: cut % (len(text) + 1)]).bundle
    # What lost its kind is no Secret, and no object either.
    assert not shows([problem.message for problem in bundle.problems])
    for document in bundle.documents:
        assert not shows(parse(document).problems)


@given(st.dictionaries(names, texts, max_size=5), st.sampled_from([TLS, "Opaque", "x/y"]))
def test_nothing_of_a_cluster_shows(found, of_type):
    coded = {name: base64.b64encode(text.encode()).decode() for name, text in found.items()}
    body = {**secret("shop", {}, of_type=of_type), "data": coded}
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": MARK}

    async def story() -> list[object]:
        cluster = FakeCluster()
        cluster.write(body)
        async with followed(cluster) as source:
            source.source.want_secrets([SecretName("default", "shop")])
            await source.after()
            return [source.updates]

    with capture_logs() as lines:
        shown = run(story())
    assert not shows(lines)
    assert not shows(shown)
    assert not shows(SECRETS.decode(json.dumps(body).encode()))


def test_the_journal_on_disk_holds_none_and_keeps_all_else_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "WRITE_INTERVAL", 0.0)
    good = secret("good", entries(PAIR))
    broken = secret("broken", {**entries(PAIR), "tls.key": b"?"})

    async def story() -> None:
        state = StateFolder(tmp_path)
        last_good = state.open()
        intake = Intake(last_good)
        keeping = asyncio.create_task(state.keep(last_good))
        intake.apply("folder", [written(good, broken, yaml.safe_load(GATEWAY))], 0.0)
        async with asyncio.timeout(20):
            while last_good.is_changed:  # noqa: ASYNC110 (a thread sets no asyncio events)
                await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(story())
    content = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"credentialName" in content
    assert b"Secret" not in content
    assert not shows(content.decode())


def test_a_broken_version_leaves_the_good_one_in_force_until_a_restart():
    served = Served()
    served.apply(written(secret("shop", entries(PAIR))))
    broken = written(secret("shop", {**entries(PAIR), "tls.key": b"?"}))
    served.apply(broken)

    assert served.names == {"Secret default/shop"}
    assert served.codes == {"invalid-private-key"}
    assert served.restarted(broken).names == set()


def test_a_document_is_not_durable_and_its_body_is_dropped():
    (document,) = written(secret("shop", entries(PAIR))).documents
    assert isinstance(document, Document)
    assert not document.is_durable
