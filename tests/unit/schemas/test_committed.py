"""deploy/crds is what `straightway crds` prints."""

from __future__ import annotations

from pathlib import Path

import yaml

from straightway.schemas import definitions, to_yaml

CRDS = Path(__file__).parents[3] / "deploy/crds"


def test_the_committed_crds_are_current():
    """`make crds` rewrites them."""
    assert {file.name: file.read_text() for file in CRDS.glob("*.yaml")} == {
        f"{each['metadata']['name']}.yaml": to_yaml([each]) for each in definitions()
    }


def test_the_stream_holds_all_of_them_and_no_aliases():
    text = to_yaml(definitions())

    assert list(yaml.safe_load_all(text)) == definitions()
    assert not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
