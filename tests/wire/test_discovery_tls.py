"""TLS on the xDS port: who connects, and certificates that change under open streams."""

from __future__ import annotations

import asyncio
import ssl

import grpc

from straightway.certificates import ServerTls, make_authority
from straightway.discovery import CLUSTER, Admission
from tests.support.certificates import AUTHORITY, NOW, server_pair, spiffe_pair
from tests.support.conversation import resources
from tests.support.discovery import secure_channel


async def shown_at(port: int) -> str:
    """The certificate that a new connection is shown."""
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))


async def test_a_new_certificate_is_for_new_connections_and_streams_stay_open(serve):
    before, after = server_pair(), server_pair()
    tls = ServerTls(before)
    discovery = await serve(tls=tls)
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.delta()
    await client.ask(CLUSTER)
    assert (await client.read()).resources == {"a": "1"}

    tls.use(after)
    assert await shown_at(discovery.port) == after.certificate.decode()
    async with secure_channel(discovery.port) as channel:
        second = discovery.delta(channel=channel)
        await second.ask(CLUSTER)
        await second.read()
        discovery.cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), [])})
        assert (await client.read()).resources == {"a": "2"}
        assert (await second.read()).resources == {"a": "2"}


async def test_another_authoritys_clients_and_servers_do_not_meet(serve):
    discovery = await serve(tls=ServerTls(server_pair()))
    async with secure_channel(discovery.port, authority=make_authority(NOW)) as channel:
        code, details = await discovery.delta(channel=channel).status()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "CERTIFICATE_VERIFY_FAILED" in details
    assert discovery.server.clients() == []


async def test_a_client_without_tls_gets_nowhere(serve):
    discovery = await serve(tls=ServerTls(server_pair()))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{discovery.port}") as channel:
        code, _ = await discovery.delta(channel=channel).status()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert discovery.server.clients() == []


async def test_a_port_that_demands_client_certificates_accepts_those_of_their_authority(serve):
    seen = []

    async def authenticate(peer):
        seen.append(peer.security)
        return Admission()

    tls = ServerTls(server_pair(), client_authorities=AUTHORITY.certificate)
    discovery = await serve(tls=tls, demands_certificates=True, authenticate=authenticate)
    assert (await discovery.delta().status())[0] is grpc.StatusCode.UNAVAILABLE
    stranger = spiffe_pair("shop", "gateway", authority=make_authority(NOW))
    async with secure_channel(discovery.port, client=stranger) as channel:
        assert (await discovery.delta(channel=channel).status())[0] is grpc.StatusCode.UNAVAILABLE
    assert seen == []

    async with secure_channel(discovery.port, client=spiffe_pair("shop", "gateway")) as channel:
        client = discovery.delta(channel=channel)
        await client.ask(CLUSTER)
        discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
        assert (await client.read()).resources == {"a": "1"}
    (security,) = seen
    assert security["peer_spiffe_id"] == (b"spiffe://cluster.local/ns/shop/sa/gateway",)


async def test_authorities_of_clients_change_for_new_connections(serve):
    old, new = make_authority(NOW), make_authority(NOW)
    tls = ServerTls(server_pair(), client_authorities=old.certificate)
    discovery = await serve(tls=tls, demands_certificates=True)
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    tls.accept_clients_of(new.certificate)
    for authority, is_accepted in ((old, False), (new, True)):
        client_pair = spiffe_pair("shop", "gateway", authority=authority)
        async with secure_channel(discovery.port, client=client_pair) as channel:
            client = discovery.delta(channel=channel)
            if is_accepted:
                await client.ask(CLUSTER)
                assert (await client.read()).resources == {"a": "1"}
            else:
                assert (await client.status())[0] is grpc.StatusCode.UNAVAILABLE
