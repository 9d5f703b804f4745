"""gRPC as JSON: which listeners transcode, and descriptors that Envoy would refuse."""

from __future__ import annotations

import base64

import pytest
from envoy.extensions.filters.http.grpc_json_transcoder.v3 import transcoder_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from google.protobuf import descriptor_pb2

from straightway import openinference
from straightway.api import GrpcJsonTranscoder
from straightway.routing.istio.transcoders import transcoder_of
from straightway.translate.key_filters import key_filters
from straightway.translate.transcoding import FILTER_NAME, transcoder_filter
from tests.support.configs import GATEWAY, istio, reviewed, service
from tests.support.world import parsed

SERVICE = "inference.GRPCInferenceService"
BUILTIN = "builtinProtoDescriptor: kserve_predict_v2"
FILES = descriptor_pb2.FileDescriptorSet.FromString(openinference.descriptor()).file


def transcoder(spec: str, name: str = "t", namespace: str = "default") -> str:
    return istio("ASMGrpcJsonTranscoder", name, f"isGateway: true\n{spec}", namespace)


def own(files, services: str = SERVICE) -> str:
    encoded = descriptor_pb2.FileDescriptorSet(file=files).SerializeToString()
    text = base64.b64encode(encoded).decode()
    return transcoder(f"services: [{services}]\nprotoDescriptorBin: {text}")


def filters(config) -> list[str]:
    (listener,) = config.listeners
    (chain,) = listener.filter_chains
    manager = http_connection_manager_pb2.HttpConnectionManager()
    chain.filters[0].typed_config.Unpack(manager)
    return [each.name for each in manager.http_filters]


def findings(text: str) -> list[tuple[str, str]]:
    _, problems = reviewed(text)
    return [(each.code, each.path) for each in problems]


@pytest.mark.parametrize(
    ("text", "transcodes"),
    [
        (transcoder(BUILTIN), True),
        (transcoder(f"{BUILTIN}\nportNumber: 80"), True),
        (transcoder(f"{BUILTIN}\nportNumber: 81"), False),
        (transcoder(f"{BUILTIN}\nworkloadSelector: {{labels: {{istio: gw}}}}"), True),
        (transcoder(f"{BUILTIN}\nworkloadSelector: {{istio: other}}"), False),
        (transcoder(BUILTIN, namespace="shop"), False),
        (istio("ASMGrpcJsonTranscoder", "t", f"isGateway: false\n{BUILTIN}"), False),
        (own(FILES), True),
        (own(FILES[:1]), False),
    ],
)
def test_a_transcoder_chooses_ports_of_gateways_in_its_namespace(gateway_of, text, transcodes):
    assert (FILTER_NAME in filters(gateway_of(GATEWAY, text))) is transcodes


@pytest.mark.parametrize("first", [False, True])
def test_it_stands_behind_the_headers_of_subsets_unless_it_must_come_first(gateway_of, first):
    text = transcoder(f"{BUILTIN}\ntranscodeFirst: {str(first).lower()}")
    keys = [each.name for each in key_filters(everywhere=False)]

    chain = filters(gateway_of(GATEWAY, text))

    expected = [FILTER_NAME, *keys] if first else [*keys, FILTER_NAME]
    assert chain == [*expected, "envoy.filters.http.router"]


def test_every_transcoder_of_a_port_stands_in_the_chain(gateway_of):
    one, other = transcoder(BUILTIN, "a"), transcoder(BUILTIN, "b")

    assert filters(gateway_of(GATEWAY, one, other)).count(FILTER_NAME) == 2


def test_options_are_handed_on(gateway_of):
    options = """
convertGrpcStatus: true
ignoredQueryParameters: [key]
ignoreUnknownQueryParameters: true
autoMapping: true
printOptions: {addWhitespace: true, preserveProtoFieldNames: true}
"""
    text = transcoder(BUILTIN + options)
    (listener,) = gateway_of(GATEWAY, text).listeners
    manager = http_connection_manager_pb2.HttpConnectionManager()
    listener.filter_chains[0].filters[0].typed_config.Unpack(manager)
    config = transcoder_pb2.GrpcJsonTranscoder()
    manager.http_filters[-2].typed_config.Unpack(config)

    assert list(config.services) == [SERVICE]
    assert config.match_incoming_request_route
    assert config.convert_grpc_status
    assert list(config.ignored_query_parameters) == ["key"]
    assert config.ignore_unknown_query_parameters
    assert config.auto_mapping
    assert config.print_options.add_whitespace
    assert config.print_options.preserve_proto_field_names
    assert config.proto_descriptor_bin == openinference.descriptor()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (transcoder(BUILTIN), []),
        (own(FILES), []),
        (own(FILES, f"{SERVICE}, {SERVICE}"), []),
        (own(FILES[1:]), [("invalid-descriptor", "spec.protoDescriptorBin")]),
        (own(reversed(FILES)), [("invalid-descriptor", "spec.protoDescriptorBin")]),
        (
            transcoder(f"services: [{SERVICE}]\nprotoDescriptorBin: AAAA"),
            [("invalid-descriptor", "spec.protoDescriptorBin")],
        ),
        (
            own(FILES, f"{SERVICE}, GRPCInferenceService"),
            [("descriptor-lacks-service", "spec.services[1]")],
        ),
    ],
)
def test_descriptors_that_envoy_would_refuse_are_found(text, found):
    assert findings(text) == found


def test_the_sizes_of_bodies_are_those_of_the_transcoder():
    def limits(text):
        (item,) = parsed(transcoder(text)).values()
        assert isinstance(item, GrpcJsonTranscoder)
        config = transcoder_filter(transcoder_of(item)).config
        assert isinstance(config, transcoder_pb2.GrpcJsonTranscoder)
        return config.max_request_body_size.value, config.max_response_body_size.value

    assert limits(BUILTIN) == (65 << 20, 65 << 20)
    assert limits(f"{BUILTIN}\nmaxRequestBodySize: 7\nmaxResponseBodySize: 8") == (7, 8)


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("{name: main, port: 80}", [("transcoded-port-not-grpc", "spec.services")]),
        ("{name: http, port: 80}", [("transcoded-port-not-grpc", "spec.services")]),
        ("{name: grpc, port: 80}", []),
        ("{name: grpc-v2, port: 80}", []),
        ("{name: main, port: 80, appProtocol: grpc}", []),
        ("{name: main, port: 80, appProtocol: kubernetes.io/h2c}", []),
    ],
)
def test_a_transcoded_port_whose_service_is_not_known_to_speak_grpc_is_found(port, found):
    routes = "{hosts: ['*'], gateways: [gw], http: [{route: [{destination: {host: model}}]}]}"
    text = transcoder(f"{BUILTIN}\nworkloadSelector: {{labels: {{istio: gw}}}}")
    _, problems = reviewed(
        GATEWAY, service("model", port), istio("VirtualService", "vs", routes), text
    )

    assert [(each.code, each.path) for each in problems] == found
    assert not any(each.is_error for each in problems)
