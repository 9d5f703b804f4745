"""What stands behind a service's ports."""

from __future__ import annotations

import pytest

from straightway.catalog import Catalog
from straightway.catalog.endpoints import Endpoint
from straightway.routing.istio.clusters import cluster_of
from straightway.routing.istio.destinations import ClusterKey
from straightway.routing.istio.endpoints import endpoint_blocks, endpoints_in
from straightway.routing.istio.services import resolve
from straightway.snapshots.assignments import Encoded, endpoints_of
from straightway.units import Reading
from tests.support.configs import (
    catalog_of,
    endpoint_slice,
    entry,
    istio,
    pod,
    service,
)
from tests.support.world import read

HTTP = "{name: http, port: 80, targetPort: 8080}"


def endpoints(catalog: Catalog, name: str = "web", number: int = 80) -> list[Endpoint]:
    """What stands behind a service's port, with its labels."""

    def found(reading: Reading) -> list[Endpoint]:
        registered = resolve(reading, name, "default")
        assert registered is not None
        port = registered.port(number)
        assert port is not None
        blocks = reading.make(endpoint_blocks, registered.hostname)
        return [each for block in blocks for each in endpoints_in(reading, block, registered, port)]

    return read(catalog, found)


def addresses(catalog: Catalog, name: str = "web", number: int = 80) -> list[str]:
    """Where a cluster's requests go, in order."""

    def found(reading: Reading) -> list[Encoded]:
        registered = resolve(reading, name, "default")
        assert registered is not None
        key = ClusterKey(registered.hostname, number)
        cluster = reading.make(cluster_of, key)
        assert cluster is not None
        return endpoints_of(reading, key, cluster)

    return [f"{each.value.address}:{each.value.port}" for each in read(catalog, found)]


class TestPods:
    def test_a_selector_matches_all_its_labels_in_its_namespace(self):
        catalog = catalog_of(
            service("web", HTTP, selector={"app": "web", "tier": "front"}),
            pod("both", {"app": "web", "tier": "front", "more": "x"}, "10.0.0.1"),
            pod("half", {"app": "web"}, "10.0.0.2"),
            pod("elsewhere", {"app": "web", "tier": "front"}, "10.0.0.3", "shop"),
        )

        assert addresses(catalog) == ["10.0.0.1:8080"]

    def test_a_service_without_selector_selects_nothing(self):
        catalog = catalog_of(service("web", HTTP, selector={}), pod("a", {"app": "web"}))

        assert addresses(catalog) == []

    def test_a_pod_that_is_not_ready_gets_no_requests(self):
        catalog = catalog_of(service("web", HTTP), pod("a", {"app": "web"}, ready=False))

        assert addresses(catalog) == []

    def test_a_service_may_ask_for_pods_that_are_not_ready(self):
        text = service("web", HTTP, publishNotReadyAddresses=True)
        catalog = catalog_of(text, pod("a", {"app": "web"}, ready=False))

        assert addresses(catalog) == ["10.0.0.1:8080"]

    def test_a_pod_without_address_is_none(self):
        catalog = catalog_of(service("web", HTTP), pod("a", {"app": "web"}, None))

        assert addresses(catalog) == []

    def test_a_named_target_port_is_each_pods_own(self):
        catalog = catalog_of(
            service("web", "{name: http, port: 80, targetPort: main}"),
            pod("a", {"app": "web"}, "10.0.0.1", ports={"main": 8001}),
            pod("b", {"app": "web"}, "10.0.0.2", ports={"main": 8002}),
            pod("c", {"app": "web"}, "10.0.0.3", ports={"other": 8003}),
        )

        assert addresses(catalog) == ["10.0.0.1:8001", "10.0.0.2:8002"]

    def test_labels_and_annotations_come_along(self):
        catalog = catalog_of(
            service("web", HTTP), pod("a", {"app": "web", "v": "1"}, annotations={"model": "a,b"})
        )

        (found,) = endpoints(catalog)

        assert found.labels == {"app": "web", "v": "1"}
        assert found.annotations == {"model": "a,b"}


