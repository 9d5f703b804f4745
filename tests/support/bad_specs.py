"""Bad specs of Istio's kinds, and what must be said of each."""

from __future__ import annotations

import re
from collections.abc import Callable

from straightway.api import Code, Parsed

VS, DR, GW, SE, WE = (
    "VirtualService",
    "DestinationRule",
    "Gateway",
    "ServiceEntry",
    "WorkloadEntry",
)
ASM = "ASMGrpcJsonTranscoder"
H = "spec.http[0]"
"""The path of the only route."""
LB = "spec.trafficPolicy.loadBalancer"

_MACHINERY = re.compile(r"Input should|valid dictionary|pydantic|NoneType")


Case = tuple[str, str, str, str | None, str]
"""A kind and a spec, and a problem of it: its code, path (None for any), and words of it."""


def assert_told(read_spec: Callable[[str, str], Parsed], case: Case) -> None:
    """Check that the problem is found, and told so that it can be mended."""
    kind, spec, code, path, words = case
    parsed = read_spec(kind, spec)

    problem = next((each for each in parsed.problems if each.code == code), None)
    assert problem is not None, parsed.problems
    assert path is None or problem.path == path
    assert words in problem.message
    assert problem.subject == f"{kind} shop/checkout"
    assert problem.severity is Code(code).severity
    assert (parsed.object is None) == any(each.is_error for each in parsed.problems)
    for each in parsed.problems:
        assert not _MACHINERY.search(each.message)
        assert each.message.endswith((".", "?"))


# --- Specs around the bad part ---


def http(route: str) -> str:
    """A VirtualService with one route."""
    return "{hosts: [a.com], http: [" + route + "]}"


def to_a(more: str) -> str:
    """A VirtualService with one route, which has a destination and these fields."""
    return http("{route: [{destination: {host: a}}], " + more + "}")


def match(condition: str) -> str:
    """The same with one match."""
    return to_a("match: [{" + condition + "}]")


def policy(text: str) -> str:
    """A DestinationRule with a traffic policy."""
    return "{host: a, trafficPolicy: {" + text + "}}"


def lb(text: str) -> str:
    """A DestinationRule with a load balancer."""
    return policy("loadBalancer: {" + text + "}")
