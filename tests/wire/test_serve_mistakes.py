"""A control plane in which a part beside the way of the data makes a mistake: it serves on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway import webhooks
from straightway.app import Options, serve
from straightway.certificates.files import Followed
from straightway.listening import Security
from straightway.proxies.addresses import Address
from straightway.webhooks import WebhookOptions
from tests.support.certificates import server_pair, write_pair
from tests.support.mistakes import OurMistakeError, errors
from tests.support.ports import free_port
from tests.support.waiting import eventually_async


def options(tmp_path: Path) -> Options:
    config = tmp_path / "config"
    config.mkdir()
    certificate, key = write_pair(tmp_path, server_pair())
    security = Security(Address("127.0.0.1", free_port()), certificate=certificate, key=key)
    answers = WebhookOptions(Address("127.0.0.1", free_port()))
    return Options(folder=config, security=security, webhooks=answers)


@pytest.mark.parametrize(("owner", "name"), [(Followed, "look"), (webhooks, "run_webhooks")])
async def test_it_goes_on_after_a_mistake_in_its_certificates_or_webhooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
):
    right, mistakes = getattr(owner, name), iter(range(1))

    async def mistaken(*args: Any, **more: Any) -> None:
        if next(mistakes, None) is not None:
            raise OurMistakeError
        tried_again.set()
        await right(*args, **more)

    tried_again = asyncio.Event()
    monkeypatch.setattr(owner, name, mistaken)
    with capture_logs() as lines:
        serving = asyncio.create_task(serve(Address("127.0.0.1", free_port()), options(tmp_path)))
        await asyncio.wait(
            [serving, asyncio.create_task(tried_again.wait())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert not serving.done()
        await eventually_async(lambda: any(line["event"] == "listening" for line in lines))
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
    assert len(errors(lines)) == 1
