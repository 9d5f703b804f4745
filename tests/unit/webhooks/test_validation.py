"""What is denied, what is let through with a warning, and what is none of our business."""

from __future__ import annotations

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.units import Units
from straightway.webhooks import Validator, advice
from straightway.webhooks.admission import ALLOWED, ReviewError
from straightway.webhooks.wording import MOST_CAUSES
from tests.support.configs import catalog_of, istio, service
from tests.support.reviews import asked

ROUTE = "{route: [{destination: {host: models}}]}"


def virtual_service(spec: str = f"{{hosts: [models], http: [{ROUTE}]}}", **metadata):
    item = yaml.safe_load(istio("VirtualService", "chat", spec))
    item["metadata"] |= metadata
    return item


GOOD = virtual_service()
BAD = virtual_service(f"{{hosts: [models], http: [{ROUTE}, {{timeout: soon, route: 7}}]}}")


async def answer(item, before=None, *, revision=None, catalog=None, complete=True, **more):
    advise = advice(Units(catalog or catalog_of()), lambda: complete)
    return await Validator(revision=revision, advise=advise)(asked(item, before, **more))


def paths(found):
    return [cause.path for cause in found.causes]


async def test_all_errors_of_an_object_deny_it_with_path_and_remedy():
    found = await answer(BAD)

    assert not found.allowed
    assert sorted(paths(found)) == ["spec.http[1].route", "spec.http[1].timeout"]
    assert all(cause.message.endswith(".") for cause in found.causes)
    assert all(f"* {cause.path}: {cause.message}" in found.message for cause in found.causes)
    assert found.message.startswith("VirtualService default/chat is invalid:\n")
    assert found.message.endswith("straightway validate FILE")
    assert (found.group, found.kind, found.name) == ("networking.istio.io", BAD["kind"], "chat")


async def test_a_list_item_is_named_if_it_has_a_name():
    spec = f"{{hosts: [models], http: [{ROUTE}, {{name: canary, route: 7}}]}}"
    (cause,) = (await answer(virtual_service(spec))).causes
    assert cause.message.endswith('(http[1] is "canary".)')


async def test_a_denial_lists_as_many_errors_as_people_read():
    routes = ", ".join(["{route: 7}"] * 60)
    found = await answer(virtual_service(f"{{hosts: [models], http: [{routes}]}}"))
    assert len(found.causes) == MOST_CAUSES
    assert "\n* 40 more errors are not listed: fix these first.\n" in found.message


@pytest.mark.parametrize("spec", [None, [], "text", 7, {}])
async def test_a_spec_of_any_shape_is_denied(spec):
    assert not (await answer({**GOOD, "spec": spec})).allowed


async def test_warnings_of_an_object_do_not_deny_it():
    found = await answer(virtual_service(f"{{hosts: [models], tls: [], http: [{ROUTE}]}}"))
    assert found.allowed


async def test_what_is_wrong_between_objects_is_a_warning():
    (warning,) = (await answer(GOOD)).warnings
    assert warning.startswith("spec.http[0].route[0].destination.host: There is no Service")


async def test_what_is_in_force_counts_between_objects():
    catalog = catalog_of(service("models", "{name: http, port: 80}"))
    assert await answer(GOOD, catalog=catalog) == ALLOWED


async def test_nothing_is_missing_before_everything_was_read():
    assert await answer(GOOD, complete=False) == ALLOWED


# --- Objects that are stored already ---


async def test_a_change_that_leaves_errors_as_they_were_is_let_through():
    finalized = copy.deepcopy(BAD)
    finalized["metadata"]["finalizers"] = ["example.com/a"]

    found = await answer(BAD, finalized)
    assert found.allowed
    assert sorted(each.partition(".")[0] for each in found.warnings) == ["Not in force: spec"] * 2


async def test_a_change_that_removes_one_of_the_errors_is_let_through():
    better = copy.deepcopy(BAD)
    better["spec"]["http"][1]["timeout"] = "3s"
    found = await answer(better, BAD)
    assert found.allowed
    assert len(found.warnings) == 1


async def test_errors_may_move_in_a_list():
    moved = copy.deepcopy(BAD)
    moved["spec"]["http"].insert(0, GOOD["spec"]["http"][0])
    assert (await answer(moved, BAD)).allowed


async def test_a_change_that_adds_an_error_is_denied_with_all_of_them():
    worse = copy.deepcopy(BAD)
    worse["spec"]["hosts"] = []
    found = await answer(worse, BAD)
    assert not found.allowed
    assert sorted(paths(found)) == ["spec.hosts", "spec.http[1].route", "spec.http[1].timeout"]


async def test_a_second_error_of_one_kind_is_a_new_one():
    worse = copy.deepcopy(BAD)
    worse["spec"]["http"].append(copy.deepcopy(BAD["spec"]["http"][1]))
    assert not (await answer(worse, BAD)).allowed


async def test_breaking_a_good_object_is_denied():
    assert not (await answer(BAD, GOOD)).allowed


@pytest.mark.parametrize(
    ("item", "before", "more"),
    [
        (None, BAD, {"operation": "DELETE"}),
        (BAD, GOOD, {"subResource": "status"}),
        (virtual_service("{}", deletionTimestamp="2026-01-01T00:00:00Z"), GOOD, {}),
    ],
    ids=["deletion", "status", "finalizer of a deleted object"],
)
async def test_nothing_stands_in_the_way_of_removing_an_object(item, before, more):
    assert await answer(item, before, **more) == ALLOWED


FIELDS = st.sampled_from(["hosts", "host", "http", "route", "subsets", "name", "servers", "a"])
SPECS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "80", "*", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["VirtualService", "DestinationRule", "Gateway", "ServiceEntry"]),
    SPECS,
    st.lists(st.sampled_from(["a/b", "c/d"]), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
)
async def test_metadata_of_any_stored_object_can_be_changed(kind, spec, finalizers, labels):
    stored = {**GOOD, "kind": kind, "spec": spec}
    metadata = {**GOOD["metadata"], "finalizers": finalizers, "labels": labels}
    assert (await answer({**stored, "metadata": metadata}, stored)).allowed


# --- Whose objects ---


@pytest.mark.parametrize("labels", [{"istio.io/rev": "blue"}, {}, None])
async def test_objects_of_our_revision_or_of_none_are_validated(labels):
    item = {**BAD, "metadata": {**BAD["metadata"], "labels": labels}}
    assert not (await answer(item, revision="blue")).allowed


async def test_objects_of_another_revision_are_not():
    item = {**BAD, "metadata": {**BAD["metadata"], "labels": {"istio.io/rev": "green"}}}
    assert await answer(item, revision="blue") == ALLOWED
    assert not (await answer(item)).allowed


async def test_kinds_that_are_not_ours_are_let_through():
    item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": 7}
    assert await answer(item) == ALLOWED


async def test_kubernetes_own_kinds_are_never_denied():
    item = yaml.safe_load(service("web", "{name: http, port: 80}"))
    item["spec"]["ports"] = []
    found = await answer(item)
    assert found.allowed
    assert found.warnings[0].startswith("Not in force: spec")


async def test_an_object_whose_name_is_made_up_by_the_server_is_validated():
    item = copy.deepcopy(GOOD)
    del item["metadata"]["name"], item["metadata"]["namespace"]
    item["metadata"]["generateName"] = "chat-"
    assert (await answer(item, complete=False)) == ALLOWED
    item["spec"]["hosts"] = 7
    assert not (await answer(item)).allowed


async def test_a_creation_without_an_object_is_no_question():
    with pytest.raises(ReviewError, match=r"request\.object is missing"):
        await answer(None)
