"""A mistake of our own at one object leaves it as it was, and takes all others in."""

from __future__ import annotations

from typing import Any

import pytest

from straightway.catalog import Catalog, keys
from straightway.catalog import catalog as catalog_module
from straightway.catalog import replaced as replaced_module
from straightway.documents import Reference
from tests.support.configs import entry, service
from tests.support.world import parsed

BAD = Reference("", "Service", "default", "bad")


class OurMistakeError(Exception):
    """What is raised in the place of a mistake."""


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (replaced_module, "object_keys"),
        (replaced_module, "object_values"),
        (replaced_module, "services_of"),
        (catalog_module, "services_of"),
        (replaced_module, "service_keys"),
        (replaced_module, "service_values"),
        (replaced_module, "label_keys_of"),
        (catalog_module, "object_keys"),
    ],
)
def test_whatever_fails_for_an_object_the_keys_of_all_others_are_returned(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str
):
    told: list[Reference] = []
    catalog = Catalog(mistaken=lambda reference, _mistake: told.append(reference))
    catalog.change(parsed(entry("bad", {"app": "good"}), entry("other", {"app": "good"})))
    works = getattr(module, function)

    def failing(item: Any, *rest: Any) -> Any:
        if "bad" in str(item):
            raise OurMistakeError
        return works(item, *rest)

    port = "{name: http, port: 80}"
    with monkeypatch.context() as broken:
        broken.setattr(module, function, failing)
        changed = catalog.change(parsed(service("bad", port), service("good", port)))
    assert {reference.name for reference in told} == {"bad"}
    assert catalog.mistakes == len(told)
    good = "good.default.svc.cluster.local"
    assert {keys.service(good), keys.named("good")} <= changed
    assert catalog.service(good) is not None
    listed = catalog.objects_at(keys.labelled("default", "app", "good"))
    assert "other" in {reference.name for reference in listed}

    # Once it is mended, the object can change, and go.
    catalog.change(parsed(service("bad", "{name: http, port: 81}")))
    assert catalog.service("bad.default.svc.cluster.local") is not None
    catalog.change({BAD: None})
    assert catalog.service("bad.default.svc.cluster.local") is None
