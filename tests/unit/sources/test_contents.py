"""What is news of an object: labels and annotations of workloads only where they count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api.annotations import DYNAMIC_SUBSET, DYNAMIC_SUBSET_KEYS
from straightway.api.endpoint_slice import SERVICE_NAME_LABEL
from straightway.api.metadata import LAST_APPLIED
from straightway.kubernetes.resources import RESOURCES
from straightway.sources import contents
from straightway.sources.contents import Contents, Version

Body = dict[str, Any]
Texts = Mapping[str, str]
KINDS = {resource.kind: resource for resource in RESOURCES}


def version(kind: str = "Pod", name: str = "a", number: str = "1") -> Version:
    return Version(KINDS[kind], f"shop/{name}", number, is_small=True)


def body(labels: Texts | None = None, annotations: Texts | None = None, **rest: Any) -> Body:
    metadata = {"name": "a", "namespace": "shop", "labels": labels, "annotations": annotations}
    return {"metadata": metadata, **rest}


def seen(*names: str, kind: str = "Pod") -> Contents:
    """Contents with one object that has a label, an annotation and a status."""
    found = Contents()
    assert found.came(version(kind), body({"app": "shop"}, {"beat": "1"}, status="up"))
    assert found.count(names) == []
    return found


def test_everything_counts_until_it_is_said_what_does():
    found = Contents()
    assert found.came(version(), body({"app": "shop"}))
    assert found.came(version(), body({"app": "home"}))
    assert found.came(version(), body({"app": "home"}, {"beat": "1"}))
    assert not found.came(version(), body({"app": "home"}, {"beat": "1"}))


@pytest.mark.parametrize(
    "after",
    [
        body({"app": "home"}, {"beat": "1"}, status="up"),
        body({}, {"beat": "1"}, status="up"),
        body({"app": "shop", "model/llama": "true"}, {"beat": "1"}, status="up"),
        body({"app": "shop"}, {"model": "llama", "beat": "1"}, status="up"),
        body({"app": "shop"}, {"straightway.dev/any": "1", "beat": "1"}, status="up"),
        body({"app": "shop", "straightway.dev/any": "1"}, {"beat": "1"}, status="up"),
        body({"app": "shop"}, {"beat": "1"}, status="down"),
    ],
)
def test_what_is_named_counts_and_so_does_all_else(after):
    assert seen("app", "model").came(version(), after)


@pytest.mark.parametrize(
    "after",
    [
        body({"app": "shop"}, {"beat": "2"}, status="up"),
        body({"app": "shop"}, None, status="up"),
        body({"app": "shop", "role": "leader"}, {"beat": "1"}, status="up"),
        body({"app": "shop", "models/llama": "true"}, {"beat": "1"}, status="up"),
        body({"app": "shop"}, {"beat": "1", LAST_APPLIED: "{}"}, status="up"),
    ],
)
def test_what_nobody_names_is_no_news(after):
    found = seen("app", "model")
    assert not found.came(version(), after)
    assert found.count(["app", "model"]) == []


def test_the_newest_version_is_news_when_a_name_is_named():
    found = seen("app")
    for number in "23":
        quiet = body({"app": "shop", "role": number}, {"beat": number}, status="up")
        assert not found.came(version(number=number), quiet)
    assert found.count(["app", "other"]) == []
    assert found.count(["app", "role"]) == ["pods/shop/a"]
    assert found.release("pods/shop/a") == (version(number="3"), quiet)
    # Once.
    assert found.release("pods/shop/a") is None
    assert found.count(["app", "role", "beat"]) == []
    assert not found.came(version(), quiet)


def test_a_quiet_change_that_is_undone_is_none():
    found = seen("app")
    assert not found.came(version(), body({"app": "shop"}, {"beat": "2"}, status="up"))
    assert not found.came(version(), body({"app": "shop"}, {"beat": "1"}, status="up"))
    assert found.count(["beat"]) == []


def test_news_has_all_that_was_quiet_before():
    found = seen("app")
    assert not found.came(version(), body({"app": "shop"}, {"beat": "2"}, status="up"))
    assert found.came(version(), body({"app": "shop"}, {"beat": "2"}, status="down"))
    assert found.count(["beat"]) == []


def test_what_is_gone_has_no_quiet_version():
    found = seen("app")
    assert not found.came(version(), body({"app": "shop"}, {"beat": "2"}, status="up"))
    assert found.went("pods/shop/a")
    assert "pods/shop/a" not in found
    assert found.count(["beat"]) == []
    assert found.release("pods/shop/a") is None
    assert not found.went("pods/shop/a")
    # Another one of that name, even if it looks like the one before.
    assert found.came(version(), body({"app": "shop"}, {"beat": "1"}, status="up"))


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"Pod", "WorkloadEntry"}))
def test_of_other_kinds_only_what_is_read_counts(kind):
    found = seen("app", "beat", kind=kind)
    read = {"straightway.dev/any": "1"}
    read |= {SERVICE_NAME_LABEL: "shop"} if KINDS[kind].is_core else {LAST_APPLIED: "{}"}
    assert not found.came(version(kind), body({"app": "home"}, {"beat": "2"}, status="up"))
    for name, text in read.items():
        assert found.came(version(kind), body({name: text}, status="up"))
        assert found.came(version(kind), body({"app": "shop"}, {name: text}, status="up"))
        assert not found.came(version(kind), body(None, {name: text}, status="up"))
    assert found.came(version(kind), body(None, {name: text}, status="down"))


def test_the_names_that_are_read_are_those_of_the_api():
    assert contents.SERVICE_NAME == SERVICE_NAME_LABEL
    assert contents.LAST_APPLIED == LAST_APPLIED
    assert DYNAMIC_SUBSET.startswith(contents.OURS)
    assert DYNAMIC_SUBSET_KEYS.startswith(contents.OURS)


# --- Any changes ---

NAMES = ("app", "model", "model/a", "model/b", "beat", "straightway.dev/x")
TEXTS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1", "2"]), max_size=3)
CAME = st.tuples(
    st.sampled_from(["Pod", "WorkloadEntry"]),
    st.sampled_from(["a", "b"]),
    st.none() | st.builds(body, TEXTS, TEXTS, status=st.sampled_from(["up", "down"])),
)
COUNTED = st.sets(st.sampled_from(["app", "model", "beat"]))


class Emitted:
    """What somebody who is told only the news knows, beside the newest there is."""

    def __init__(self) -> None:
        self.contents = Contents()
        self.known: dict[str, Body] = {}
        self.newest: dict[str, Body] = {}
        self.names: Iterable[str] | None = None

    def come(self, version: Version, body: Body | None) -> None:
        bundle = version.bundle
        before = self.known.get(bundle)
        if body is None:
            self.newest.pop(bundle, None)
            assert self.contents.went(bundle) == (self.known.pop(bundle, None) is not None)
            return
        self.newest[bundle] = body
        is_news = self.contents.came(version, body)
        assert is_news == (before is None or self.counting(before) != self.counting(body))
        if is_news:
            self.known[bundle] = body

    def count(self, names: set[str]) -> None:
        self.names = names
        for bundle in self.contents.count(names):
            found = self.contents.release(bundle)
            assert found is not None
            assert found[0].bundle == bundle
            assert self.counting(found[1]) != self.counting(self.known[bundle])
            self.known[bundle] = found[1]

    def counting(self, body: Body) -> Body:
        """A body with only those labels and annotations that count."""
        metadata = dict(body["metadata"])
        for field in ("labels", "annotations"):
            metadata[field] = {
                name: text
                for name, text in (metadata[field] or {}).items()
                if self.names is None
                or any(f"{name}/".startswith(f"{each}/") for each in self.names)
                or name.startswith("straightway.dev/")
            }
        return {**body, "metadata": metadata}


@given(st.lists(CAME | COUNTED, max_size=20))
def test_of_what_counts_the_newest_is_always_known_and_nothing_else_is_news(steps):
    emitted = Emitted()
    for step in steps:
        if isinstance(step, tuple):
            kind, name, after = step
            emitted.come(version(kind, name), after)
        else:
            emitted.count(step)
        assert emitted.known.keys() == emitted.newest.keys()
        for bundle, newest in emitted.newest.items():
            assert emitted.counting(emitted.known[bundle]) == emitted.counting(newest)
