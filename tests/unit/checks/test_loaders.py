"""Loaders that a DestinationRule names."""

from __future__ import annotations

import pytest

from tests.support.configs import istio, reviewed, service

POOL = service("web", "{name: http, port: 80}")
LOADER = service("loader", "{name: http, port: 8000}")
TWO_PORTS = service("loader", "{name: http, port: 8000}, {name: admin, port: 9000}")
SAME_PORT = service("loader", "{name: http, port: 80}, {name: admin, port: 9000}")
AT = "spec.trafficPolicy.loadBalancer.dynamicSubset.subsetSelectors[0].onMissing.loader"


def rule(loader: str) -> str:
    selector = f"{{keys: [model], onMissing: {{loader: {loader}}}}}"
    return istio(
        "DestinationRule",
        "web",
        f"""
        host: web
        trafficPolicy: {{loadBalancer: {{dynamicSubset: {{subsetSelectors: [{selector}]}}}}}}
        """,
    )


@pytest.mark.parametrize(
    ("loader", "to"),
    [
        ("{host: loader}", LOADER),
        ("{host: loader, port: {number: 9000}}", TWO_PORTS),
        ("{host: loader}", SAME_PORT),
    ],
)
def test_a_loader_that_exists_is_fine(loader, to):
    _, problems = reviewed(POOL, to, rule(loader))
    assert not problems


@pytest.mark.parametrize(
    ("loader", "to", "code", "path", "words"),
    [
        ("{host: laoder}", LOADER, "unknown-host", f"{AT}.host", 'Did you mean "loader.default'),
        ("{host: loader}", TWO_PORTS, "unknown-port", AT, "8000, 9000: choose one"),
        (
            "{host: loader, port: {number: 1}}",
            LOADER,
            "unknown-port",
            f"{AT}.port.number",
            "no port 1; its ports: 8000",
        ),
    ],
)
def test_what_is_wrong_with_a_loader_is_told(loader, to, code, path, words):
    _, [problem] = reviewed(POOL, to, rule(loader))
    assert (problem.code, problem.path) == (code, path)
    assert words in problem.message
