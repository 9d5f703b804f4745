"""The demos as processes, and the commands that they print."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]


class Demo:
    """A demo as a process, with all its files in one folder."""

    def __init__(self, folder, module, *options, environment=None):
        self.folder = folder
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *options],
                cwd=ROOT,
                env={**os.environ, **(environment or {}), "TMPDIR": str(folder)},
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

    def close(self):
        """End the demo if it still runs."""
        if self.process.poll() is None:
            self.end(signal.SIGTERM)

    @property
    def left_behind(self):
        """Files and processes that the demo has not cleaned up."""
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        processes = [line for line in running.stdout.splitlines() if str(self.folder) in line]
        return processes + [path.name for path in self.folder.iterdir() if path != self.output]


def curl(line):
    """Do what a printed curl line does; return the headers and the JSON of the answer."""
    [url] = re.findall(r"http://\S+", line)
    headers = dict(text.split(": ", 1) for text in re.findall(r"-H '(.+?)'", line))
    [body] = re.findall(r"-d @(\S+)", line) or [""]
    data = Path(body).read_bytes() if body else b"{}"
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read()
        return response.headers, json.loads(text) if text else {}
