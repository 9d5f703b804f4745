"""The whole tutorial, as `make demo` runs it, with a real Envoy."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]


class Demo:
    """`python -m demo` as a process, with all its files in one folder."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo", *options],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(folder)},
                stdout=output,
                stderr=output,
            )

    @property
    def text(self):
        return self.output.read_text()

    def wait_for(self, words):
        def attempt():
            if self.process.poll() is not None:
                raise RuntimeError(f"the demo ended:\n{self.text}")
            return words in self.text

        eventually(attempt, what=f"the demo says {words!r}", seconds=90)

    def end(self, number):
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    @property
    def left_behind(self):
        """Files and processes that the demo has not cleaned up."""
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        processes = [line for line in running.stdout.splitlines() if str(self.folder) in line]
        return processes + [path.name for path in self.folder.iterdir() if path != self.output]


@pytest.fixture
def start(tmp_path):
    demos = []

    def start_one(*options):
        demos.append(Demo(tmp_path, *options))
        return demos[-1]

    yield start_one
    for demo in demos:
        if demo.process.poll() is None:
            demo.end(signal.SIGTERM)


def figures(text, label):
    [line] = [line for line in text.splitlines() if line.startswith(f"│ {label}")]
    return [float(figure) for figure in re.findall(r"[\d.]+(?=%| ms| │)", line.replace(",", ""))]


def call(line, folder):
    """Do what a printed curl line does."""
    [url] = re.findall(r"http://\S+", line)
    [header] = re.findall(r"-H 'model: (.+?)'", line) or [""]
    [body] = re.findall(r"-d @(\S+)", line)
    assert Path(body).is_relative_to(folder)
    headers = {"model": header} if header else {}
    request = urllib.request.Request(url, Path(body).read_bytes(), headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.headers, json.load(response)


def test_the_demo_shows_that_requests_go_straight_and_leaves_nothing_behind(start, tmp_path):
    demo = start("--keep", "--seconds", "2")
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
        headers, answer = call(line, tmp_path)
        assert headers["x-served-by"].startswith("runtime-")
        assert len(answer["outputs"]) == 1
        assert headers["x-rerouted"] == "false" or "model: " not in line

    assert demo.end(signal.SIGINT) == 0
    assert demo.left_behind == []


def test_a_demo_that_is_terminated_leaves_nothing_behind(start):
    demo = start()
    demo.wait_for("Trained")
    assert demo.end(signal.SIGTERM) == 130
    assert demo.left_behind == []
