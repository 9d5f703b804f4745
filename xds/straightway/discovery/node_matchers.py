"""Node matchers: which nodes a CSDS request selects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from envoy.config.core.v3.base_pb2 import Node
from envoy.type.matcher.v3.node_pb2 import NodeMatcher

_PATTERNS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
    "contains": str.__contains__,
}


_MOST_MATCHERS: Final = 100
"""Each is tried on every client, and a request has room for a million."""


class UnsupportedMatcherError(ValueError):
    """An unsupported matcher; the message says what is supported."""


def predicate(matchers: Sequence[NodeMatcher]) -> Callable[[Node], bool]:
    """Return a predicate that is true if any of ``matchers`` matches a node, or without matchers.

    Supported: exact, prefix, suffix and contains on ``node_id``, with ignore_case.

    Raises UnsupportedMatcherError for anything else, and for more than 100 matchers.
    """
    if len(matchers) > _MOST_MATCHERS:
        raise UnsupportedMatcherError(f"more than {_MOST_MATCHERS} node_matchers")
    tests = [_predicate(matcher) for matcher in matchers]
    return lambda node: not tests or any(test(node.id) for test in tests)


def _predicate(matcher: NodeMatcher) -> Callable[[str], bool]:
    if matcher.node_metadatas:
        raise UnsupportedMatcherError("node_metadatas are not supported: match by node_id")
    if not matcher.HasField("node_id"):
        return lambda node_id: True
    kind = matcher.node_id.WhichOneof("match_pattern")
    if kind not in _PATTERNS:
        supported = ", ".join(_PATTERNS)
        raise UnsupportedMatcherError(
            f"unsupported node_id matcher {kind or '(empty)'}: use {supported}"
        )
    matches, pattern = _PATTERNS[kind], getattr(matcher.node_id, kind)
    if matcher.node_id.ignore_case:
        lowered = pattern.lower()
        return lambda node_id: matches(node_id.lower(), lowered)
    return lambda node_id: matches(node_id, pattern)
