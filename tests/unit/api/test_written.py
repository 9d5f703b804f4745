"""Hints show a value as its author wrote it, not as YAML read it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import yaml

from straightway.api import parse
from straightway.documents import Document, Origin

ENTRY = """
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: a, labels: {team: no}}
spec:
  address: 10.0.0.1
  weight: 1.50
  labels: {app: y, version: 1.10, start: 1:30, day: 2024-01-02}
"""


@dataclass(frozen=True)
class TextOrigin(Origin):
    """Knows the text of every scalar of a document."""

    text: str

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "file.yaml:1"

    def written(self, path: tuple[str | int, ...] = ()) -> str | None:
        here = yaml.load(self.text, yaml.BaseLoader)  # Reads every scalar as text.
        for step in path:
            here = here[step]
        return here if isinstance(here, str) else None


def messages(text: str, origin: Origin) -> dict[str, str]:
    parsed = parse(Document(yaml.safe_load(text), origin))
    return {problem.path: problem.message for problem in parsed.problems}


class Nowhere(Origin):
    """Knows nothing, as an origin that has no text."""

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return ""


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("metadata.labels.team", 'put it in quotes, "no"'),
        ("spec.labels.version", 'put it in quotes, "1.10"'),
        ("spec.labels.start", 'put it in quotes, "1:30"'),
        ("spec.labels.day", 'put it in quotes, "2024-01-02"'),
        ("spec.weight", "must be a whole number."),
    ],
)
def test_a_hint_keeps_the_text(path, hint):
    assert hint in messages(ENTRY, TextOrigin(ENTRY))[path]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("metadata.labels.team", 'put it in quotes, "false"'),
        ("spec.labels.version", 'put it in quotes, "1.1"'),
        ("spec.labels.day", 'put it in quotes, "2024-01-02"'),
    ],
)
def test_where_the_text_is_not_known_the_value_has_to_do(path, hint):
    assert hint in messages(ENTRY, Nowhere())[path]


def test_a_value_that_is_not_allowed_is_shown_as_written():
    rule = """
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: a}
    spec: {host: a, trafficPolicy: {loadBalancer: {simple: off}}}
    """

    (message,) = messages(rule, TextOrigin(rule)).values()

    assert message.startswith('"off" is not a value of simple')


def test_text_is_shown_as_it_is_and_its_origin_is_not_asked():
    class Silent(Nowhere):
        def written(self, path: tuple[str | int, ...] = ()) -> str | None:
            raise AssertionError

    text = ENTRY.replace("1.50", '"7"').replace("no}", '"no"}').partition("  labels:")[0]

    assert messages(text, Silent()) == {
        "spec.weight": 'weight must be a whole number: write "7" without the quotes.'
    }
