"""The pages of fields: every field that can be written, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from straightway.api.dynamic_subset import DynamicSubset, SubsetRetries, SubsetSelector
from straightway.api.grpc_json_transcoder import GrpcJsonTranscoderSpec
from straightway.api.model import Model, camel
from straightway.api.on_missing import OnMissing
from straightway.api.subset_keys import (
    DynamicSubsetKey,
    HeaderToDynamicSubsetKey,
    KeySource,
    Preset,
)

DOCS = Path(__file__).parents[2] / "docs"


def table_under(page: str, heading: str) -> set[str]:
    """Return the fields in the first column of the table under a heading."""
    _, _, rest = (DOCS / page).read_text().partition(f"# {heading}\n")
    section, *_ = re.split(r"\n##+ ", rest)
    return {
        name.replace("[]", "") for name in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    }


def fields(model: type[Model]) -> set[str]:
    return {field.alias or camel(name) for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("page", "heading", "expected"),
    [
        ("transcoding.md", "Fields of `spec`", fields(GrpcJsonTranscoderSpec)),
        (
            "dynamic-subsets.md",
            "VirtualService: `spec.http[].dynamicSubsetKeys[]`",
            fields(DynamicSubsetKey) | fields(KeySource) | set(Preset),
        ),
        (
            "dynamic-subsets.md",
            "VirtualService: `spec.http[].headerToDynamicSubsetKey[]`",
            fields(HeaderToDynamicSubsetKey),
        ),
        (
            "dynamic-subsets.md",
            "DestinationRule: `spec.trafficPolicy.loadBalancer.dynamicSubset`",
            fields(DynamicSubset)
            | {f"subsetSelectors.{each}" for each in fields(SubsetSelector)}
            | {f"subsetSelectors.onMissing.{each}" for each in fields(OnMissing)}
            | {f"retries.{each}" for each in fields(SubsetRetries)},
        ),
    ],
)
def test_every_field_stands_in_its_table(page: str, heading: str, expected: set[str]) -> None:
    assert table_under(page, heading) == expected
