"""How many connections the process may have."""

from __future__ import annotations

import resource

import pytest

from straightway.open_files import allow_many


@pytest.fixture
def limits():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_process_may_have_as_many_as_the_system_allows(limits):
    _, most = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1024), most))
    allow_many()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)


def test_a_system_that_refuses_leaves_the_limit(limits, monkeypatch):
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    _, most = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1024), most))
    with monkeypatch.context() as patched:
        patched.setattr(resource, "setrlimit", refuse)
        allow_many()