class TestWorkloadEntries:
    def test_its_own_port_map_goes_first_then_the_target_port(self):
        catalog = catalog_of(
            service("web", "{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 90}"),
            entry("a", {"app": "web"}, "127.0.0.1", ports={"http": 7001, "grpc": 7002}),
            entry("b", {"app": "web"}, "127.0.0.2"),
        )

        assert addresses(catalog) == ["127.0.0.1:7001", "127.0.0.2:8080"]
        assert addresses(catalog, number=90) == ["127.0.0.1:7002", "127.0.0.2:90"]

    def test_a_named_target_port_is_looked_up_in_the_port_map(self):
        catalog = catalog_of(
            service("web", "{name: http, port: 80, targetPort: main}"),
            entry("a", {"app": "web"}, "127.0.0.1", ports={"main": 7001}),
            entry("b", {"app": "web"}, "127.0.0.2"),
        )

        assert addresses(catalog) == ["127.0.0.1:7001", "127.0.0.2:80"]

    def test_several_share_an_address(self):
        catalog = catalog_of(
            service("web", HTTP),
            entry("a", {"app": "web"}, "127.0.0.1", ports={"http": 7001}),
            entry("b", {"app": "web"}, "127.0.0.1", ports={"http": 7002}),
        )

        assert addresses(catalog) == ["127.0.0.1:7001", "127.0.0.1:7002"]

    def test_weight_and_locality_come_along(self):
        text = entry("a", {"app": "web"}, weight=5, locality="r/z/s")

        (found,) = endpoints(catalog_of(service("web", HTTP), text))

        assert (found.weight, found.locality) == (5, "r/z/s")

    def test_labels_of_the_spec_win_over_those_of_the_metadata(self):
        text = """
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: a, labels: {app: other, stage: dev}}
            spec: {address: 10.0.0.1, labels: {app: web}}
        """

        (found,) = endpoints(catalog_of(service("web", HTTP), text))

        assert found.labels == {"app": "web", "stage": "dev"}


class TestEndpointSlices:
    def test_they_stand_in_place_of_selected_pods_but_beside_entries(self):
        catalog = catalog_of(
            service("web", HTTP),
            pod("selected", {"app": "web"}, "10.0.0.9"),
            entry("vm", {"app": "web"}, "10.0.1.1"),
            endpoint_slice("web-1", "web", "{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}"),
        )

        assert addresses(catalog) == ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.1.1:8080"]

    def test_an_empty_slice_means_no_pod_is_ready(self):
        catalog = catalog_of(
            service("web", HTTP), pod("a", {"app": "web"}), endpoint_slice("web-1", "web", "")
        )

        assert addresses(catalog) == []

    @pytest.mark.parametrize(
        ("conditions", "count"),
        [("{ready: true}", 1), ("{}", 1), ("{ready: null}", 1), ("{ready: false}", 0)],
    )
    def test_readiness_unknown_is_read_as_ready(self, conditions, count):
        text = f"{{addresses: [10.0.0.1], conditions: {conditions}}}"

        catalog = catalog_of(service("web", HTTP), endpoint_slice("web-1", "web", text))

        assert len(addresses(catalog)) == count

    def test_their_ports_are_found_by_name(self):
        ports = "{name: grpc, port: 9000}, {name: http, port: 8000}"
        text = endpoint_slice("web-1", "web", "{addresses: [10.0.0.1]}", ports)

        assert addresses(catalog_of(service("web", HTTP), text)) == ["10.0.0.1:8000"]

    def test_the_pod_that_is_referred_to_gives_the_labels(self):
        target = "{kind: Pod, name: web-abc, namespace: default}"
        catalog = catalog_of(
            service("web", HTTP),
            pod("web-abc", {"model": "a"}, "10.0.0.1"),
            endpoint_slice("web-1", "web", f"{{addresses: [10.0.0.1], targetRef: {target}}}"),
        )

        (found,) = endpoints(catalog)

        assert found.labels == {"model": "a"}

    def test_a_dual_stack_pod_is_one_endpoint(self):
        target = "targetRef: {kind: Pod, name: web-abc}"
        catalog = catalog_of(
            service("web", HTTP),
            endpoint_slice(
                "web-a", "web", f"{{addresses: ['fd00::1'], {target}}}", address_type="IPv6"
            ),
            endpoint_slice("web-b", "web", f"{{addresses: [10.0.0.1], {target}}}"),
        )

        assert addresses(catalog) == ["10.0.0.1:8080"]

    def test_an_endpoint_in_two_slices_counts_where_it_is_ready(self):
        text = "{{addresses: [10.0.0.1], targetRef: {{kind: Pod, name: a}}, conditions: {}}}"
        ready, unready = text.format("{ready: true}"), text.format("{ready: false}")
        catalog = catalog_of(
            service("web", HTTP),
            endpoint_slice("web-a", "web", unready),
            endpoint_slice("web-b", "web", ready),
        )

        assert addresses(catalog) == ["10.0.0.1:8080"]

    def test_an_endpoint_without_address_is_none(self):
        catalog = catalog_of(
            service("web", HTTP), endpoint_slice("web-a", "web", "{addresses: []}")
        )

        assert addresses(catalog) == []


