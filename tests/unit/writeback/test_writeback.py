"""Writing back as a whole: a control loop, proxies and an API server in memory, virtual time."""

from __future__ import annotations

import asyncio

import pytest
import yaml

import straightway.writeback.teller as teller_module
from straightway.discovery import (
    LISTENER,
    Delivery,
)
from straightway.writeback.conditions import Verdict
from straightway.writeback.desired import ACCEPTED, PROGRAMMED, RESOLVED_REFS, desired
from tests.support import virtual_time
from tests.support.configs import entry, istio, service
from tests.support.control import running
from tests.support.mistakes import OurMistakeError, errors
from tests.support.writing_back import GATEWAY, WEB, Cluster, leading, routes


def test_objects_get_conditions_and_keep_them():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            assert cluster.condition("VirtualService", "routes", ACCEPTED) == (
                Verdict.TRUE,
                "Accepted",
                "1",
            )
            assert cluster.condition("Gateway", "gw", PROGRAMMED)[1] == "NoProxies"
            cluster.connect("one")
            await asyncio.sleep(50)
            for kind, name in (("VirtualService", "routes"), ("Gateway", "gw")):
                assert cluster.condition(kind, name, PROGRAMMED)[:2] == ("True", "Programmed")
            writes = cluster.back.writer.writes
            cluster.connect("two")
            await asyncio.sleep(500)
            assert cluster.back.writer.writes == writes

    virtual_time.run(main())


def test_a_broken_version_is_told_while_the_good_one_serves():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            cluster.connect("one")
            await asyncio.sleep(50)
            cluster.apply(istio("VirtualService", "routes", "{hosts: ['*'], nonsense: 1}"))
            await asyncio.sleep(50)
            assert cluster.condition("VirtualService", "routes", ACCEPTED) == (
                "False",
                "Invalid",
                "2",
            )
            # What serves is the first version still, and the proxies have that.
            programmed = cluster.condition("VirtualService", "routes", PROGRAMMED)
            assert programmed == ("True", "Programmed", "1")
            assert ("routes", "UnknownField") in cluster.events()

    virtual_time.run(main())


def test_a_gateway_of_which_nothing_is_translated_is_not_programmed_though_proxies_accept_it():
    async def main():
        https = GATEWAY.replace("protocol: HTTP", "protocol: HTTPS")
        async with leading(Cluster(), WEB, https) as cluster:
            cluster.connect("one")
            await asyncio.sleep(50)
            assert cluster.condition("Gateway", "gw", ACCEPTED)[0] == "True"
            assert cluster.condition("Gateway", "gw", PROGRAMMED)[:2] == ("False", "NotTranslated")
            message = cluster.api.conditions(cluster.path("Gateway", "gw"))[PROGRAMMED]["message"]
            assert "spec.servers[0].port.protocol: HTTPS servers" in message

            cluster.apply(GATEWAY)
            await asyncio.sleep(50)
            assert cluster.condition("Gateway", "gw", PROGRAMMED) == ("True", "Programmed", "2")
            cluster.apply(https)
            await asyncio.sleep(50)
            programmed = cluster.condition("Gateway", "gw", PROGRAMMED)
            assert programmed == ("False", "NotTranslated", "3")

    virtual_time.run(main())


def test_a_check_of_another_object_changes_the_status():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes("late")) as cluster:
            found = cluster.condition("VirtualService", "routes", RESOLVED_REFS)
            assert found[:2] == ("False", "UnknownHost")
            cluster.apply(service("late", "{name: http, port: 80}"))
            await asyncio.sleep(50)
            found = cluster.condition("VirtualService", "routes", RESOLVED_REFS)
            assert found[:2] == ("True", "ResolvedRefs")

    virtual_time.run(main())


def test_a_new_generation_that_means_the_same_is_observed():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            cluster.apply(routes())
            await asyncio.sleep(50)
            assert cluster.condition("VirtualService", "routes", ACCEPTED)[2] == "2"

    virtual_time.run(main())


def test_endpoints_have_a_status_only_while_something_is_wrong():
    async def main():
        workload = entry("a", {"app": "web"}, "10.0.0.1")
        async with leading(Cluster(), WEB, GATEWAY, workload) as cluster:
            for number in range(20):
                cluster.apply(entry("a", {"app": "web", "n": str(number)}, "10.0.0.1"))
                await asyncio.sleep(5)
            path = cluster.path("WorkloadEntry", "a")
            assert cluster.api.objects[path]["status"] == {}
            cluster.apply(entry("a", {"app": "web"}, "some.host.example"))
            await asyncio.sleep(50)
            found = cluster.condition("WorkloadEntry", "a", RESOLVED_REFS)
            assert found[:2] == ("False", "AddressNotResolved")
            assert cluster.condition("WorkloadEntry", "a", PROGRAMMED)[0] is None
            cluster.apply(workload)
            await asyncio.sleep(50)
            assert cluster.api.objects[path]["status"] == {}

    virtual_time.run(main())


