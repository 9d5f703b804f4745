"""One certificate for HTTPS and gRPC servers, exchanged while they serve."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from straightway.certificates import (
    InvalidPairError,
    KeyPair,
    ServerTls,
    make_authority,
    pairs,
    serving,
)
from tests.support.certificates import AUTHORITY, NOW, server_pair, signed_pair

A, B = server_pair(), server_pair()
WITH_RSA = signed_pair(x509.DNSName("localhost"), with_rsa=True)


@asynccontextmanager
async def https(tls):
    async def echo(reader, writer):
        writer.write(await reader.readline())

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls.ssl_context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def connect(port, authority=AUTHORITY):
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )


def shown(writer):
    return writer.get_extra_info("ssl_object").getpeercert(binary_form=True)


def der(pair):
    return pair.leaf.public_bytes(Encoding.DER)


@pytest.mark.parametrize(("before", "after"), [(A, B), (A, WITH_RSA), (WITH_RSA, A)])
async def test_new_connections_get_the_new_certificate_and_old_ones_go_on(before, after):
    tls = ServerTls(before)
    async with https(tls) as port:
        reader, writer = await connect(port)
        assert shown(writer) == der(before)
        tls.use(after)
        _, second = await connect(port)
        assert shown(second) == der(after)
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"
        writer.close()
        second.close()


async def test_a_pair_that_does_not_fit_leaves_the_old_one():
    tls = ServerTls(A)
    with pytest.raises(InvalidPairError):
        tls.use(KeyPair(B.certificate, A.key))
    assert tls.pair == A
    async with https(tls) as port:
        _, writer = await connect(port)
        assert shown(writer) == der(A)
        writer.close()


async def test_who_trusts_another_authority_does_not_connect():
    async with https(ServerTls(A)) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(port, make_authority(NOW))


async def test_a_grpc_server_shows_the_current_certificate():
    tls = ServerTls(A)
    server = grpc.aio.server()
    port = server.add_secure_port("127.0.0.1:0", tls.grpc_credentials())
    await server.start()
    for pair in (A, B, WITH_RSA, A):
        tls.use(pair)
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        assert ssl.PEM_cert_to_DER_cert(pem) == der(pair)
    await server.stop(None)


def test_no_proof_that_a_key_is_good_stops_the_event_loop(monkeypatch):
    """For RSA it takes 50 ms for 2,048 bits and 330 ms for 4,096."""
    proved = []

    def load(pem, password, *, unsafe_skip_rsa_key_validation=False):
        proved.append(not unsafe_skip_rsa_key_validation)
        return load_pem_private_key(pem, password, unsafe_skip_rsa_key_validation=True)

    for module in (pairs, serving):
        monkeypatch.setattr(module, "load_pem_private_key", load, raising=False)
    ServerTls(WITH_RSA)
    assert proved
    assert not any(proved)
