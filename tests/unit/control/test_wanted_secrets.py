"""Which Secrets are wanted follows the Gateways and their proxies; what was found is checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from straightway.documents import Bundle, Reference
from straightway.routing.istio.credentials import secret_reference, wanted_secrets
from straightway.units import Call
from tests.support.certificates import server_pair
from tests.support.configs import bundle, istio, service
from tests.support.control import LONG, Desk, gateway_file, synced
from tests.support.secrets import entries, secret, written
from tests.support.virtual_time import run

PAIR = server_pair("shop.example.com")
SHOP = written(secret("shop", entries(PAIR)), key="shop.yaml")
REFERENCE = secret_reference("default", "shop")
POD = """
apiVersion: v1
kind: Pod
metadata: {name: gw-1, namespace: front, labels: {app: gw}}
spec: {}
"""
PROXIES = (
    bundle(service("gw", "{name: https, port: 443}", "front", selector={"app": "gw"}), "gw.svc"),
    bundle(POD, "gw.pod"),
)


def tls_gateway(name: str, *secrets: str, mode: str = "SIMPLE") -> Bundle:
    servers = ", ".join(
        f"{{port: {{number: {443 + index}, protocol: HTTPS}}, hosts: ['*'], "
        f"tls: {{mode: {mode}, credentialName: {each}}}}}"
        for index, each in enumerate(secrets)
    )
    spec = f"{{selector: {{app: gw}}, servers: [{servers}]}}"
    return bundle(istio("Gateway", name, spec), f"{name}.yaml")


class Wanted:
    """A control loop, and what it wants of a source."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.told: list[list[str]] = []

    def __call__(self, secrets: Sequence[Reference]) -> None:
        self.told.append([secret.namespaced_name for secret in secrets])

    async def after(self, *bundles: Bundle) -> list[list[str]]:
        """Apply some bundles; return what is wanted then, if that is told."""
        before = len(self.told)
        self.desk.apply(*bundles)
        await asyncio.sleep(LONG)
        return self.told[before:]

    @property
    def codes(self) -> list[str]:
        return [
            problem.code
            for problem in self.desk.problems.standing
            if problem.code != "not-translated-yet"
        ]


@asynccontextmanager
async def following() -> AsyncIterator[Wanted]:
    async with synced() as desk:
        wanted = Wanted(desk)
        desk.control.catalog.asks_for_secrets = True
        desk.control.follow(Call(wanted_secrets), wanted)
        yield wanted


def test_nothing_is_done_while_no_gateway_names_any():
    async def scenario():
        async with following() as wanted:
            await wanted.after(gateway_file("{app: gw}"), *PROXIES, SHOP)
            assert wanted.told == []

    run(scenario())


def test_what_gateways_name_is_wanted_once_and_no_longer_than_they_do():
    async def scenario():
        async with following() as wanted:
            assert await wanted.after(tls_gateway("a", "shop", "other")) == [
                ["default/shop", "default/other"]
            ]
            assert await wanted.after(tls_gateway("b", "shop")) == []
            assert await wanted.after(tls_gateway("a", "other")) == [
                ["default/other", "default/shop"]
            ]
            assert await wanted.after(Bundle("a.yaml")) == [["default/shop"]]
            assert await wanted.after(Bundle("b.yaml")) == [[]]

    run(scenario())


def test_it_is_wanted_where_the_proxies_are():
    async def scenario():
        async with following() as wanted:
            await wanted.after(tls_gateway("a", "shop"))
            assert await wanted.after(*PROXIES) == [["front/shop"]]
            assert await wanted.after(Bundle("gw.pod")) == [["default/shop"]]

    run(scenario())


def test_authorities_of_clients_are_wanted_too():
    async def scenario():
        async with following() as wanted:
            assert await wanted.after(tls_gateway("a", "shop", mode="MUTUAL")) == [
                ["default/shop", "default/shop-cacert"]
            ]

    run(scenario())


def test_only_what_was_looked_for_is_missing():
    async def scenario():
        async with following() as wanted:
            await wanted.after(tls_gateway("a", "shop", "other"), SHOP)
            assert wanted.codes == []
            other = secret_reference("default", "other")
            wanted.desk.control.looked_up(other, is_there=False)
            await asyncio.sleep(LONG)
            assert wanted.codes == ["unknown-credential"]
            wanted.desk.control.looked_up(other, is_there=None)
            await asyncio.sleep(LONG)
            assert wanted.codes == []

    run(scenario())


def test_one_that_is_there_and_not_in_force_is_invalid():
    async def scenario():
        async with following() as wanted:
            broken = secret("shop", {**entries(PAIR), "tls.key": b"?"})
            wanted.desk.control.looked_up(REFERENCE, is_there=True)
            await wanted.after(tls_gateway("a", "shop"), written(broken, key="shop.yaml"))
            assert wanted.codes == ["invalid-credential", "invalid-private-key"]
            await wanted.after(SHOP)
            assert wanted.codes == []

    run(scenario())


def test_a_secret_that_comes_with_its_news_is_never_missed():
    async def scenario():
        async with following() as wanted:
            seen: list[str] = []
            wanted.desk.problems.listen(
                lambda added, removed: seen.extend(
                    each.code for each in added if each.code.endswith("credential")
                )
            )
            await wanted.after(tls_gateway("a", "shop"))
            wanted.desk.apply(SHOP)
            wanted.desk.control.looked_up(REFERENCE, is_there=True)
            await asyncio.sleep(LONG)
            assert seen == []

    run(scenario())
