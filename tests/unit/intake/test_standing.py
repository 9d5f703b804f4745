"""What is known of an object as its source has it."""

from __future__ import annotations

from straightway.documents import Bundle, Document, Reference
from straightway.intake import Intake, LastGood, Standing
from tests.support.configs import PathOrigin

ROUTES = Reference("networking.istio.io", "VirtualService", "default", "routes")
V1 = "networking.istio.io/v1"


def routes(generation: int | None = 1, created: str | None = None, **spec: object) -> Bundle:
    good = {"hosts": ["*"], "http": [{"directResponse": {"status": 200}}]}
    metadata: dict[str, object] = {"name": "routes"}
    if generation is not None:
        metadata["generation"] = generation
    if created is not None:
        metadata["creationTimestamp"] = created
    body = {
        "apiVersion": V1,
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": {**good, **spec},
    }
    return Bundle("routes", (Document(body, PathOrigin("routes")),))


def test_a_good_version_serves():
    intake = Intake(LastGood())
    intake.apply("cluster", [routes(3)], 0)
    assert intake.standing(ROUTES, "cluster") == Standing(V1, 3, 3, True)
    assert intake.standing_of("cluster") == [ROUTES]


def test_an_object_that_a_source_does_not_have_is_unknown():
    intake = Intake(LastGood())
    intake.apply("folder", [routes()], 0)
    assert intake.standing(ROUTES, "cluster") is None
    assert intake.standing_of("cluster") == []
    intake.apply("cluster", [routes()], 0)
    intake.apply("cluster", [Bundle("routes")], 1)
    assert intake.standing(ROUTES, "cluster") is None


def test_a_broken_version_leaves_the_last_good_one_serving():
    intake = Intake(LastGood())
    intake.apply("cluster", [routes(1)], 0)
    intake.apply("cluster", [routes(2, nonsense=1)], 1)
    assert intake.standing(ROUTES, "cluster") == Standing(V1, 2, 1, True)


def test_without_a_good_version_nothing_serves():
    intake = Intake(LastGood())
    intake.apply("cluster", [routes(1, nonsense=1)], 0)
    assert intake.standing(ROUTES, "cluster") == Standing(V1, 1, None, False)
    assert intake.standing_of("cluster") == [ROUTES]


def test_an_object_does_not_serve_where_another_sources_wins():
    intake = Intake(LastGood())
    intake.apply("cluster", [routes(1, created="2026-01-01T00:00:00Z")], 0)
    intake.apply("folder", [routes(None, hosts=["other.example"])], 1)
    assert intake.standing(ROUTES, "cluster") == Standing(V1, 1, 1, True)
    older = routes(None, created="2025-01-01T00:00:00Z", hosts=["other.example"])
    intake.apply("folder", [older], 2)
    assert intake.standing(ROUTES, "cluster") == Standing(V1, 1, None, False)
