"""What the log says of changed objects."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from straightway.documents import Change, Reference
from straightway.logs.changes import ChangeLog

GATEWAY = Reference("networking.istio.io", "Gateway", "default", "gw")
ROUTES = tuple(
    Reference("networking.istio.io", "VirtualService", "shop", f"v{number:02}")
    for number in range(40)
)
POD = Reference("", "Pod", "default", "a")


@pytest.fixture
def log() -> ChangeLog:
    return ChangeLog(30.0)


def test_a_change_is_one_line_with_numbers_and_the_first_names(log):
    with capture_logs() as lines:
        log.changed(Change(ROUTES, (GATEWAY,), (POD,)))

    assert lines == [
        {
            "event": "config changed",
            "log_level": "info",
            "removed": 1,
            "changed": 1,
            "added": 40,
            "objects": [
                "removed Pod default/a",
                "changed Gateway default/gw",
                "added VirtualService shop/v00",
                "added VirtualService shop/v01",
                "added VirtualService shop/v02",
            ],
        }
    ]


def test_workloads_alone_are_of_interest_for_debugging_only(log):
    with capture_logs() as lines:
        log.changed(Change(changed=(POD,)))

    assert lines == [
        {
            "event": "workloads changed",
            "log_level": "debug",
            "changed": 1,
            "objects": ["changed Pod default/a"],
        }
    ]


def test_what_is_given_up_is_a_warning_with_numbers_by_kind(log):
    with capture_logs() as lines:
        log.given_up((GATEWAY, *ROUTES))

    (line,) = lines
    assert line["log_level"] == "warning"
    assert line["removed"] == "1 Gateway, 40 VirtualServices"
    assert line["reason"] == "missing for 30 s"
    assert len(line["objects"]) == 5
