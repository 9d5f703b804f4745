"""Resources with aliases, and virtual hosts on demand, which live by them."""

from __future__ import annotations

from collections.abc import Iterable

from straightway.discovery import (
    RUNTIME,
    SCOPED_ROUTE_CONFIGURATION,
    SECRET,
    VIRTUAL_HOST,
    Resource,
)
from tests.support.conversation import KEY, Conversation, delta, resource, sotw

FOO, BAR, SHOP = "routes/foo.com", "routes/bar.com", "routes/shop"


def host(name: str, *aliases: str, version: str = "1") -> Resource:
    return resource(VIRTUAL_HOST, name, version, aliases=aliases)


def put(talk: Conversation, *hosts: Resource, gone: Iterable[str] = ()) -> None:
    talk.cache.update(KEY, {VIRTUAL_HOST: (hosts, gone)})


def asking(*names: str, serving: Iterable[Resource] = ()) -> Conversation:
    """Return a conversation whose client has asked for these names."""
    talk = delta()
    talk.set({VIRTUAL_HOST: serving})
    talk.change(VIRTUAL_HOST, names)
    return talk


def test_an_alias_that_is_asked_for_is_answered_by_the_resource_that_has_it():
    talk = asking(FOO, serving=[host(SHOP, FOO, BAR), host("routes/other", "routes/x.com")])
    answer = talk.answer()
    assert answer.resources == {SHOP: "1"}
    assert answer.aliases == {SHOP: (FOO, BAR)}


def test_virtual_hosts_asked_for_without_a_name_are_none_until_they_are_named():
    talk = asking(serving=[host(SHOP, FOO)])
    assert talk.next() is None
    talk.change(VIRTUAL_HOST, [FOO])
    assert talk.answer().resources == {SHOP: "1"}


def test_a_name_asked_for_by_name_and_alias_is_sent_once():
    talk = asking(SHOP, FOO, BAR, serving=[host(SHOP, FOO, BAR)])
    assert talk.answer().resources == {SHOP: "1"}


def test_a_change_is_sent_to_who_asked_by_an_alias_and_to_nobody_else():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    other = Conversation(talk.variant, cache=talk.cache)
    other.change(VIRTUAL_HOST, ["routes/x.com"])
    talk.answers(), other.answers()
    put(talk, host(SHOP, FOO, version="2"))
    assert talk.answer().resources == {SHOP: "2"}
    assert other.next() is None


def test_a_host_that_does_not_exist_is_answered_by_its_name_and_alias_without_a_body():
    answer = asking(FOO).answer()
    assert answer.resources == {}
    assert answer.removed == ()
    assert answer.heartbeats == {FOO: ""}
    assert answer.aliases == {FOO: (FOO,)}


def test_asking_again_for_a_host_that_does_not_exist_is_answered_again():
    talk = asking(FOO)
    talk.answer()
    assert talk.next() is None
    talk.change(VIRTUAL_HOST, [FOO])
    assert talk.answer().heartbeats == {FOO: ""}


def test_a_host_that_did_not_exist_is_sent_when_it_comes():
    talk = asking(FOO)
    talk.answers()
    put(talk, host(SHOP, FOO))
    assert talk.answer().resources == {SHOP: "1"}


def test_a_resource_that_goes_is_removed_by_its_own_name():
    talk = asking(FOO, BAR, serving=[host(SHOP, FOO, BAR)])
    talk.answers()
    put(talk, gone=[SHOP])
    answer = talk.answer()
    assert answer.removed == (SHOP,)
    assert answer.heartbeats == {}


def test_asking_for_the_alias_of_what_has_just_gone_is_answered_too():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    talk.answers()
    put(talk, gone=[SHOP])
    talk.change(VIRTUAL_HOST, [FOO])
    answer = talk.answer()
    assert answer.removed == (SHOP,)
    assert answer.heartbeats == {FOO: ""}


def test_a_resource_that_loses_the_alias_is_removed():
    talk = asking(FOO, serving=[host(SHOP, FOO, BAR)])
    talk.answers()
    put(talk, host(SHOP, BAR, version="2"))
    assert talk.answer().removed == (SHOP,)


def test_a_resource_that_loses_one_of_two_aliases_stays():
    talk = asking(FOO, BAR, serving=[host(SHOP, FOO, BAR)])
    talk.answers()
    put(talk, host(SHOP, BAR, version="2"))
    answer = talk.answer()
    assert answer.resources == {SHOP: "2"}
    assert answer.removed == ()


