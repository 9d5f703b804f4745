"""ModelMesh's registry in a real etcd, with records as ModelMesh writes them."""

from __future__ import annotations

import grpc
import pytest

from straightway.holdings.answers import FailureKind, Model, ModelState
from straightway.holdings.pools import Api
from tests.support.asking import Asking
from tests.support.etcd import Etcd
from tests.support.kube_binaries import need
from tests.support.mesh_instance import Info, MeshInstance

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE
ROOT = "serving/mm/modelmesh-serving"
POD = "modelmesh-serving-triton-7d9f6c5b4-x2k8p"
ID = "f6c5b4-x2k8p"
LOADED, IS_LOADING = Info.LOADED, Info.LOADING


def record(*instances: str, since: int = 1795773793000, **failed: str) -> dict[str, object]:
    """A model's record: the instances that have it, and those that failed to load it."""
    found: dict[str, object] = {
        "type": "rt:triton",
        "encKey": '{"bucket":"models"}',
        "mPath": "iris",
        "instanceIds": dict.fromkeys(instances, since),
        "lu": since,
        "refs": 1,
    }
    if failed:
        found["failedIn"] = dict.fromkeys(failed, since)
        found["fails"] = {instance: {"msg": words} for instance, words in failed.items()}
    return found


@pytest.fixture
def etcd(tmp_path):
    need("etcd")
    server = Etcd(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def instance():
    server = MeshInstance()
    yield server
    server.close()


@pytest.fixture
def asking(etcd, instance):
    settings = {"etcd": f"{etcd.url}/{ROOT}", "interval": 0.001}
    with Asking(Api.MODELMESH, instance.port, pod=POD, **settings) as asking:
        yield asking


def put(etcd, model, *instances, since=1795773793000, **failed):
    return etcd.put(f"{ROOT}/registry/{model}", record(*instances, since=since, **failed))


def test_the_id_is_the_end_of_the_pods_name():
    assert POD[-12:] == ID


def test_a_copy_is_held_from_when_its_instance_says_so_to_when_the_registry_does(
    etcd, instance, asking
):
    put(etcd, "iris", "other-pod")
    assert asking.states() == {}

    put(etcd, "iris", "other-pod", ID)
    instance.copies = {("iris", ID): IS_LOADING, ("iris", "other-pod"): LOADED}
    assert asking.states() == {"iris": LOADING}
    instance.copies["iris", ID] = LOADED
    assert asking.states() == {"iris": READY}
    asked = len(instance.asked)
    assert asking.states() == {"iris": READY}
    assert len(instance.asked) == asked, "what is loaded is not asked again"

    put(etcd, "iris", "other-pod")
    assert asking.states() == {}
    instance.copies["iris", ID] = IS_LOADING
    put(etcd, "iris", "other-pod", ID, since=1795773799000)
    assert asking.states() == {"iris": LOADING}, "this is another copy"


def test_a_copy_that_failed_says_why(etcd, asking):
    put(etcd, "iris", **{ID: "no weights\nat Loader.java"})
    assert asking.ask().models == (Model("iris", UNAVAILABLE, reason="no weights at Loader.java"),)


def test_clients_names_stand_for_the_active_model(etcd, instance, asking):
    put(etcd, "iris__isvc-1a2b", ID)
    put(etcd, "iris__isvc-3c4d", "other-pod")
    instance.copies = {("iris__isvc-1a2b", ID): LOADED}
    name = {"o": "ksp", "amid": "iris__isvc-1a2b", "tmid": "iris__isvc-3c4d"}
    etcd.put(f"{ROOT}/vmodels/iris", name)
    assert asking.states() == {"iris__isvc-1a2b": READY, "iris": READY}
    etcd.put(f"{ROOT}/vmodels/iris", {**name, "amid": name["tmid"]})
    assert asking.states() == {"iris__isvc-1a2b": READY}


def test_only_changes_are_read_and_deletions_are_noticed(etcd, instance, asking):
    for number in range(5):
        put(etcd, f"m{number}", ID)
    instance.copies = {(f"m{number}", ID): LOADED for number in range(10)}
    assert len(asking.states()) == 5
    put(etcd, "m5", ID)
    etcd.delete(f"{ROOT}/registry/m0")
    assert set(asking.states()) == {f"m{number}" for number in range(1, 6)}
    etcd.delete(f"{ROOT}/registry/m1")
    put(etcd, "m0", ID)
    assert set(asking.states()) == {"m0", "m2", "m3", "m4", "m5"}


def test_thousands_of_models_are_read_in_pages(etcd, instance, asking):
    for number in range(1200):
        put(etcd, f"m{number:04}", "other-pod")
    put(etcd, "zz-last", ID)
    instance.copies = {("zz-last", ID): LOADED}
    assert asking.states() == {"zz-last": READY}


def test_a_compaction_changes_nothing(etcd, instance, asking):
    instance.copies = {("iris", ID): LOADED}
    put(etcd, "iris", ID)
    assert asking.states() == {"iris": READY}
    etcd.compact(put(etcd, "digits", "other-pod"))
    assert asking.states() == {"iris": READY}


def test_another_etcd_at_the_same_address_is_read_anew(etcd, instance, asking, tmp_path):
    instance.copies = {("iris", ID): LOADED, ("digits", ID): LOADED}
    for _ in range(5):
        put(etcd, "iris", ID)
    assert asking.states() == {"iris": READY}
    etcd.close()
    assert asking.fails() is FailureKind.REFUSED
    (tmp_path / "etcd").rename(tmp_path / "lost")
    etcd.start()
    put(etcd, "digits", ID)
    assert asking.states() == {"digits": READY}


def test_a_record_that_is_none_is_told_with_its_key(etcd, asking):
    etcd.put_text(f"{ROOT}/registry/iris", "no JSON")
    assert asking.fails() is FailureKind.INVALID


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, FailureKind.REFUSED),
        (grpc.StatusCode.UNAUTHENTICATED, FailureKind.DENIED),
        (grpc.StatusCode.INTERNAL, FailureKind.INVALID),
    ],
)
def test_an_instance_that_does_not_say_what_it_loaded_gives_no_answer(
    etcd, instance, asking, code, kind
):
    put(etcd, "iris", ID)
    instance.failure = code
    assert asking.fails() is kind
    instance.failure, instance.copies = None, {("iris", ID): LOADED}
    assert asking.states() == {"iris": READY}
