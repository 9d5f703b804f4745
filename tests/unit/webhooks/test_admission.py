"""AdmissionReviews are read strictly, and answers stay within what the API server passes on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.webhooks.admission import (
    LONGEST_WARNING,
    Answer,
    Cause,
    Operation,
    ReviewError,
    request_of,
    response_of,
)
from tests.support.reviews import Json, asked, review

ITEM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def response(answer: Answer) -> Json:
    found: Json = json.loads(response_of("1", answer))["response"]
    return found


def test_a_review_gives_its_question():
    request = asked(ITEM, {**ITEM, "data": {}}, namespace="shop", subResource="status")
    assert (request.operation, request.namespace, request.sub_resource) == (
        Operation.UPDATE,
        "shop",
        "status",
    )
    assert (request.body(), request.body_before()) == (ITEM, {**ITEM, "data": {}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": "admission.k8s.io/v1beta1"}, "list v1 in admissionReviewVersions"),
        ({"kind": "Review"}, "Only AdmissionReview of admission.k8s.io/v1"),
        ({"request": None}, "no request with a uid"),
        ({"request": {"uid": "", "operation": "CREATE"}}, "no request with a uid"),
        ({"request": {"uid": "1", "operation": "PATCH"}}, "not an AdmissionReview.*PATCH"),
        ({"request": {"operation": "CREATE"}}, "not an AdmissionReview.*uid"),
    ],
)
def test_what_is_no_review_is_refused_with_the_reason(change, message):
    with pytest.raises(ReviewError, match=message):
        request_of(json.dumps({**review(ITEM), **change}).encode())


@pytest.mark.parametrize("item", [[], "text", 1, True])
def test_what_is_no_object_is_refused(item):
    with pytest.raises(ReviewError, match=r"request\.object is not an object"):
        asked({}, object=item).body()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_question_or_refused(content):
    with pytest.raises(ReviewError):
        request_of(content)


@given(JSON)
def test_a_field_of_any_shape_is_a_question_or_refused(value):
    for field in ("uid", "operation", "namespace", "subResource", "object", "oldObject"):
        try:
            request = asked(ITEM, **{field: value})
            request.body()
            request.body_before()
        except ReviewError:
            pass


def test_nesting_without_end_is_refused():
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    with pytest.raises(ReviewError):
        request_of(deep)
    nested = json.dumps(review(ITEM)).encode().replace(b'"oldObject": null', b'"oldObject":' + deep)
    with pytest.raises(ReviewError):
        request_of(nested).body_before()


def test_a_denial_is_an_invalid_object_to_clients():
    answer = Answer(False, "no", (Cause("spec.a", "wrong"),), group="g", kind="K", name="n")
    assert response(answer) == {
        "uid": "1",
        "allowed": False,
        "status": {
            "status": "Failure",
            "code": 422,
            "reason": "Invalid",
            "message": "no",
            "details": {
                "group": "g",
                "kind": "K",
                "name": "n",
                "causes": [{"reason": "FieldValueInvalid", "field": "spec.a", "message": "wrong"}],
            },
        },
    }


@given(st.lists(st.text(min_size=1, max_size=600), min_size=1, max_size=60))
def test_warnings_stay_within_what_the_api_server_passes_on(warnings):
    told = response(Answer(warnings=tuple(warnings)))["warnings"]

    assert all(0 < len(each) <= LONGEST_WARNING and each.isprintable() for each in told)
    assert sum(map(len, told)) <= 4_096
    if len(told) < len(warnings):
        assert told[-1] == f"{len(warnings) - len(told) + 1} more warnings are not shown."
