"""The fields of dynamic subsets as annotations, for clusters whose CRDs do not know the fields.

Before a document is validated, each annotation's value is put where the field would stand. So
everything after sees the same objects, and finds the same problems; only their paths are those of
the annotations.

- ``straightway.dev/dynamic-subset`` on a DestinationRule: what would be in
  ``spec.trafficPolicy.loadBalancer.dynamicSubset``, as YAML or JSON.
- ``straightway.dev/dynamic-subset-keys`` on a VirtualService: what would be in
  ``dynamicSubsetKeys`` or ``headerToDynamicSubsetKey`` of each HTTP route, in one list; or a
  mapping from the names of routes to that, in which ``"*"`` stands for all routes that it does not
  name.

A field that is written, too, must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from straightway.api.codes import Code
from straightway.api.destination_rule import DestinationRule
from straightway.api.examine import Finding
from straightway.api.extent import excess
from straightway.api.objects import ApiObject
from straightway.api.paths import Path
from straightway.api.texts import one_of, quoted, shown
from straightway.api.virtual_service import VirtualService

DYNAMIC_SUBSET: Final = "straightway.dev/dynamic-subset"
DYNAMIC_SUBSET_KEYS: Final = "straightway.dev/dynamic-subset-keys"
_PREFIX = DYNAMIC_SUBSET
_LONGEST = 32_768
"""Characters of one annotation; Kubernetes takes 256 KiB for all of an object."""
_OTHER_ROUTES = "*"

Body = Mapping[str, Any]

_SUBSET_FIELD = ("spec", "trafficPolicy", "loadBalancer", "dynamicSubset")
_HEADERS_FIELD, _KEYS_FIELD = "headerToDynamicSubsetKey", "dynamicSubsetKeys"
_ONLY_IN_KEYS = frozenset({"from", "preset", "values", "maxRequestBodySize"})


@dataclass(slots=True)
class Expansion:
    """A document with the values of its annotations in the places of the fields.

    ``sample`` has each value only in the first of its places, so that a mistake in it is found
    once. ``places`` are the paths of the fields, each with the path that was written.
    """

    body: Body
    sample: Body
    places: dict[Path, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def written(self, path: Path) -> Path:
        """Return the path as it is written: in an annotation, if the value comes from one."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]] + path[end:]
        return path


def expand(model: type[ApiObject], body: Body) -> Expansion | None:
    """Return a document with the values of its annotations in place, None without any.

    Never raises.
    """
    if model is not DestinationRule and model is not VirtualService:
        return None
    names = _ours(body)
    if not names:
        return None
    expansion = Expansion(body, body)
    for name in names:
        _expand(model, name, expansion)
    return expansion


def written_path(item: ApiObject, body: Body, path: Path) -> Path:
    """Return where a path of an accepted object is written in its document."""
    expansion = expand(type(item), body)
    return expansion.written(path) if expansion else path


def _ours(body: Body) -> list[str]:
    """Return the annotations that say something about dynamic subsets."""
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    if not annotations or not isinstance(annotations, Mapping):
        return []
    return [name for name in annotations if isinstance(name, str) and name.startswith(_PREFIX)]


def _expand(model: type[ApiObject], name: str, expansion: Expansion) -> None:
    at = ("metadata", "annotations", name)
    right = DYNAMIC_SUBSET if model is DestinationRule else DYNAMIC_SUBSET_KEYS
    if name != right:
        message = f"{shown(name)} has no meaning on a {model.__name__}: did you mean {right}?"
        expansion.findings.append(Finding(at, Code.UNKNOWN_FIELD, message))
        return
    text = expansion.body["metadata"]["annotations"][name]
    if not isinstance(text, str):
        return  # Which the validation of metadata reports.
    value, mistake = _read(text)
    if mistake is not None:
        expansion.findings.append(Finding(at, *mistake))
    elif model is DestinationRule:
        _expand_subset(value, at, expansion)
    else:
        _expand_keys(value, at, expansion)


def _read(text: str) -> tuple[Any, tuple[Code, str] | None]:
    """Return the value of an annotation, or what is wrong with its text."""
    # It does no I/O; imported here because the package does, and few documents need it.
    from straightway.sources.yaml_values import read_yaml

    if len(text) > _LONGEST:
        message = f"This annotation is longer than {_LONGEST:,} characters: shorten it."
        return None, (Code.OBJECT_TOO_LARGE, message)
    try:
        value = read_yaml(text).root
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "a character is not allowed"
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1} of it" if mark else ""
        message = f"This is neither YAML nor JSON: {shown(problem)}{place}."
        return None, (Code.INVALID_VALUE, message)
    if value is None:
        return None, (Code.EMPTY_FIELD, "This is empty: write a value, or remove the annotation.")
    too_much = excess(value)
    return value, (Code.OBJECT_TOO_LARGE, too_much) if too_much else None