def test_a_rejection_is_told_on_the_objects_behind_it_until_it_is_over():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            client = cluster.connect("one")
            await asyncio.sleep(50)
            words = "Error adding/updating listener(s) 0.0.0.0_80: Address already in use"
            cluster.reject(client, LISTENER, words, ["0.0.0.0_80"])
            await asyncio.sleep(50)
            assert cluster.condition("Gateway", "gw", PROGRAMMED)[:2] == ("False", "Rejected")
            message = cluster.api.conditions(cluster.path("Gateway", "gw"))[PROGRAMMED]["message"]
            assert message.startswith(
                "0 of 1 proxy at the leader has it. Proxy one rejects it: Error adding"
            )
            assert ("gw", "Rejected") in cluster.events()
            cluster.accept(client)
            cluster.proxies.found = [Delivery(client, True, False, True)]
            await asyncio.sleep(50)
            assert cluster.condition("Gateway", "gw", PROGRAMMED)[:2] == ("True", "Programmed")

    virtual_time.run(main())


def test_nothing_is_said_of_a_version_that_is_not_in_force_yet():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            cluster.connect("one")
            await asyncio.sleep(50)
            path = cluster.path("VirtualService", "routes")
            cluster.apply(routes("elsewhere"))
            # The control loop waits for ten quiet seconds.
            for _ in range(9):
                cluster.back.stream_opened(cluster.proxies.found[0].client)
                cluster.back._touch(cluster.reference("VirtualService", "routes"))
                await asyncio.sleep(1)
                for condition in cluster.api.conditions(path).values():
                    assert condition["observedGeneration"] == "1"
            await asyncio.sleep(50)
            assert cluster.condition("VirtualService", "routes", PROGRAMMED)[2] == "2"

    virtual_time.run(main())


def test_an_object_that_is_deleted_causes_no_write():
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            cluster.delete("VirtualService", "routes")
            await asyncio.sleep(50)
            writes = cluster.back.writer.writes
            # It comes back as another object by the same name.
            cluster.apply(routes())
            await asyncio.sleep(50)
            assert cluster.condition("VirtualService", "routes", ACCEPTED)[0] == "True"
            assert cluster.back.writer.writes > writes

    virtual_time.run(main())


def test_the_next_leader_starts_with_what_the_last_one_said():
    async def main():
        cluster = Cluster()
        async with leading(cluster, WEB, GATEWAY, routes()):
            cluster.connect("one")
            await asyncio.sleep(50)
        before = {path: dict(body["metadata"]) for path, body in cluster.api.objects.items()}
        cluster.proxies.found.clear()
        for body in cluster.api.objects.values():
            if "generation" in body["metadata"]:
                body["metadata"]["generation"] = 0
        async with leading(cluster, WEB, GATEWAY, routes()):
            await asyncio.sleep(100)
            for kind, name in (("VirtualService", "routes"), ("Gateway", "gw")):
                path = cluster.path(kind, name)
                version = cluster.api.objects[path]["metadata"]["resourceVersion"]
                assert version == before[path]["resourceVersion"]
            assert cluster.condition("Gateway", "gw", PROGRAMMED)[0] == "True"

    virtual_time.run(main())


def test_a_replica_that_does_not_lead_keeps_nothing():
    async def main():
        cluster = Cluster()
        cluster.start()
        async with running(cluster.desk):
            cluster.apply(WEB, GATEWAY, routes("nowhere"))
            cluster.connect("one")
            cluster.back.nacked(cluster.proxies.found[0].client, LISTENER, "no", ["x"])
            await asyncio.sleep(50)
            assert not cluster.back._dirty
            assert not cluster.back._knowledge._problems
            assert not cluster.back._progress.is_under_way
            assert cluster.api.log == []

    virtual_time.run(main())


@pytest.mark.parametrize("hostname", [False, True])
def test_a_gateway_has_the_address_of_the_service_in_front_of_its_proxies(hostname):
    async def main():
        front = yaml.safe_load(
            service(
                "front", "{name: http, port: 80}", selector={"tier": "front"}, type="LoadBalancer"
            )
        )
        ingress = {"hostname": "lb.example"} if hostname else {"ip": "203.0.113.7"}
        async with leading(Cluster(), WEB, GATEWAY, yaml.safe_dump(front)) as cluster:
            path = cluster.path("Gateway", "gw")
            assert "addresses" not in cluster.api.objects[path]["status"]
            front["status"] = {"loadBalancer": {"ingress": [ingress]}}
            cluster.apply(yaml.safe_dump(front))
            await asyncio.sleep(50)
            [address] = cluster.api.objects[path]["status"]["addresses"]
            assert address["value"] in ingress.values()
            assert address["type"] == ("Hostname" if hostname else "IPAddress")

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("mistaken_at", "kind", "name"),
    [("VirtualService", "Gateway", "gw"), ("Gateway", "VirtualService", "routes")],
)
def test_a_mistake_at_one_object_costs_no_other_its_status(
    monkeypatch, log_lines, mistaken_at, kind, name
):
    async def main():
        async with leading(Cluster(), WEB, GATEWAY, routes()) as cluster:
            assert cluster.condition(kind, name, ACCEPTED)[0] == Verdict.TRUE

    def mistaken(facts, **more):
        if facts.reference.kind == mistaken_at:
            raise OurMistakeError
        return desired(facts, **more)

    monkeypatch.setattr(teller_module, "desired", mistaken)
    virtual_time.run(main())
    assert errors(log_lines)
