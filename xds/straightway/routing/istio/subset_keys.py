"""HttpRoute → subset keys: the sources of its lists, and those that presets stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from straightway.api.subset_keys import DynamicSubsetKey, GrpcField, KeySource, Preset
from straightway.api.virtual_service import HttpRoute
from straightway.routing.subset_keys import (
    BodySource,
    CookieSource,
    GrpcSource,
    HeaderSource,
    PathRegex,
    PathSource,
    QuerySource,
    Source,
    SubsetKey,
)

_SEGMENT = "[^/?]+"
_FIELDS: Final = {
    # ModelInfer has the one, ModelReady and ModelMetadata the other.
    GrpcField.MODEL_NAME: GrpcSource(("model_name", "name")),
    GrpcField.MODEL_VERSION: GrpcSource(("model_version", "version")),
}
# Short enough for an Envoy with its default limit of 100 RE2 instructions.
_INFERENCE_CALLS = "infer|infer_stream|generate|generate_stream|ready|config|stats"
_PREDICT_CALLS = "predict|explain|classify|regress"
_OF_PRESETS: Final[dict[Preset, tuple[Source, ...]]] = {
    Preset.OPEN_INFERENCE: (
        PathSource("/v2/models/", f"(?:/versions/[^/?:]+)?(?:/(?:{_INFERENCE_CALLS}))?"),
        _FIELDS[GrpcField.MODEL_NAME],
    ),
    # A request that names its model in the path has no body; so the order costs nothing.
    Preset.OPENAI: (PathSource("(?:/openai)?/v1/models/"), BodySource(("model",))),
    Preset.KSERVE_V1: (
        PathSource("/v1/models/", f"(?:/(?:versions|labels)/[^/?:]+)?(?::(?:{_PREDICT_CALLS}))?"),
    ),
}
"""KServe and Triton (https://kserve.github.io/website/docs/concepts/architecture/data-plane),
OpenAI (https://platform.openai.com/docs/api-reference), TensorFlow Serving's REST API.
"""


def subset_keys_of(http: HttpRoute) -> tuple[SubsetKey, ...]:
    """Return the subset keys of a route; of those for one key the last that finds a value wins."""
    from_headers = (
        SubsetKey(each.key, (HeaderSource(each.header),))
        for each in http.header_to_dynamic_subset_key
    )
    return (*from_headers, *map(_subset_key, http.dynamic_subset_keys))


def sources_of(key: DynamicSubsetKey) -> Iterator[Source]:
    """Yield the sources of an entry, those of its preset last."""
    for source in key.from_:
        yield _source(source)
    if key.preset is not None:
        yield from _OF_PRESETS[key.preset]


def _subset_key(key: DynamicSubsetKey) -> SubsetKey:
    return SubsetKey(
        key.key,
        tuple(dict.fromkeys(sources_of(key))),
        tuple(sorted(key.values.items())),
        key.max_request_body_size,
    )


def _source(source: KeySource) -> Source:
    """Return the only source of an item."""
    found: tuple[Source | None, ...] = (
        HeaderSource(source.header) if source.header else None,
        _template(source.path) if source.path else None,
        PathRegex(source.path_regex) if source.path_regex else None,
        QuerySource(source.query) if source.query else None,
        CookieSource(source.cookie) if source.cookie else None,
        BodySource(tuple(source.body.split("."))) if source.body else None,
        _FIELDS[source.grpc_field] if source.grpc_field else None,
    )
    [only] = (each for each in found if each is not None)
    return only


def _template(text: str) -> PathSource:
    before, after = text.split("{}")
    return PathSource(_pattern(before), _pattern(after))


def _pattern(text: str) -> str:
    return _SEGMENT.join(map(re.escape, text.split("*")))
