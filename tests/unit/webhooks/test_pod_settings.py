"""Annotations of a Pod for its sidecar: what they set, and what is said of wrong ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.webhooks.pod_settings import DEFAULTS, PREFIX, settings_of


def settings(**annotations):
    named = {PREFIX + name.replace("_", "-"): value for name, value in annotations.items()}
    return settings_of(named)


def test_without_annotations_a_sidecar_has_its_defaults():
    assert settings_of({"example.com/a": "b"}) == (DEFAULTS, ())


def test_annotations_set_resources_log_level_and_hosts():
    found, causes = settings(
        cpu="250m", cpu_limit="2", memory="256Mi", memory_limit="2Gi", log_level="debug"
    )
    assert causes == ()
    assert found.log_level == "debug"
    assert found.resources() == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"memory": "2Gi", "cpu": "2"},
    }


def test_a_default_gives_way_to_what_is_set():
    assert settings(memory="4Gi")[0].memory_limit == "4Gi"
    assert settings(memory_limit="64Mi")[0].memory == "64Mi"
    assert settings(cpu_limit="50m")[0].cpu == "50m"


def test_hosts_are_names_of_services():
    hosts = "models, models.shop,models.shop.svc, models.shop.svc.cluster.local,models"
    assert settings(hosts=hosts)[0].hosts == (
        "models",
        "models.shop",
        "models.shop.svc",
        "models.shop.svc.cluster.local",
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("cpu", "much", '"much" is not a number of CPUs from 10m to 32.'),
        ("cpu", "1m", "from 10m to 32"),
        ("cpu_limit", "33", "from 10m to 32"),
        ("memory", "1Mi", "a number of bytes from 32Mi to 32Gi"),
        ("memory", "1" * 400, "from 32Mi to 32Gi"),
        ("memory_limit", "-1Gi", "from 32Mi to 32Gi"),
        ("log_level", "loud", "write trace, debug, info, warning, error, critical or off"),
        ("hosts", "api.example.com", '"api.example.com", which is no name of a Service'),
        ("hosts", "a b", "which is no name of a Service"),
        ("hosts", ",".join(f"a{number}" for number in range(65)), "65 names, of which 64"),
        ("memmory", "1Gi", "did you mean straightway.dev/proxy-memory?"),
        ("zzz", "1", "write straightway.dev/proxy-cpu, "),
    ],
)
def test_a_wrong_annotation_is_named_with_what_to_write(name, value, words):
    _, (cause,) = settings(**{name: value})
    assert cause.path == f'metadata.annotations["{PREFIX}{name.replace("_", "-")}"]'
    assert words in cause.message


def test_a_limit_below_the_request_is_wrong():
    _, causes = settings(cpu="2", cpu_limit="1", memory="1Gi", memory_limit="512Mi")
    assert [cause.message for cause in causes] == [
        '"1" is less than straightway.dev/proxy-cpu, which is 2.',
        '"512Mi" is less than straightway.dev/proxy-memory, which is 1Gi.',
    ]


NAMES = ("cpu", "cpu-limit", "memory", "memory-limit", "log-level", "hosts", "other")


@given(
    st.dictionaries(
        st.sampled_from([PREFIX + name for name in NAMES]),
        st.from_regex(r"[0-9]{0,4}(m|Mi|Gi|k)?", fullmatch=True) | st.text(max_size=20),
    )
)
def test_whatever_annotations_say_is_set_or_wrong(annotations):
    found, causes = settings_of(annotations)
    assert all(cause.path and cause.message.endswith((".", "?")) for cause in causes)
    assert found.resources()["requests"].keys() == {"cpu", "memory"}
