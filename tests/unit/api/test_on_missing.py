"""What a dynamic subset may say about requests that it cannot answer."""

from __future__ import annotations

import pytest

from tests.support.bad_specs import DR, LB, assert_told

S = f"{LB}.dynamicSubset"
SELECTOR = f"{S}.subsetSelectors[0].onMissing"


def rule(selector: str = "", more: str = "", other: str = "") -> str:
    selectors = f"{{keys: [model]{selector}}}{other}"
    subsets = f"{{subsetSelectors: [{selectors}]{more}}}"
    return f"host: web\ntrafficPolicy: {{loadBalancer: {{dynamicSubset: {subsets}}}}}"


def missing(text: str) -> str:
    return rule(f", onMissing: {{{text}}}")


LOADER = ", onMissing: {loader: {host: loader}}"


@pytest.mark.parametrize(
    ("text", "code", "path", "words"),
    [
        (missing(""), "missing-field", SELECTOR, "answer or loader"),
        (missing("answer: tgi"), "unknown-value", f"{SELECTOR}.answer", "open-inference"),
        (
            missing("answer: openai, loader: {host: a}"),
            "conflicting-fields",
            f"{SELECTOR}.loader",
            "one of the two",
        ),
        (missing("loader: {}"), "missing-field", f"{SELECTOR}.loader.host", "required"),
        (
            rule(LOADER, other=", {keys: [tenant]}"),
            "conflicting-fields",
            f"{S}.subsetSelectors[1].onMissing",
            "the same for each",
        ),
        (rule(more=", retries: {attempts: 16}"), "out-of-range", f"{S}.retries.attempts", "15"),
        (rule(more=", retries: {also: 5xy}"), "unknown-value", f"{S}.retries.also", "5xx"),
        (
            rule(more=", retries: {perTryTimeout: 0s}"),
            "invalid-duration",
            f"{S}.retries.perTryTimeout",
            "",
        ),
    ],
)
def test_what_is_wrong_is_told(read_spec, text, code, path, words):
    assert_told(read_spec, (DR, text, code, path, words))
