"""Where requests have their subset keys, route by route, for people to read."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import VirtualService
from straightway.api.subset_keys import DynamicSubsetKey, KeySource
from straightway.api.texts import shown
from straightway.api.virtual_service import HttpRoute
from straightway.catalog import Catalog, keys


def key_lines(catalog: Catalog) -> Iterator[str]:
    """Yield a line for each entry of each route, the last one of a key first: it counts first."""
    for reference in sorted(catalog.objects_at(keys.of_kind(VirtualService))):
        virtual_service = catalog.object(reference)
        assert isinstance(virtual_service, VirtualService)
        for index, http in enumerate(virtual_service.spec.http):
            name = f" ({shown(http.name)})" if http.name else ""
            for entry in _entries(http):
                yield f"{reference} http[{index}]{name}: {entry}"


def _entries(http: HttpRoute) -> Iterator[str]:
    for key in reversed(http.dynamic_subset_keys):
        yield f"{shown(key.key)} from {', '.join(_sources(key))}{_aliases(key)}"
    for mapping in reversed(http.header_to_dynamic_subset_key):
        yield f"{shown(mapping.key)} from header {mapping.header}"


def _sources(key: DynamicSubsetKey) -> Iterator[str]:
    for source in key.from_:
        yield f"{source.name} {shown(_value(source))}"
    if key.preset is not None:
        yield f"preset {key.preset}"


def _value(source: KeySource) -> object:
    return source.model_dump(by_alias=True)[source.name]


def _aliases(key: DynamicSubsetKey) -> str:
    pairs = ", ".join(f"{shown(sent)} = {shown(meant)}" for sent, meant in key.values.items())
    return f"; {pairs}" if pairs else ""
