import weakref

import pytest

from straightway.discovery import CLUSTER, LISTENER, Cache
from tests.support.conversation import resource, resources


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
def woken(cache: Cache) -> list[str]:
    calls: list[str] = []
    cache.watch("k", lambda: calls.append("woken"))
    return calls


def version(cache: Cache, type_url: str = CLUSTER) -> str:
    tables = cache.tables("k")
    assert tables is not None
    return tables[type_url].version


def test_a_key_that_was_never_set_has_no_snapshot(cache: Cache):
    assert "k" not in cache
    assert cache.tables("k") is None
    assert cache.get("k", CLUSTER) == {}


def test_a_first_empty_snapshot_wakes_those_who_wait_for_one(cache: Cache, woken: list[str]):
    cache.set("k", {})
    assert woken == ["woken"]
    assert list(cache.keys()) == ["k"]


def test_types_absent_from_a_snapshot_become_empty(cache: Cache):
    cache.set("k", {CLUSTER: resources(CLUSTER, "a"), LISTENER: resources(LISTENER, "l")})
    cache.set("k", {CLUSTER: resources(CLUSTER, "a")})

    assert list(cache.get("k", CLUSTER)) == ["a"]
    assert list(cache.get("k", LISTENER)) == []


def test_an_unchanged_version_keeps_the_old_object_and_wakes_nobody(cache: Cache, woken: list[str]):
    first = resource(CLUSTER, "a")
    cache.set("k", {CLUSTER: [first]})
    cache.set("k", {CLUSTER: [resource(CLUSTER, "a")]})
    cache.update("k", {CLUSTER: ([resource(CLUSTER, "a")], ["never existed"])})

    assert cache.get("k", CLUSTER)["a"] is first
    assert woken == ["woken"]


def test_one_snapshot_of_many_changes_wakes_once(cache: Cache, woken: list[str]):
    cache.set("k", {CLUSTER: resources(CLUSTER, "a", "b"), LISTENER: resources(LISTENER, "l")})
    assert woken == ["woken"]


def test_other_keys_are_not_woken(cache: Cache, woken: list[str]):
    cache.set("other", {CLUSTER: resources(CLUSTER, "a")})
    assert woken == []


def test_after_unwatch_nobody_is_woken(cache: Cache):
    calls: list[str] = []
    wake = lambda: calls.append("woken")  # noqa: E731
    cache.watch("k", wake)
    assert cache.watchers("k") == 1
    cache.unwatch("k", wake)
    cache.unwatch("k", wake)
    cache.set("k", {})

    assert calls == []
    assert cache.watchers("k") == 0


def test_nothing_of_a_key_is_kept_once_it_is_dropped_and_unwatched(cache: Cache):
    class Key:
        """A key that tells when it is gone."""

    def wake() -> None:
        pass

    key = Key()
    gone = weakref.ref(key)
    cache.watch(key, wake)
    cache.set(key, {CLUSTER: resources(CLUSTER, "a")})
    cache.drop(key)
    cache.unwatch(key, wake)
    del key
    assert gone() is None


def test_resources_may_come_from_iterators(cache: Cache):
    cache.set("k", {CLUSTER: iter(resources(CLUSTER, "a"))})
    assert list(cache.get("k", CLUSTER)) == ["a"]
    cache.set("k", {CLUSTER: iter(resources(CLUSTER, "b"))})
    assert list(cache.get("k", CLUSTER)) == ["b"]
    cache.update("k", {CLUSTER: (iter(resources(CLUSTER, "c")), iter(["b"]))})
    assert list(cache.get("k", CLUSTER)) == ["c"]


def test_updates_add_change_and_remove(cache: Cache):
    cache.set("k", {CLUSTER: resources(CLUSTER, "a", "b")})
    cache.update("k", {CLUSTER: (resources(CLUSTER, "b@2", "c"), ["a"])})

    assert {name: r.version for name, r in cache.get("k", CLUSTER).items()} == {"b": "2", "c": "1"}


def test_an_update_of_a_key_without_snapshot_is_refused(cache: Cache):
    with pytest.raises(KeyError):
        cache.update("k", {CLUSTER: (resources(CLUSTER, "a"), [])})
    assert "k" not in cache


def test_a_failing_iterable_changes_nothing(cache: Cache):
    def broken():
        yield resource(LISTENER, "l")
        raise RuntimeError

    cache.set("k", {CLUSTER: resources(CLUSTER, "a")})
    with pytest.raises(RuntimeError):
        cache.set("k", {CLUSTER: [], LISTENER: broken()})
    with pytest.raises(RuntimeError):
        cache.update("k", {CLUSTER: ([], ["a"]), LISTENER: (broken(), [])})

    assert list(cache.get("k", CLUSTER)) == ["a"]
    assert list(cache.get("k", LISTENER)) == []


def test_the_same_content_has_the_same_version_by_whatever_way_it_came_to_be(cache: Cache):
    cache.set("k", {CLUSTER: resources(CLUSTER, "a", "b", "c@2")})
    at_once = version(cache)

    cache.drop("k")
    cache.set("k", {CLUSTER: resources(CLUSTER, "c", "x")})
    cache.update("k", {CLUSTER: (resources(CLUSTER, "b", "c@2"), ["x"])})
    cache.update("k", {CLUSTER: (resources(CLUSTER, "a"), [])})

    assert version(cache) == at_once


def test_every_difference_gives_another_version(cache: Cache):
    contents: tuple[list[str], ...] = (
        ["a"],
        ["b"],
        ["a", "b"],
        ["a@2", "b"],
        ["a", "b@2"],
        [],
        ["a1@", "b"],
        ["a@1b"],
    )
    versions = set()
    for texts in contents:
        cache.set("k", {CLUSTER: resources(CLUSTER, *texts)})
        versions.add(version(cache))

    assert len(versions) == len(contents)


def test_a_dropped_key_has_no_snapshot_but_keeps_its_watchers(cache: Cache, woken: list[str]):
    cache.set("k", {})
    cache.drop("k")
    cache.drop("k")
    assert "k" not in cache

    cache.set("k", {})
    assert woken == ["woken", "woken"]
