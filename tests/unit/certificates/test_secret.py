"""The keyring in a Secret: two replicas agree on one, and only the leader renews it."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest
import structlog

from straightway.certificates import InvalidPairError
from straightway.certificates.keyring import new_keyring, to_data
from straightway.certificates.secret import SecretKeyring
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.patches import APPLY
from tests.support.certificates import AUTHORITY, NOW, server_pair

NAMES = ["straightway.example"]


class FakeSecrets:
    """One Secret of an API server, which refuses what conflicts."""

    def __init__(self):
        self.secret: Any = None
        self.version = 0
        self.is_away = False
        self.managers: set[str] = set()
        self.writes = 0

    async def request(
        self, method, path, *, body=None, query=None, content_type="application/json"
    ):
        await asyncio.sleep(0)
        if self.is_away:
            raise UnreachableError("connection refused")
        if method == "GET":
            if self.secret is None:
                raise ApiError(404, "NotFound", "not found")
            return self.secret
        if content_type == APPLY:
            self.managers.add(query["fieldManager"])
            conflicts = self.secret is not None
        else:
            current = self.secret["metadata"]["resourceVersion"]
            conflicts = body["metadata"]["resourceVersion"] != current
            removed = {name for name, content in body["data"].items() if content is None}
            data = {name: content for name, content in body["data"].items() if content}
            kept = {k: v for k, v in (self.secret.get("data") or {}).items() if k not in removed}
            body = {**self.secret, "data": kept | data}
        if conflicts:
            raise ApiError(409, "Conflict", "changed")
        self.put(body)
        self.writes += 1
        return self.secret

    def put(self, body):
        self.version += 1
        metadata = {**body.get("metadata", {}), "resourceVersion": str(self.version)}
        self.secret = {**body, "metadata": metadata}


class Replica:
    def __init__(self, server, *, leads=True):
        self.used: list[Any] = []
        self.now = NOW
        self.leads = leads
        self.keyring = SecretKeyring(
            server,
            "straightway-system",
            "straightway-tls",
            NAMES,
            self.used.append,
            is_leader=lambda: self.leads,
            now=lambda: self.now,
        )


async def test_replicas_that_start_at_once_agree_on_one_authority():
    server = FakeSecrets()
    replicas = [Replica(server) for _ in range(5)]
    for _ in range(2):
        await asyncio.gather(*(each.keyring.look() for each in replicas))
    assert all(len(each.used) == 1 for each in replicas)
    assert len({each.used[0].bundle for each in replicas}) == 1
    assert server.writes == 1
    assert len(server.managers) == 5
    assert server.secret["type"] == "kubernetes.io/tls"


async def test_a_secret_without_content_is_filled():
    server = FakeSecrets()
    server.put({"metadata": {"labels": {"a": "b"}}})
    replica = Replica(server)
    assert await replica.keyring.look()
    assert server.secret["metadata"]["labels"] == {"a": "b"}


async def test_only_the_leader_renews_and_the_others_follow():
    server = FakeSecrets()
    leader, other = Replica(server), Replica(server, leads=False)
    await leader.keyring.look()
    await other.keyring.look()
    for each in (leader, other):
        each.now = NOW + timedelta(days=25)
    await other.keyring.look()
    assert server.writes == 1
    await leader.keyring.look()
    await other.keyring.look()
    assert server.writes == 2
    assert other.used == leader.used
    assert len(other.used) == 2


async def test_a_successor_that_signs_leaves_no_trace_of_its_waiting():
    server = FakeSecrets()
    leader = Replica(server)
    await leader.keyring.look()
    leader.now = NOW + timedelta(days=250)
    await leader.keyring.look()
    assert "next-authority.key" in server.secret["data"]
    leader.now += timedelta(days=2)
    await leader.keyring.look()
    assert "next-authority.key" not in server.secret["data"]
    assert len(leader.used) == 3


async def test_nothing_is_written_while_nothing_is_due():
    server = FakeSecrets()
    replica = Replica(server)
    for _ in range(3):
        await replica.keyring.look()
    assert (server.writes, len(replica.used)) == (1, 1)


async def test_somebody_elses_certificate_is_used_and_left_alone():
    server = FakeSecrets()
    pair = server_pair("other.example")
    data = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": AUTHORITY.certificate}
    server.put({"data": encoded(data)})
    replica = Replica(server)
    replica.now = pair.not_after
    await replica.keyring.look()
    assert [each.server for each in replica.used] == [pair]
    assert server.writes == 0


@pytest.mark.parametrize("fault", ["away", "damaged", "no base64"])
async def test_what_cannot_be_read_changes_nothing_and_is_said_once(fault):
    server = FakeSecrets()
    replica = Replica(server)
    await replica.keyring.look()
    if fault == "away":
        server.is_away = True
    else:
        text = {
            "damaged": encoded({"tls.crt": b"x", "tls.key": b"y"}),
            "no base64": {"tls.crt": "a"},
        }
        server.put({**server.secret, "data": text[fault]})
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            assert await replica.keyring.look()
    assert len(replica.used) == 1
    assert [line["event"] for line in logs] == ["certificate not read, the one before stays"]
    assert server.writes == 1


async def test_a_pair_that_cannot_be_served_leaves_the_one_before():
    server = FakeSecrets()
    replica = Replica(server)
    await replica.keyring.look()

    def refuse(keyring):
        raise InvalidPairError("too weak")

    replica.keyring._use = refuse
    replica.now = NOW + timedelta(days=25)
    with structlog.testing.capture_logs() as logs:
        assert await replica.keyring.look()
    assert [line.get("reason") for line in logs] == [None, "too weak"]


async def test_no_key_is_logged():
    server = FakeSecrets()
    with structlog.testing.capture_logs() as logs:
        await Replica(server).keyring.look()
        damaged = to_data(new_keyring(NAMES, NOW)) | {"tls.key": b"something private"}
        server.put({"data": encoded(damaged)})
        await Replica(server).keyring.look()
    assert len(logs) == 2
    assert "PRIVATE" not in str(logs)
    assert "something" not in str(logs)


def encoded(data):
    return {name: base64.b64encode(content).decode() for name, content in data.items()}
