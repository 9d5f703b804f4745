"""docs/models.md: each server's section has a ModelDiscovery that is valid and names its API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from straightway.api import ModelDiscovery
from straightway.holdings.apis import ASKERS
from straightway.holdings.pools import USUAL_PORTS, Api

PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
SERVERS = [api for api in Api if api is not Api.AUTO]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["metadata"]["name"])
def test_an_example_is_valid(example):
    assert ModelDiscovery.model_validate(example).metadata.name == example["metadata"]["name"]


def test_every_api_has_an_example_and_an_asker():
    assert [example["spec"]["api"] for example in EXAMPLES] == [api.value for api in SERVERS]
    assert set(ASKERS) == set(Api)


@pytest.mark.parametrize("api", SERVERS)
def test_the_usual_port_is_that_of_the_table(api):
    assert f"| `{api.value}` | {USUAL_PORTS[api]} |" in PAGE
