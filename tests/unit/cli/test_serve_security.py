"""`straightway serve`: the options about TLS, and about who is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from straightway import app
from straightway.listening import Security, is_loopback
from straightway.proxies.addresses import Address

FILES = ("--tls-cert", "tls.crt", "--tls-key", "tls.key")
SECRET = ("--kubernetes", "--tls-secret", "straightway-system/straightway-tls")
LOCAL = Address("127.0.0.1", 18443)


@pytest.fixture
def security_of(straightway, monkeypatch):
    """Return what would be served by TLS."""
    calls: list[Any] = []

    async def serve(*arguments: Any) -> None:
        calls.append(arguments)

    monkeypatch.setattr(app, "serve", serve)
    monkeypatch.setattr("straightway.logs.configure", lambda *_: None)

    def read(*arguments: str) -> Security | None:
        run = straightway("serve", "--config", "configs", "--no-state", *arguments)
        assert run.code == 0, run.err
        security: Security | None = calls[-1][1].security
        return security

    return read


def test_by_default_there_is_no_tls(security_of):
    assert security_of() is None


def test_a_certificate_in_files(security_of):
    assert security_of(*FILES, "--xds-client-ca", "ca.crt") == Security(
        address=LOCAL,
        certificate=Path("tls.crt"),
        key=Path("tls.key"),
        client_authorities=Path("ca.crt"),
    )


def test_a_certificate_in_a_secret_has_the_names_of_the_charts_service(security_of):
    assert security_of(*SECRET) == Security(
        address=LOCAL,
        secret=("straightway-system", "straightway-tls"),
        names=(
            "straightway.straightway-system.svc",
            "straightway.straightway-system.svc.cluster.local",
            "localhost",
        ),
        token_audience="straightway",
    )


def test_or_other_names(security_of):
    options = ("--tls-name", "xds.example", "--tls-name", "10.0.0.1")
    assert security_of(*SECRET, *options).names == ("xds.example", "10.0.0.1")


def test_with_a_cluster_tokens_are_accepted_beside_what_else_is(security_of):
    security = security_of(
        *("--kubernetes", *FILES, "--xds-token-audience", "mesh", "--xds-anonymous"),
        *("--xds-client-ca", "ca.crt", "--xds-mtls-address", "0.0.0.0:18444"),
        *("--xds-tls-address", "0.0.0.0:18443"),
    )
    assert security == Security(
        address=Address("0.0.0.0", 18443),
        certificate=Path("tls.crt"),
        key=Path("tls.key"),
        token_audience="mesh",
        client_authorities=Path("ca.crt"),
        mtls_address=Address("0.0.0.0", 18444),
        accepts_anonymous=True,
    )


def test_an_empty_audience_accepts_no_tokens(security_of):
    security = security_of(*SECRET, "--xds-token-audience", "", "--xds-anonymous")
    assert security.token_audience is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (FILES[:2], "--tls-cert and --tls-key need each other"),
        (FILES[2:], "--tls-cert and --tls-key need each other"),
        (FILES, "nobody could connect by TLS"),
        ((*SECRET, "--xds-token-audience", ""), "nobody could connect by TLS"),
        ((*SECRET, *FILES), "--tls-secret and --tls-cert exclude each other"),
        (SECRET[1:], "--tls-secret needs --kubernetes"),
        (("--kubernetes", "--tls-secret", "name"), "is not NAMESPACE/NAME"),
        (("--kubernetes", "--tls-secret", "a/b/c"), "is not NAMESPACE/NAME"),
        ((*FILES, "--xds-anonymous", "--tls-name", "a"), "--tls-name needs --tls-secret"),
        ((*FILES, "--xds-token-audience", "a"), "--xds-token-audience needs --kubernetes"),
        ((*SECRET, "--xds-mtls-address", "a:1"), "--xds-mtls-address needs --xds-client-ca"),
        (("--xds-anonymous",), "--xds-anonymous needs a certificate"),
        (("--xds-client-ca", "ca.crt"), "--xds-client-ca needs a certificate"),
        (("--xds-tls-address", "127.0.0.1:1"), "--xds-tls-address needs a certificate"),
        (("--kubernetes", "--xds-token-audience", "a"), "--xds-token-audience needs a certificate"),
        (("--xds-address", "0.0.0.0:18000"), "or say --xds-plaintext"),
        (("--xds-address", "control-plane:18000"), "or say --xds-plaintext"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(straightway, options, message):
    run = straightway("serve", "--config", "configs", "--no-state", *options)
    assert run.code == 2
    assert message in run.err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_addresses_need_no_permission(host):
    assert is_loopback(Address(host, 18000))


def test_others_are_possible_where_that_is_wanted(security_of):
    assert security_of("--xds-address", "0.0.0.0:18000", "--xds-plaintext") is None