def _expand_subset(value: Any, at: Path, expansion: Expansion) -> None:
    """Put a dynamic subset into the rule's general traffic policy."""
    parents = [expansion.body]
    for name in _SUBSET_FIELD[:-1]:
        parent = parents[-1].get(name)
        if name != "spec" and parent is None:
            parent = {}
        if not isinstance(parent, Mapping):
            return  # Which the validation of the field reports.
        parents.append(parent)
    if _is_new(parents[-1], _SUBSET_FIELD, value, at, expansion):
        for name, parent in zip(reversed(_SUBSET_FIELD), reversed(parents), strict=True):
            value = {**parent, name: value}
        expansion.body = expansion.sample = value
        expansion.places[_SUBSET_FIELD] = at


def _expand_keys(value: Any, at: Path, expansion: Expansion) -> None:
    """Put entries of keys into the routes that they are for."""
    spec = expansion.body.get("spec")
    routes = spec.get("http") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(routes, list | tuple):
        return  # Which the validation of the field reports.
    by_name = _by_name(value)
    expansion.findings += _unknown_names(by_name, routes, at)
    expanded, sample, seen = list(routes), list(routes), set[str]()
    for index, route in enumerate(routes):
        if not isinstance(route, Mapping):
            continue
        name = str(route.get("name") or "")
        name = name if name in by_name else _OTHER_ROUTES
        if name not in by_name:
            continue
        here = at if by_name is not value else (*at, name)
        added = _added(route, ("spec", "http", index), by_name[name], here, expansion)
        expanded[index] = {**route, **added}
        if name not in seen:
            sample[index] = expanded[index]
        seen.add(name)
    body = expansion.body
    expansion.body = {**body, "spec": {**spec, "http": expanded}}
    expansion.sample = {**body, "spec": {**spec, "http": sample}}


def _added(route: Body, path: Path, value: Any, at: Path, expansion: Expansion) -> dict[str, Any]:
    """Return the fields that a list of entries adds to a route."""
    added = {}
    for name, numbered in _by_field(value).items():
        items = [item for _, item in numbered] if numbered is not None else value
        if _is_new(route, (*path, name), items, at, expansion):
            added[name] = items
            expansion.places[*path, name] = at
            for place, (number, _) in enumerate(numbered or ()):
                expansion.places[*path, name, place] = (*at, number)
    return added


def _by_field(value: Any) -> dict[str, list[tuple[int, Any]] | None]:
    """Return field → its entries of a list, numbered; None for what is no list, and so wrong."""
    if not isinstance(value, list | tuple):
        return {_HEADERS_FIELD: None}
    found: dict[str, list[tuple[int, Any]] | None] = {}
    for number, item in enumerate(value):
        is_key = isinstance(item, Mapping) and not _ONLY_IN_KEYS.isdisjoint(item)
        entries = found.setdefault(_KEYS_FIELD if is_key else _HEADERS_FIELD, [])
        if entries is not None:
            entries.append((number, item))
    return found


def _by_name(value: Any) -> Mapping[str, Any]:
    """Return route name → mappings. One mapping alone is for all routes, and wrong as a list."""
    is_entry = (
        isinstance(value, Mapping)
        and "key" in value
        and not value.keys().isdisjoint({"header", *_ONLY_IN_KEYS})
    )
    return value if isinstance(value, Mapping) and not is_entry else {_OTHER_ROUTES: value}


def _unknown_names(by_name: Mapping[str, Any], routes: Any, at: Path) -> Iterator[Finding]:
    names = {
        each["name"]
        for each in routes
        if isinstance(each, Mapping) and isinstance(each.get("name"), str)
    }
    for name in by_name:
        if name not in names and name != _OTHER_ROUTES:
            known = one_of(*sorted(names)[:6], quoted(_OTHER_ROUTES))
            message = f"No route has the name {quoted(name)}: write {known}."
            yield Finding((*at, name), Code.UNKNOWN_VALUE, message)


def _is_new(parent: Body, path: Path, value: Any, at: Path, expansion: Expansion) -> bool:
    """Whether the field is not written beside the annotation; another value is a problem."""
    own = parent.get(str(path[-1]))
    if not own or own == value:
        return not own
    message = (
        f"The annotation and the field {path[-1]} differ: make them equal, or keep only one. "
        "Neither takes effect until then."
    )
    finding = Finding(at, Code.CONFLICTING_FIELDS, message)
    if finding not in expansion.findings:
        expansion.findings.append(finding)
    return False
