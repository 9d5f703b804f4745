"""The whole tutorial, as `make demo` runs it, with a real Envoy."""

import re
import signal

from tests.support.demo import curl


def figures(text, label):
    [line] = [line for line in text.splitlines() if line.startswith(f"│ {label}")]
    return [float(figure) for figure in re.findall(r"[\d.]+(?=%| ms| │)", line.replace(",", ""))]


def test_the_demo_shows_that_requests_go_straight_and_leaves_nothing_behind(start_demo, tmp_path):
    demo = start_demo("demo", "--keep", "--seconds", "2")
    demo.wait_for("Envoy admin interface")
    before, after, moving = figures(demo.text, "rerouted inside the mesh")
    assert before > 50
    assert (after, moving) == (0, 0)
    assert figures(demo.text, "failures")[1:] == [0, 0]
    assert "Straight to the model" in demo.text
    assert "\x1b" not in demo.text

    curls = [line for line in demo.text.splitlines() if line.startswith("  curl")]
    assert len(curls) == 3
    for line in curls:
        assert f"@{tmp_path}" in line
        headers, answer = curl(line)
        assert headers["x-served-by"].startswith("runtime-")
        assert len(answer["outputs"]) == 1
        assert headers["x-rerouted"] == "false" or "model: " not in line

    assert demo.end(signal.SIGINT) == 0
    assert demo.left_behind == []


def test_a_demo_that_is_terminated_leaves_nothing_behind(start_demo):
    demo = start_demo("demo")
    demo.wait_for("Trained")
    assert demo.end(signal.SIGTERM) == 130
    assert demo.left_behind == []