class TestServiceEntries:
    def test_listed_endpoints_are_its_own(self):
        text = istio(
            "ServiceEntry",
            "api",
            """
            hosts: [api.example.com]
            resolution: STATIC
            ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
            endpoints:
            - {address: 10.0.0.1, labels: {version: v1}}
            - {address: 10.0.0.2, ports: {http: 9000}}
            """,
        )
        catalog = catalog_of(text)

        assert addresses(catalog, "api.example.com") == ["10.0.0.1:8080", "10.0.0.2:9000"]

    def test_a_workload_selector_finds_pods_and_entries(self):
        text = istio(
            "ServiceEntry",
            "api",
            """
            hosts: [api.example.com]
            resolution: STATIC
            ports: [{number: 80, name: http, protocol: HTTP}]
            workloadSelector: {labels: {app: web}}
            """,
        )
        catalog = catalog_of(
            text, pod("a", {"app": "web"}, "10.0.0.1"), entry("b", {"app": "web"}, "10.0.0.2")
        )

        assert addresses(catalog, "api.example.com") == ["10.0.0.1:80", "10.0.0.2:80"]

    @pytest.mark.parametrize(
        ("more", "found"),
        [
            ("", ["api.example.com:80"]),
            ("endpoints: [{address: other.example.com}]", ["other.example.com:80"]),
            ("workloadSelector: {labels: {app: web}}", []),
        ],
    )
    def test_dns_resolves_its_own_host_unless_it_names_endpoints(self, more, found):
        spec = (
            "{hosts: [api.example.com], resolution: DNS, "
            f"ports: [{{number: 80, name: http, protocol: HTTP}}], {more}}}"
        )

        assert addresses(catalog_of(istio("ServiceEntry", "api", spec)), "api.example.com") == found

    def test_an_external_name_is_resolved_by_dns(self):
        text = service("web", HTTP, type="ExternalName", externalName="api.example.com")

        assert addresses(catalog_of(text)) == ["api.example.com:8080"]


def test_the_order_of_the_objects_does_not_matter():
    texts = [
        service("web", HTTP),
        entry("b", {"app": "web"}, "10.0.0.2"),
        entry("a", {"app": "web"}, "10.0.0.1"),
        endpoint_slice("web-1", "web", "{addresses: [10.0.0.3]}"),
    ]

    assert addresses(catalog_of(*texts)) == addresses(catalog_of(*reversed(texts)))


@pytest.mark.parametrize(
    ("ports", "address_type", "address"),
    [("{name: other, port: 9}", "IPv4", "10.0.0.1"), ("{name: http, port: 8080}", "FQDN", "a.com")],
)
def test_a_slice_without_the_port_or_without_ip_addresses_adds_nothing(
    ports, address_type, address
):
    found = endpoint_slice(
        "a", "web", f"{{addresses: [{address}]}}", ports, address_type=address_type
    )

    assert endpoints(catalog_of(service("web", "{name: http, port: 80}"), found)) == []
