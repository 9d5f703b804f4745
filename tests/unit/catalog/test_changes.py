"""A catalog that went on change by change is the one that would be built at once."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from straightway.api import ApiObject
from straightway.catalog import Catalog
from straightway.catalog.endpoints import Endpoint
from straightway.documents import Reference
from straightway.intake import Intake
from tests.support.configs import bundle, endpoint_slice, entry, istio, pod, service

Changes = dict[Reference, ApiObject | None]

LABELS: tuple[dict[str, str], ...] = ({"app": "a"}, {"app": "b"}, {"app": "a", "tier": "x"}, {})
TARGETS = ("", "targetRef: {kind: Pod, name: one}", "targetRef: {kind: Pod, name: two}")


def _entry_spec(hosts: str, resolution: str, selected: str) -> str:
    return f"""
        hosts: [{hosts}]
        resolution: {resolution}
        ports: [{{number: 80, name: http, protocol: HTTP}}]
        {selected}
    """


def _texts() -> list[str]:
    """Several versions of each of a few objects."""
    texts = [
        service(name, "{name: http, port: 80}", selector=labels, clusterIP=address)
        for name in ("s", "t")
        for labels in LABELS
        for address in ("10.1.0.1", "None")
    ]
    texts += [
        istio("ServiceEntry", name, _entry_spec(hosts, resolution, selected))
        for name in ("e", "f")
        for hosts in ("x.com", "x.com, y.com", "s.default.svc.cluster.local")
        for resolution in ("STATIC", "DNS")
        for selected in (
            "workloadSelector: {labels: {app: a}}",
            "workloadSelector: {labels: {tier: x}}",
            "endpoints: [{address: 10.2.0.1}]",
        )
    ]
    texts += [
        pod(name, labels, address, ready=ready)
        for name in ("one", "two")
        for labels in LABELS
        for address in ("10.0.0.1", "10.0.0.2")
        for ready in (True, False)
    ]
    texts += [
        entry(name, labels, address)
        for name in ("v", "w")
        for labels in LABELS
        for address in ("10.0.0.1", "10.0.0.3")
    ]
    texts += [
        endpoint_slice(name, owner, f"{{addresses: [10.0.0.1], {target}}}, {more}")
        for name in ("p", "q")
        for owner in ("s", "t")
        for target in TARGETS
        for more in ("", "{addresses: [10.0.0.4], conditions: {ready: false}}")
    ]
    texts += [istio("DestinationRule", "r", f"host: {host}") for host in ("s", "x.com")]
    return texts


def _versions() -> dict[Reference, list[ApiObject]]:
    versions: dict[Reference, list[ApiObject]] = {}
    for text in _texts():
        ((reference, item),) = Intake().apply("folder", [bundle(text)], now=0.0).changes.items()
        assert item is not None
        versions.setdefault(reference, []).append(item)
    return versions


VERSIONS = _versions()
BATCH = st.dictionaries(
    st.sampled_from(sorted(VERSIONS)), st.integers(min_value=-1, max_value=30), max_size=4
)


def version(reference: Reference, index: int) -> ApiObject | None:
    of_object = VERSIONS[reference]
    return None if index < 0 else of_object[index % len(of_object)]


def all_endpoints(catalog: Catalog) -> Mapping[str, list[list[Endpoint]]]:
    return {
        hostname: [catalog.endpoints(registered, port) for port in registered.ports]
        for hostname, registered in catalog.services.items()
    }


@given(st.lists(BATCH, max_size=8))
def test_every_way_leads_to_the_same_catalog_and_names_what_it_touched(batches):
    catalog, objects = Catalog(), Changes()
    for batch in batches:
        changes = {reference: version(reference, index) for reference, index in batch.items()}
        before = all_endpoints(catalog)
        services = catalog.services
        # Intake names only what is there: nothing is taken out twice.
        changes = {each: item for each, item in changes.items() if item or each in objects}
        catalog, impact = catalog.changed(changes)
        objects = {each: item for each, item in (objects | changes).items() if item}

        at_once, _ = Catalog().changed(objects)
        after = all_endpoints(catalog)
        assert catalog.services == at_once.services
        assert after == all_endpoints(at_once)
        assert [rule.reference for rule in catalog.rules] == [
            rule.reference for rule in at_once.rules
        ]

        differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert differing <= impact.endpoints
        if catalog.services != services:
            assert impact.config


def test_a_change_of_a_workload_touches_its_services_alone():
    catalog, _ = Catalog().changed(
        _parsed(
            service("web", "{port: 80}"),
            service("other", "{port: 80}"),
            pod("a", {"app": "web"}),
        )
    )

    _, impact = catalog.changed(_parsed(pod("a", {"app": "web", "model": "x"})))

    assert impact.endpoints == {"web.default.svc.cluster.local"}
    assert not impact.config


def test_a_label_moved_touches_the_service_left_and_the_one_joined():
    catalog, _ = Catalog().changed(
        _parsed(service("a", "{port: 80}"), service("b", "{port: 80}"), pod("p", {"app": "a"}))
    )

    _, impact = catalog.changed(_parsed(pod("p", {"app": "b"})))

    assert impact.endpoints == {f"{name}.default.svc.cluster.local" for name in "ab"}


def test_endpoints_that_stand_in_the_cluster_are_a_change_of_config():
    spec = _entry_spec("x.com", "DNS", "workloadSelector: {labels: {app: a}}")
    catalog, _ = Catalog().changed(_parsed(istio("ServiceEntry", "e", spec)))

    _, impact = catalog.changed(_parsed(entry("v", {"app": "a"}, "host.example.com")))

    assert impact.config


def test_a_workload_that_comes_to_have_an_address_is_looked_at_for_problems_again():
    web = service("web", "{port: 80}")
    catalog, _ = Catalog().changed(_parsed(web, entry("v", {"app": "web"}, "host.example.com")))

    _, impact = catalog.changed(_parsed(entry("v", {"app": "web"}, "10.0.0.1")))

    assert impact.config


def test_the_old_catalog_stays_as_it_was():
    catalog, _ = Catalog().changed(_parsed(service("a", "{port: 80}"), pod("p", {"app": "a"})))
    before = all_endpoints(catalog)

    catalog.changed(_parsed(pod("p", {"app": "b"}), service("a", "{port: 81}")))

    assert all_endpoints(catalog) == before


def _parsed(*texts: str) -> Mapping[Reference, ApiObject | None]:
    bundles = [bundle(text, f"{index}.yaml") for index, text in enumerate(texts)]
    return Intake().apply("folder", bundles, now=0.0).changes
