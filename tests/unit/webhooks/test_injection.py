"""Sidecars: which Pods get one, what is added to them, and that nothing else changes."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.proxies.addresses import Address
from straightway.webhooks.admission import ALLOWED, ReviewError
from straightway.webhooks.injection import Injector
from straightway.webhooks.sidecar import NAME, sidecar_settings
from tests.support.pods import PODS, assert_valid, pod
from tests.support.reviews import asked, patched

XDS = Address("straightway.straightway-system.svc", 18443)
SETTINGS = sidecar_settings(XDS)
INJECTOR = Injector(SETTINGS)


async def answer(item, **more):
    return await INJECTOR(asked(item, **more))


async def injected(item, **more):
    found = await answer(item, **more)
    assert found.allowed
    assert found.warnings == ()
    return patched(item, list(found.patch))


def sidecar_in(item):
    return next(each for each in item["spec"]["initContainers"] if each["name"] == NAME)


def bootstrap_in(item):
    arguments = sidecar_in(item)["args"]
    return json.loads(arguments[arguments.index("--config-yaml") + 1].replace("$$", "$"))


def labelled(value, **spec):
    item = pod(labels={"straightway.dev/inject": value})
    item["spec"] |= spec
    return item


@settings(max_examples=300, deadline=None)
@given(PODS)
async def test_a_pod_of_any_shape_stays_valid_and_keeps_all_that_it_has(item):
    result = await injected(item)

    assert_valid(result)
    metadata = copy.deepcopy(result["metadata"])
    added = metadata.pop("annotations")
    kept = {key: added.pop(key) for key in item["metadata"].get("annotations", {})}
    assert kept == item["metadata"].get("annotations", {})
    assert added.keys() == {"straightway.dev/xds-authority", "straightway.dev/xds-token"}
    assert metadata == {k: each for k, each in item["metadata"].items() if k != "annotations"}
    before, after = item["spec"], result["spec"]
    assert after["containers"] == before["containers"]
    assert after["initContainers"][1:] == (before.get("initContainers") or [])
    assert after["volumes"][:-2] == (before.get("volumes") or [])
    sysctls = (before.get("securityContext") or {}).get("sysctls") or []
    assert after["securityContext"]["sysctls"][: len(sysctls)] == sysctls
    for alias in before.get("hostAliases", ()):
        (same,) = [each for each in after["hostAliases"] if each["ip"] == alias["ip"]]
        assert set(alias.get("hostnames", ())) <= set(same.get("hostnames", ()))


@settings(max_examples=100, deadline=None)
@given(PODS)
async def test_injected_twice_is_injected_once(item):
    assert await answer(await injected(item)) == ALLOWED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["name", "spec", "metadata", "containers", "volumes", "labels", "ports"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            ("metadata",),
            ("metadata", "labels"),
            ("metadata", "annotations"),
            ("spec",),
            ("spec", "containers"),
            ("spec", "initContainers"),
            ("spec", "volumes"),
            ("spec", "hostAliases"),
            ("spec", "securityContext"),
            ("spec", "os"),
        ]
    ),
    JSON,
)
async def test_what_is_no_pod_gets_a_patch_that_can_be_applied_or_none(path, value):
    item = pod()
    here = item
    for name in path[:-1]:
        here = here[name]
    here[path[-1]] = value
    found = await answer(item)
    patched(item, list(found.patch))


async def test_the_sidecar_is_a_native_one_and_starts_first():
    item = labelled("true", initContainers=[{"name": "migrate", "image": "example/app:1"}])
    result = await injected(item)
    assert [each["name"] for each in result["spec"]["initContainers"]] == [NAME, "migrate"]
    assert sidecar_in(result)["restartPolicy"] == "Always"


async def test_envoy_learns_its_node_from_the_pod():
    item = pod(labels={"app": "chat", "version": "v1"})
    result = await injected(item, namespace="shop")
    sidecar = sidecar_in(result)

    arguments = sidecar["args"]
    assert arguments[arguments.index("--service-node") + 1] == (
        "sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.cluster.local"
    )
    assert {each["name"] for each in sidecar["env"]} == {"POD_NAME", "POD_NAMESPACE", "POD_IP"}
    assert bootstrap_in(result)["node"]["metadata"] == {
        "NAMESPACE": "shop",
        "LABELS": {"app": "chat", "version": "v1"},
        "INTERCEPTION_MODE": "NONE",
        "OWN_PORTS": "8080,15000,15021,15090",
    }


async def test_nothing_in_the_bootstrap_is_expanded_by_kubernetes():
    item = pod(labels={"app": "$(POD_NAME)"})
    text = sidecar_in(await injected(item))["args"][1]
    assert "$(" not in text.replace("$$", "")
    assert bootstrap_in(await injected(item))["node"]["metadata"]["LABELS"] == {
        "app": "$(POD_NAME)"
    }


async def test_hosts_lead_to_the_sidecar():
    item = pod()
    item["metadata"]["annotations"] = {"straightway.dev/proxy-hosts": "models,models.shop"}
    item["spec"]["hostAliases"] = [{"ip": "127.0.0.1", "hostnames": ["me", "models"]}]
    assert (await injected(item))["spec"]["hostAliases"] == [
        {"ip": "127.0.0.1", "hostnames": ["me", "models", "models.shop"]}
    ]


@pytest.mark.parametrize(
    ("item", "more"),
    [
        (labelled("false"), {}),
        (pod(), {"operation": "UPDATE"}),
        (pod(), {"subResource": "ephemeralcontainers"}),
        ({**pod(), "kind": "Deployment"}, {}),
    ],
    ids=["its label says no", "update", "sub-resource", "no Pod"],
)
async def test_pods_that_are_none_of_our_business_stay_as_they_are(item, more):
    assert await answer(item, **more) == ALLOWED


@pytest.mark.parametrize(
    ("spec", "words"),
    [({"hostNetwork": True}, "its node's network"), ({"os": {"name": "windows"}}, "for Windows")],
)
async def test_a_pod_that_cannot_have_a_sidecar_is_told(spec, words):
    found = await answer(labelled("true", **spec))
    assert found.allowed
    assert found.patch == ()
    (warning,) = found.warnings
    assert words in warning


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"metadata": {"labels": {"straightway.dev/inject": "yes"}}}, "metadata.labels", '"true"'),
        (
            {"metadata": {"annotations": {"straightway.dev/proxy-cpu": "much"}}},
            "metadata.annotations",
            "a number of CPUs",
        ),
        ({"spec": {"volumes": [{"name": "straightway-ca"}]}}, "spec.volumes", "rename"),
        (
            {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 15021}]}]}},
            "spec.containers",
            "15021",
        ),
    ],
)
async def test_a_pod_with_a_mistake_is_denied_with_path_and_remedy(change, path, words):
    item = copy.deepcopy(pod())
    for part, fields in change.items():
        item[part] |= fields
    found = await answer(item)

    assert not found.allowed
    (cause,) = found.causes
    assert cause.path.startswith(path)
    assert words in cause.message
    assert cause.message in found.message


async def test_a_creation_without_a_pod_is_no_question():
    with pytest.raises(ReviewError):
        await answer(None)
