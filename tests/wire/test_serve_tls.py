"""`straightway serve` with TLS, as users run it: certificates in files that change."""

from __future__ import annotations

import asyncio
import ssl

import grpc
import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from straightway.certificates import issue
from straightway.discovery import LISTENER, Variant
from tests.support.calls import read
from tests.support.certificates import AUTHORITY, NOW, server_pair, spiffe_pair, write_pair
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.discovery import WireClient, secure_channel
from tests.support.objects import destination_rule, gateway
from tests.support.ports import free_port
from tests.support.waiting import eventually_async

DELTA = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
GATEWAY = "router~10.0.0.2~gw-1.{0}~{0}.svc.cluster.local"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "gw-1", "namespace": "shop", "labels": {"app": "front"}},
    "spec": {"serviceAccountName": "gateway", "containers": []},
}


@pytest.fixture
def config(tmp_path):
    config = ConfigFolder(tmp_path / "config")
    front = gateway("front", "shop", selector={"app": "front"}, ports=[8001])
    config.write("gateway.yaml", front, POD, destination_rule("a.example", "bank"))
    return config


@pytest.fixture
def start(config, tmp_path):
    """Start a control plane that demands client certificates; gives it and its TLS port."""
    started = []

    def start(*options):
        port = free_port()
        certificate, key = write_pair(tmp_path, server_pair())
        (tmp_path / "ca.crt").write_bytes(AUTHORITY.certificate)
        control_plane = ControlPlane(
            config,
            tmp_path,
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            *("--xds-client-ca", str(tmp_path / "ca.crt")),
            *("--xds-tls-address", f"127.0.0.1:{port}"),
            *options,
        )
        started.append(control_plane)
        control_plane.start()
        return control_plane, port

    yield start
    for control_plane in started:
        control_plane.close()


def stream(channel, namespace="shop"):
    return WireClient(channel, DELTA, Variant.DELTA, GATEWAY.format(namespace), "any")


async def listeners(client):
    """The names of the listeners in the next response."""
    response = DeltaDiscoveryResponse.FromString(await read(client.call, bytes))
    return {each.name for each in response.resources}


async def test_a_certificate_is_exchanged_without_ending_a_stream(start, config, tmp_path):
    control_plane, port = start()
    async with secure_channel(port, client=spiffe_pair("shop", "gateway")) as channel:
        client = stream(channel)
        await client.ask(LISTENER)
        assert await listeners(client) == {"127.0.0.1_8001"}

        renewed = issue(AUTHORITY, ["localhost"], NOW)
        write_pair(tmp_path, renewed)
        await eventually_async(lambda: control_plane.logs("certificate renewed"))
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        assert pem == renewed.certificate.decode()

        config.edit("gateway.yaml", "8001", "8002")
        assert await listeners(client) == {"127.0.0.1_8002"}
        assert control_plane.logs("proxy disconnected") == []


async def test_a_certificate_of_another_namespace_is_refused_and_logged(start):
    control_plane, port = start()
    async with secure_channel(port, client=spiffe_pair("bank", "gateway")) as channel:
        client = stream(channel, "shop")
        await client.ask(LISTENER)
        code, details = await client.status()
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "in namespace 'shop', but proves to be of service account bank/gateway" in details
    [line] = control_plane.logs("proxy refused")
    assert (line["level"], line["service_account"]) == ("warning", "bank/gateway")


async def test_with_a_port_of_their_own_for_certificates_the_other_demands_none(start):
    demanding = free_port()
    _, port = start("--xds-mtls-address", f"127.0.0.1:{demanding}")
    async with secure_channel(port) as channel:
        code, details = await stream(channel).status()
    assert (code, details) == (grpc.StatusCode.UNAUTHENTICATED, "show a client certificate")
    async with secure_channel(demanding) as channel:
        assert (await stream(channel).status())[0] is grpc.StatusCode.UNAVAILABLE


async def test_anonymous_proxies_are_served_as_what_they_claim_and_that_is_warned_of(start):
    control_plane, port = start("--xds-anonymous", "--xds-mtls-address", f"127.0.0.1:{free_port()}")
    [warning] = control_plane.logs(level="warning")
    assert "--xds-anonymous" in warning["remedy"]
    async with secure_channel(port) as channel:
        client = stream(channel)
        await client.ask(LISTENER)
        # Its node claims no labels, so no Gateway is for it.
        assert await listeners(client) == set()


async def test_a_file_without_a_certificate_ends_the_start_with_a_word_about_it(config, tmp_path):
    _, key = write_pair(tmp_path, server_pair())
    control_plane = ControlPlane(
        config, tmp_path, "--tls-cert", str(key), "--tls-key", str(key), "--xds-anonymous"
    )
    with pytest.raises(RuntimeError, match="ended with 1"):
        control_plane.start()
    assert "there is no certificate in PEM" in control_plane.tail()
