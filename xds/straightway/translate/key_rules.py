"""A route's own config of the filters that find subset keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any as Plain
from typing import Final, NamedTuple, TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2
from envoy.extensions.filters.http.json_to_metadata.v3 import json_to_metadata_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

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
from straightway.translate import key_filters
from straightway.translate.key_script import NAMESPACE
from straightway.translate.subsets import METADATA_NAMESPACE

Route: TypeAlias = route_components_pb2.Route
_Config: TypeAlias = header_to_metadata_pb2.Config
_JSON_TYPES: Final = r"(?i)application/(?:.*[+])?json *(?:;.*)?"


class _Pattern(NamedTuple):
    """Regular expressions for the part of ``:path`` before a value, the value, and the rest."""

    before: str
    value: str
    after: str


# \C is any byte: `.` does not match what is not UTF-8.
_QUERY = r"(?:\?\C*)?"


class RouteFilters:
    """What the filters of one route do; with nothing added they do nothing."""

    def __init__(self) -> None:
        self._headers = _Config()
        self._json = json_to_metadata_pb2.JsonToMetadata()
        self._script: list[dict[str, Plain]] = []
        self._aliases: dict[str, str] = {}
        self._reads_messages = False
        self._largest_body = 0
        self._entries = 0

    def add_plain(self, key: SubsetKey, by_priority: Sequence[Source]) -> None:
        """Have filters write the value of a key to where the balancer reads it.

        Of all rules for a key the last with a value wins, and those of the body come after the
        others. ``by_priority`` are all sources of the key, also those of other entries.
        """
        first_other = next(
            (at for at, each in enumerate(by_priority) if not isinstance(each, BodySource)), None
        )
        for source in reversed(key.sources):
            if isinstance(source, BodySource):
                yields = first_other is not None and first_other < by_priority.index(source)
                self._add_body(source, METADATA_NAMESPACE, key.key, yields=yields)
                self._read_bodies(key)
            else:
                self._add_header(source, METADATA_NAMESPACE, key.key)

    def add_scripted(self, key: str, entries: Iterable[SubsetKey]) -> None:
        """Have filters find the values of all sources of a key, and the script choose.

        ``entries`` are in the order in which they count.
        """
        sources: list[dict[str, Plain]] = []
        for each in entries:
            prefix = f"{len(self._script)} {len(sources)} " if each.aliases else ""
            if each.sources:
                self._aliases |= {f"{prefix}{sent}": meant for sent, meant in each.aliases}
            for source in each.sources:
                sources += self._scripted(source, prefix)
                if isinstance(source, BodySource | GrpcSource):
                    self._read_bodies(each)
        self._script.append({"key": key, "from": sources})

    def apply(self, route: Route) -> None:
        """Write the filters' config to a route."""
        own = route.typed_per_filter_config
        if self._headers.request_rules:
            own[key_filters.HEADERS].Pack(self._headers, deterministic=True)
        if self._json.request_rules.rules:
            own[key_filters.JSON].CopyFrom(_optional(self._json))
        if self._reads_messages:
            own[key_filters.GRPC].CopyFrom(_optional(None))
        if self._script:
            own[key_filters.LUA].CopyFrom(
                _optional(lua_pb2.LuaPerRoute(name=key_filters.SCRIPT_NAME))
            )
            parameters = route.metadata.filter_metadata[key_filters.LUA]
            parameters.update({"keys": self._script, **self._aliases})
        if self._largest_body:
            route.request_body_buffer_limit.value = self._largest_body

    def _read_bodies(self, key: SubsetKey) -> None:
        self._largest_body = max(self._largest_body, key.largest_body)

    def _scripted(self, source: Source, prefix: str) -> list[dict[str, Plain]]:
        """Return how the script finds a source, and let filters find it first."""
        aliases = {"aliases": prefix} if prefix else {}
        if isinstance(source, GrpcSource):
            self._reads_messages = True
            return [{"field": each, **aliases} for each in source.fields]
        entry = str(self._entries)
        self._entries += 1
        found: dict[str, Plain] = {"found": entry, **aliases}
        if isinstance(source, BodySource):
            self._add_body(source, NAMESPACE, entry)
            return [found]
        self._add_header(source, NAMESPACE, entry)
        if isinstance(source, HeaderSource) and aliases:
            found["header"] = source.name
        if isinstance(source, PathSource | PathRegex | QuerySource):
            found["escaped"] = True
            if aliases and not isinstance(source, PathRegex):
                found["before"] = f"{entry} before"
                pattern = _pattern(source)
                before = f"^({pattern.before}){pattern.value}{pattern.after}$"
                _add_path_rule(self._headers, before, NAMESPACE, found["before"])
        return [found]

    def _add_header(self, source: Source, namespace: str, key: str) -> None:
        if isinstance(source, HeaderSource):
            _set_target(self._headers.request_rules.add(header=source.name), namespace, key)
        elif isinstance(source, CookieSource):
            _set_target(self._headers.request_rules.add(cookie=source.name), namespace, key)
        elif isinstance(source, PathRegex):
            _add_path_rule(self._headers, f"^(?:{source.text}){_QUERY}$", namespace, key)
        elif isinstance(source, PathSource | QuerySource):
            pattern = _pattern(source)
            regex = f"^{pattern.before}({pattern.value}){pattern.after}$"
            _add_path_rule(self._headers, regex, namespace, key)

    def _add_body(
        self, source: BodySource, namespace: str, key: str, *, yields: bool = False
    ) -> None:
        rules = self._json.request_rules
        rules.allow_content_types_regex.regex = _JSON_TYPES
        rules.allow_empty_content_type = True
        rule = rules.rules.add()
        for name in source.path:
            rule.selectors.add(key=name)
        found = rule.on_present
        found.metadata_namespace = namespace
        found.key = key
        # As text: otherwise an empty text is a value.
        found.type = json_to_metadata_pb2.JsonToMetadata.STRING
        found.preserve_existing_metadata_value = yields


def _pattern(source: PathSource | QuerySource) -> _Pattern:
    if isinstance(source, PathSource):
        return _Pattern(source.before, r"[^?]+?", f"(?:{source.after}){_QUERY}")
    name = "".join(each if each.isalnum() else rf"\x{{{ord(each):x}}}" for each in source.name)
    return _Pattern(rf"[^?]*\?(?:[^&]*&)*?{name}=", r"[^&]+", r"(?:&\C*)?")


def _add_path_rule(config: _Config, regex: str, namespace: str, key: str) -> None:
    found = _set_target(config.request_rules.add(header=":path"), namespace, key)
    # Without a match the whole path would be the value; an empty one is none.
    found.regex_value_rewrite.pattern.regex = rf"{regex}|^\C*$"
    found.regex_value_rewrite.substitution = r"\1"


def _set_target(rule: _Config.Rule, namespace: str, key: str) -> _Config.KeyValuePair:
    rule.on_header_present.metadata_namespace = namespace
    rule.on_header_present.key = key
    rule.on_header_present.type = _Config.STRING
    return rule.on_header_present


def _optional(config: Message | None) -> Any:
    """Return a route's config of a filter that may be unknown; None turns it on as it is."""
    wrapped = route_components_pb2.FilterConfig(is_optional=True)
    wrapped.config.SetInParent()
    if config is not None:
        wrapped.config.Pack(config, deterministic=True)
    packed = Any()
    packed.Pack(wrapped, deterministic=True)
    return packed
