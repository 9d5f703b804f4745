"""Transcoders: incomplete descriptors, and ports where nothing speaks gRPC."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import Gateway, GrpcJsonTranscoder, VirtualService
from straightway.catalog import CatalogCode, RegisteredService, ServicePort, keys
from straightway.catalog.labels import selects
from straightway.documents import Finding, Reference
from straightway.routing.istio.services import port_of, resolve
from straightway.routing.istio.transcoders import transcoder_of
from straightway.translate.transcoding import missing_services
from straightway.units import Reading


def check_transcoder(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Yield what is wrong with a transcoder; a transcoder with an error is left out."""
    transcoder = reading.object(GrpcJsonTranscoder, reference)
    if transcoder is None:
        return
    missing = missing_services(transcoder_of(transcoder))
    if missing is None:
        yield Finding(
            reference,
            ("spec", "protoDescriptorBin"),
            CatalogCode.INVALID_DESCRIPTOR,
            "This is not a complete FileDescriptorSet: write the base64 output of `protoc "
            "--include_imports --descriptor_set_out=FILE`.",
        )
        return
    for service in missing:
        yield Finding(
            reference,
            ("spec", "services", transcoder.spec.service_names.index(service)),
            CatalogCode.DESCRIPTOR_LACKS_SERVICE,
            f'The descriptor has no service "{service}": write its full name, with its '
            "package, or compile the descriptor from the file that defines it.",
        )
    yield from _check_ports(reading, transcoder)


def _check_ports(reading: Reading, transcoder: GrpcJsonTranscoder) -> Iterator[Finding]:
    """Report a transcoded port that leads to no service known to speak gRPC."""
    found = list(_destinations(reading, transcoder))
    if not found or any(port.speaks_http2 for _, port in found):
        return
    service, port = found[0]
    message = (
        f"Requests go to {service.hostname}, whose port {port.number} is not named as gRPC, so "
        "Envoy calls it with HTTP/1.1, which gRPC servers refuse: name the port grpc, or grpc-…, "
        "or set its appProtocol to grpc."
    )
    code = CatalogCode.TRANSCODED_PORT_NOT_GRPC
    yield Finding(transcoder.reference, ("spec", "services"), code, message)


def _destinations(
    reading: Reading, transcoder: GrpcJsonTranscoder
) -> Iterator[tuple[RegisteredService, ServicePort]]:
    for gateway in _gateways(reading, transcoder):
        for reference in reading.objects(keys.bound_to(gateway.namespaced_name)):
            virtual_service = reading.object(VirtualService, reference)
            for http in virtual_service.spec.http if virtual_service is not None else ():
                for route in http.route:
                    service = resolve(reading, route.destination.host, reference.namespace)
                    port = port_of(service, route.destination, 0) if service is not None else None
                    if service is not None and port is not None:
                        yield service, port


def _gateways(reading: Reading, transcoder: GrpcJsonTranscoder) -> Iterator[Reference]:
    """Yield the Gateways with the transcoder's port whose proxies it may apply to."""
    spec = transcoder.spec
    for reference in reading.objects(keys.of_kind(Gateway)):
        gateway = reading.object(Gateway, reference)
        if gateway is None:
            continue
        # No key that both select by has two values.
        both = {**gateway.spec.selector, **spec.workload_selector}
        ports = [server.port.number for server in gateway.spec.servers if server.is_http]
        if selects(gateway.spec.selector.items(), both) and (
            spec.port_number is None or spec.port_number in ports
        ):
            yield reference