def test_an_alias_that_moves_brings_the_one_resource_and_removes_the_other():
    for order in (1, -1):
        talk = asking(FOO, serving=[host(SHOP, FOO), host("routes/new", BAR)])
        talk.answers()
        moved = [host(SHOP, version="2"), host("routes/new", FOO, BAR, version="2")]
        put(talk, *moved[::order])
        answer = talk.answer()
        assert answer.resources == {"routes/new": "2"}
        assert answer.removed == (SHOP,)
        assert talk.next() is None


def test_a_resource_that_takes_an_alias_for_its_name_replaces_what_had_it():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    talk.answers()
    put(talk, host(FOO))
    answer = talk.answer()
    assert (answer.resources, answer.removed) == ({FOO: "1"}, (SHOP,))
    put(talk, gone=[FOO])
    answer = talk.answer()
    assert (answer.resources, answer.removed) == ({SHOP: "1"}, (FOO,))


def test_an_alias_that_comes_and_goes_unseen_changes_nothing():
    talk = asking(FOO, serving=[host(SHOP)])
    talk.answers()
    put(talk, host(SHOP, FOO, version="2"))
    put(talk, host(SHOP, version="3"))
    assert talk.next() is None


def test_who_drops_an_alias_hears_no_more_of_the_resource():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    talk.answers()
    talk.change(VIRTUAL_HOST, unsubscribe=[FOO])
    put(talk, host(SHOP, FOO, version="2"))
    assert talk.next() is None


def test_a_snapshot_set_again_and_another_audience_are_reported_by_alias_too():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    talk.answers()
    talk.cache.drop(KEY)
    talk.set({VIRTUAL_HOST: [host(SHOP, FOO), host("routes/more", BAR)]})
    assert talk.next() is None
    talk.cache.drop(KEY)
    talk.set({VIRTUAL_HOST: [host("routes/new", FOO)]})
    answer = talk.answer()
    assert (answer.resources, answer.removed) == ({"routes/new": "1"}, (SHOP,))


def test_a_wildcard_gets_each_resource_once_whatever_its_aliases():
    talk = asking("*", FOO, serving=[host(SHOP, FOO, BAR)])
    assert talk.answer().resources == {SHOP: "1"}
    put(talk, host(SHOP, BAR, version="2"))
    answer = talk.answer()
    assert (answer.resources, answer.removed) == ({SHOP: "2"}, ())
    put(talk, gone=[SHOP])
    assert talk.answer().removed == (SHOP,)


def test_a_rejected_resource_is_not_sent_again_until_it_changes():
    talk = asking(FOO, serving=[host(SHOP, FOO)])
    rejected = talk.answer()
    talk.change(VIRTUAL_HOST, nonce=rejected.nonce, error="no")
    put(talk, host("routes/other"))
    assert talk.next() is None
    put(talk, host(SHOP, FOO, version="2"))
    assert talk.answer().resources == {SHOP: "2"}
    assert talk.next() is None


def test_names_of_other_types_that_do_not_exist_are_removed_as_ever():
    talk = delta()
    talk.set({})
    for type_url in (RUNTIME, SECRET, SCOPED_ROUTE_CONFIGURATION):
        talk.change(type_url, ["a"])
        assert talk.answer().removed == ("a",)


def test_aliases_work_for_every_type():
    talk = delta()
    talk.set({SECRET: [resource(SECRET, "name", aliases=["alias"])]})
    talk.change(SECRET, ["alias"])
    assert talk.answer().resources == {"name": "1"}
    talk.cache.update(KEY, {SECRET: ([], ["name"])})
    assert talk.answer().removed == ("name",)


def test_state_of_the_world_knows_names_only():
    talk = sotw()
    talk.set({SECRET: [resource(SECRET, "name", aliases=["alias"])]})
    talk.ask(SECRET, "alias")
    assert talk.next() is None
    talk.cache.update(KEY, {SECRET: ([], ["name"])})
    assert talk.next() is None


def test_other_aliases_are_another_version():
    versions = {
        Resource.encoded("name", VIRTUAL_HOST, b"body", aliases=aliases).version
        for aliases in [(), ("a",), ("a", "b"), ("ab",)]
    }
    assert len(versions) == 4


def test_what_was_had_by_an_alias_alone_goes_with_it_and_is_not_sent_too():
    talk = delta()
    talk.set({SECRET: [resource(SECRET, "c", aliases=["x"])]})
    talk.change(SECRET, ["x"])
    talk.answer()
    talk.change(SECRET, ["*"])
    talk.change(SECRET, [], ["*"])
    talk.cache.update(KEY, {SECRET: ([resource(SECRET, "c", "2")], [])})
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.removed == ("c",)
