"""Refused proxies in the log: each kind once a minute."""

from __future__ import annotations

import asyncio

import structlog

from straightway.identities.refusals import EVERY, RefusalLog
from tests.support import virtual_time


def logged(scenario):
    async def run():
        with structlog.testing.capture_logs() as logs:
            await scenario(RefusalLog())
        return [
            (line["reason"], line.get("peer"), line.get("times_since_last_logged")) for line in logs
        ]

    return virtual_time.run(run())


def test_each_kind_is_logged_once_and_counted():
    async def scenario(log):
        for _ in range(5):
            log.log("a", "wrong", peer="1")
        log.log("b", "other", peer="2")
        await asyncio.sleep(EVERY)
        log.log("a", "wrong", peer="1")
        await asyncio.sleep(EVERY)
        log.log("a", "wrong", peer="1")

    assert logged(scenario) == [
        ("wrong", "1", None),
        ("other", "2", None),
        ("wrong", "1", 4),
        ("wrong", "1", None),
    ]


def test_many_kinds_do_not_fill_the_memory():
    async def scenario(log):
        for number in range(3000):
            log.log(number, "wrong")
        assert len(log._logged) <= 1000

    assert len(logged(scenario)) == 3000
