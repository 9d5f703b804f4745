"""The demo with real inference servers, as `make demo REAL=1` runs it."""

import signal

import pytest

from tests.support.demo import curl
from tests.support.runtimes import places

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _servers():
    for name in ("triton", "mlserver"):
        places.need(name)


def test_every_request_finds_its_model_and_nothing_is_left_behind(start_demo):
    demo = start_demo("demo.real", "--keep", "--seconds", "2")
    demo.wait_for("Envoy admin interface")
    rows = _rows(demo.text)
    assert [row[1] for row in rows] == ["path", "header", "gRPC"] * 3
    before, after, moving = rows[:3], rows[3:6], rows[6:]
    assert sum(int(row[3]) for row in before) > 0
    assert {row[3] for row in after + moving} == {"0"}
    assert {row[4] for row in after} == {"100.0%"}
    assert "Straight to the model" in demo.text
    assert "Moved → routed" in demo.text

    lines = [line for line in demo.text.splitlines() if line.startswith("  curl")]
    by_path, by_header, load, unload = lines
    for line in (by_path, by_header, load, by_path, unload, by_header):
        headers, answer = curl(line)
        if "/infer" in line:
            assert headers["x-attempts"]
            assert {each["name"] for each in answer["outputs"]} == {"digit", "runtime"}

    assert demo.end(signal.SIGINT) == 0
    assert demo.left_behind == []


def test_a_demo_that_is_interrupted_stops_its_servers(start_demo):
    demo = start_demo("demo.real")
    demo.wait_for("Started")
    assert demo.end(signal.SIGTERM) == 130
    assert demo.left_behind == []


def test_without_the_servers_it_says_how_to_get_them(start_demo, tmp_path):
    demo = start_demo("demo.real", environment={"STRAIGHTWAY_RUNTIMES": str(tmp_path / "none")})
    assert demo.process.wait(60) == 1
    assert "`make demo REAL=1` does it" in demo.text


def _rows(text):
    """The rows of the table of requests: phase, way, requests, failures, share and times."""
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]
    return [row for row in cells if len(row) == 7]
