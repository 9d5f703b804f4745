"""The CA in all namespaces: what is written, and when."""

from __future__ import annotations

from typing import Any

import pytest

from straightway.certificates.publishing import AuthorityPublisher
from straightway.kubernetes import ApiError, UnreachableError


class Server:
    """Keeps what is written; ``errors`` are raised for the namespaces that they name."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.errors: dict[str, Exception] = {}

    async def request(self, method: str, path: str, *, body: Any = None, **_: Any) -> Any:
        namespace = body["metadata"]["namespace"]
        assert path == f"/api/v1/namespaces/{namespace}/configmaps/straightway-ca"
        if error := self.errors.get(namespace):
            raise error
        self.written.append((namespace, body["data"]["ca.crt"]))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def publisher(server: Server) -> AuthorityPublisher:
    publisher = AuthorityPublisher(server, lambda: True)
    publisher.use("CA 1")
    publisher.came(["a", "b"])
    return publisher


async def test_each_namespace_gets_it_once(server: Server, publisher: AuthorityPublisher):
    await publisher.write_due()
    publisher.came(["b", "c"])
    await publisher.write_due()

    assert server.written == [("a", "CA 1"), ("b", "CA 1"), ("c", "CA 1")]


async def test_a_new_ca_goes_everywhere(server: Server, publisher: AuthorityPublisher):
    await publisher.write_due()
    server.written.clear()
    publisher.went(["a"])
    publisher.use("CA 2")
    await publisher.write_due()

    assert server.written == [("b", "CA 2")]


async def test_a_namespace_that_is_being_deleted_costs_the_others_nothing(
    server: Server, publisher: AuthorityPublisher
):
    server.errors["a"] = ApiError(403, "Forbidden", "the namespace is being terminated")
    await publisher.write_due()
    server.errors.clear()
    await publisher.write_due()

    assert server.written == [("b", "CA 1")]


async def test_what_is_refused_is_not_asked_for_again_and_again(
    server: Server, publisher: AuthorityPublisher
):
    server.errors["a"] = ApiError(
        422, "Invalid", "data: field is immutable when `immutable` is set"
    )
    await publisher.write_due()
    server.errors.clear()
    await publisher.write_due()

    assert server.written == [("b", "CA 1")]


async def test_a_replica_that_stops_leading_in_the_middle_writes_no_more():
    server = Server()
    # Another leads by then, and may have written newer authorities.
    publisher = AuthorityPublisher(server, lambda: not server.written)
    publisher.use("CA 1")
    publisher.came(["a", "b"])
    await publisher.write_due()

    assert server.written == [("a", "CA 1")]


@pytest.mark.parametrize(
    "error", [UnreachableError("refused"), ApiError(500, "InternalError", "etcd")]
)
async def test_what_fails_is_tried_again(
    server: Server, publisher: AuthorityPublisher, error: Exception
):
    server.errors["a"] = error
    await publisher.write_due()
    server.errors.clear()
    await publisher.write_due()

    assert sorted(server.written) == [("a", "CA 1"), ("b", "CA 1")]
