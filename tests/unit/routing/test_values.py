"""What holds for all values of the routing model."""

from __future__ import annotations

import dataclasses
import inspect
from types import ModuleType

import pytest

from straightway.routing import clusters, http, listeners, policies


def values_in(module: ModuleType) -> list[type]:
    return [
        each
        for _, each in inspect.getmembers(module, dataclasses.is_dataclass)
        if inspect.isclass(each) and each.__module__ == module.__name__
    ]


VALUES = [each for module in (http, policies, clusters, listeners) for each in values_in(module)]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_it_is_frozen_and_hashable_and_has_no_dict(value):
    parameters = value.__dataclass_params__

    assert parameters.frozen
    assert value.__hash__ is not None
    assert "__slots__" in vars(value)


def test_an_endpoint_has_no_weight_unless_it_is_given_one():
    assert clusters.Endpoint("10.0.0.1", 80).weight == 0
