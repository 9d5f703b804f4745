"""`straightway serve`: the options about the webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from straightway import app
from straightway.proxies.addresses import Address
from straightway.webhooks import WebhookOptions

FILES = ("--tls-cert", "tls.crt", "--tls-key", "tls.key", "--xds-anonymous")
WEBHOOKS = ("--webhook-address", "0.0.0.0:9443")
ADDRESS = Address("0.0.0.0", 9443)


@pytest.fixture
def serve(straightway, monkeypatch):
    """Return what a run ended with, and the options of the webhooks."""
    calls: list[Any] = []

    async def served(*arguments: Any) -> None:
        calls.append(arguments)

    monkeypatch.setattr(app, "serve", served)
    monkeypatch.setattr("straightway.logs.configure", lambda *_: None)

    def run(*arguments: str) -> tuple[Any, WebhookOptions | None]:
        ended = straightway("serve", "--config", "configs", "--no-state", *arguments)
        return ended, calls[-1][1].webhooks if calls else None

    return run


def test_by_default_there_are_no_webhooks(serve):
    ended, webhooks = serve(*FILES)
    assert (ended.code, webhooks) == (0, None)


def test_they_take_the_certificate_of_the_xds_port(serve):
    ended, webhooks = serve(*FILES, *WEBHOOKS)
    assert (ended.code, webhooks) == (0, WebhookOptions(ADDRESS))


def test_audience_and_revision_are_those_of_serve(serve):
    more = ("--kubernetes", "--revision", "blue", "--xds-token-audience", "mine")
    _, webhooks = serve(*FILES, *WEBHOOKS, *more)
    assert webhooks == WebhookOptions(ADDRESS, token_audience="mine", revision="blue")


def test_sidecars_have_an_address_and_an_image(serve):
    more = ("--sidecar-xds", "straightway.infra.svc:15012", "--sidecar-image", "registry/envoy:1")
    _, webhooks = serve(*FILES, *WEBHOOKS, *more)
    xds = Address("straightway.infra.svc", 15012)
    assert webhooks == WebhookOptions(ADDRESS, xds, "registry/envoy:1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (WEBHOOKS, "--webhook-address needs a certificate"),
        (("--sidecar-image", "x"), "--sidecar-image needs --webhook-address"),
        (("--sidecar-xds", "a:1"), "--sidecar-xds needs --webhook-address"),
        (("--webhook-address", "9443"), "is not HOST:PORT"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(serve, arguments, words):
    ended, _ = serve(*arguments)
    assert ended.code == 2
    assert words in " ".join(ended.err.replace("│", " ").split())
