"""Config that is right in itself, and that Envoy rejects: the log says why, and whose it is."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator

import pytest
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2

from tests.support.envoy import GATEWAY_LABELS
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import gateway, virtual_service
from tests.support.ports import free_port
from tests.support.waiting import eventually


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that some other program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken_is_logged_in_envoys_words_and_harms_no_other(
    variant: str, mesh: Mesh, taken_port: int
) -> None:
    good, free = free_port(), free_port()
    routes = [{"directResponse": {"status": 200}}]
    mesh.config.write(
        "good.yaml", gateway("good", NAMESPACE, selector=GATEWAY_LABELS, ports=[good])
    )
    mesh.config.write(
        "routes.yaml", virtual_service("routes", NAMESPACE, routes, gateways=["good", "late"])
    )
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(good)
    client = mesh.http_client(good)

    def late(port: int) -> str:
        """Write a second Gateway."""
        it = gateway("late", NAMESPACE, selector=GATEWAY_LABELS, ports=[port])
        return str(mesh.config.write("late.yaml", it))

    with Load(lambda: client.send("/"), rate=100) as load:
        load.wait_for_more(10)
        file = late(taken_port)
        [line] = eventually(
            lambda: mesh.control_plane.logs("proxy rejected config"), what="the rejection"
        )
        load.wait_for_more()
        # What is put right is taken.
        late(free)
        envoy.wait_for_listener(free)
        load.wait_for_more(10)

    assert load.failures == []
    assert line["level"] == "error"
    assert line["type"] == "Listener"
    assert line["node"].startswith("router~")
    assert f"cannot bind '127.0.0.1:{taken_port}': Address" in line["envoy_says"]
    assert line["resources"] == [f"127.0.0.1_{taken_port}"]
    assert line["comes_from"] == [f"Gateway {NAMESPACE}/late ({file}:1)"]
    # A rejection is not answered with the same again.
    assert len(mesh.control_plane.logs("proxy rejected config")) == 1


def descriptor_that_only_envoy_rejects() -> str:
    """A whole descriptor with a path template that is none, in base64."""
    file = descriptor_pb2.FileDescriptorProto(
        name="odd.proto",
        package="odd",
        syntax="proto3",
        dependency=[annotations_pb2.DESCRIPTOR.name],
    )
    file.message_type.add(name="Nothing")
    method = file.service.add(name="Odd").method.add(
        name="Call", input_type=".odd.Nothing", output_type=".odd.Nothing"
    )
    method.options.Extensions[annotations_pb2.http].get = "no/leading/slash"
    files = descriptor_pb2.FileDescriptorSet(file=[])
    for imported in (descriptor_pb2, http_pb2, annotations_pb2):
        imported.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().CopyFrom(file)
    return base64.b64encode(files.SerializeToString()).decode()


def test_a_rejected_listener_is_traced_to_its_transcoder(mesh: Mesh) -> None:
    port = mesh.open_port()
    routes = [{"directResponse": {"status": 200}}]
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(port)
    file = mesh.config.write(
        "transcoder.yaml",
        {
            "apiVersion": "istio.alibabacloud.com/v1beta1",
            "kind": "ASMGrpcJsonTranscoder",
            "metadata": {"name": "odd", "namespace": "istio-system"},
            "spec": {
                "workloadSelector": {"labels": GATEWAY_LABELS},
                "isGateway": True,
                "protoDescriptorBin": descriptor_that_only_envoy_rejects(),
                "services": ["odd.Odd"],
            },
        },
    )

    [line] = eventually(
        lambda: mesh.control_plane.logs("proxy rejected config"), what="the rejection"
    )
    assert line["type"] == "Listener"
    assert f"ASMGrpcJsonTranscoder istio-system/odd ({file}:1)" in line["comes_from"]
    assert any(item.startswith("Gateway ") for item in line["comes_from"])
    assert not any("VirtualService" in item for item in line["comes_from"])
    assert mesh.http_client(port).send("/").status == 200
