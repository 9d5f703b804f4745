"""The Secret with our certificate at a real API server, under the rights that the chart gives."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from straightway.certificates import Keyring, SecretKeyring
from straightway.kubernetes import Client, connect
from tests.support.kube import KubeServer
from tests.support.kube_client import KubeError
from tests.support.waiting import eventually

NAME = "straightway-tls"
NAMES = ["straightway.example"]


@pytest.fixture
def account(kube: KubeServer, namespace: str) -> str:
    """A token with no other rights than for this one Secret."""
    token = kube.service_account(namespace, "straightway")
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [NAME],
        "verbs": ["get", "create", "patch"],
    }
    metadata = {"name": "straightway", "namespace": namespace}
    api = "rbac.authorization.k8s.io/v1"
    subject = {"kind": "ServiceAccount", "name": "straightway", "namespace": namespace}
    role_reference = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "straightway",
    }
    kube.apply(
        {"apiVersion": api, "kind": "Role", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": api,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": role_reference,
            "subjects": [subject],
        },
    )
    path = f"/api/v1/namespaces/{namespace}/secrets/{NAME}"

    def may_read() -> bool:
        try:
            kube.request("GET", path, token=token)
        except KubeError as error:
            return error.status == 404
        return True

    eventually(may_read, what="RBAC is in force")
    return token


class Replica:
    def __init__(self, client: Client, namespace: str) -> None:
        self.used: list[Keyring] = []
        self.now = datetime.now(UTC)
        self.keyring = SecretKeyring(
            client, namespace, NAME, NAMES, self.used.append, now=lambda: self.now
        )


@asynccontextmanager
async def connected(kube: KubeServer, token: str) -> AsyncIterator[Client]:
    async with connect(kube.kubeconfig(token)) as client:
        yield client


async def test_replicas_that_start_at_once_agree(kube, namespace, account):
    async with connected(kube, account) as client:
        replicas = [Replica(client, namespace) for _ in range(5)]
        await asyncio.gather(*(each.keyring.start() for each in replicas))
    assert {len(each.used) for each in replicas} == {1}
    assert len({each.used[0].bundle for each in replicas}) == 1


async def test_a_keyring_is_renewed_and_all_that_is_over_is_removed(kube, namespace, account):
    async with connected(kube, account) as client:
        leader = Replica(client, namespace)
        await leader.keyring.start()
        before = entries(kube, namespace)
        for days in (250, 252):
            leader.now = datetime.now(UTC) + timedelta(days=days)
            await leader.keyring.look()
        after = entries(kube, namespace)
    assert len(leader.used) == 3
    assert before.keys() == after.keys()
    assert before["authority.key"] != after["authority.key"]


async def test_one_who_was_too_slow_overwrites_nothing(kube, namespace, account):
    async with connected(kube, account) as client:
        first, second = Replica(client, namespace), Replica(client, namespace)
        await first.keyring.start()
        for each in (first, second):
            each.now = datetime.now(UTC) + timedelta(days=25)
        await asyncio.gather(first.keyring.look(), second.keyring.look())
        await first.keyring.look()
        await second.keyring.look()
    assert first.used[-1] == second.used[-1]


def entries(kube: KubeServer, namespace: str) -> dict[str, bytes]:
    path = f"/api/v1/namespaces/{namespace}/secrets/{NAME}"
    secret: dict[str, Any] = kube.request("GET", path)
    return {name: base64.b64decode(content) for name, content in secret["data"].items()}
