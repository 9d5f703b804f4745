"""Whatever stands in a document, parsing gives an object or problems."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.api import KINDS, ApiObject, Code, is_known, reference_of
from straightway.api.suggestions import places_of

FIELDS = sorted({name for model in KINDS.values() for name in places_of(model)})

# More digits than Python prints; 0x… writes them in YAML.
huge = st.integers(15_000, 20_000).map(lambda bits: 1 << bits)
hostile = st.sampled_from(
    [
        # All of these can be written in YAML.
        float("nan"),
        float("inf"),
        "\ud800",
        "a\nb\x1b[31m\x00",
        "x" * 5_000,
        "(" * 5_000,
        "%A(" * 5_000,
        "*." * 2_000,
        b"\xff",
        date(2024, 1, 2),
        datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        {"a"},
        ("a", 1),
    ]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    hostile,
    huge,
    st.text(st.characters(), max_size=8),
    st.sampled_from(["", "*", "a.com", "1s", "/", "80", "HTTP", "ANY_ENDPOINT", "STATIC", "v1"]),
)
keys = st.one_of(
    huge,
    st.sampled_from(FIELDS),
    st.text(st.characters(), max_size=4),
    st.sampled_from(["x" * 5_000, "\ud800", "a\nb", 7, None, 1.5, date(2024, 1, 2)]),
)
data = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=6),
    ),
    max_leaves=30,
)


@pytest.mark.parametrize("known", list(KINDS), ids=lambda known: known[1])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_content_of_a_known_kind_makes_it_raise(read, known, data):
    group, kind = known
    body = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind}
    body["metadata"] = data.draw(st.one_of(st.just({"name": "a"}), data_of_metadata))
    body["spec"] = data.draw(mutated(GOOD.get(kind, {})))
    before = copy.deepcopy(body)

    parsed = read(body)

    assert is_known(body)
    assert pickle.dumps(body) == pickle.dumps(before)
    assert parsed.reference == reference_of(body)
    assert (parsed.object is None) == any(problem.is_error for problem in parsed.problems)
    assert parsed.object is None or isinstance(parsed.object, ApiObject)
    for problem in parsed.problems:
        assert problem.code in set(Code)
        assert "Input should" not in problem.message
        assert problem.message[-1] in ".?"
        assert problem.message.isprintable()
        assert problem.path.isprintable()
        assert len(problem.message) < 1_100


@given(body=data.filter(lambda body: not isinstance(body, str)))
def test_no_document_makes_it_raise(read, body):
    assert read(body).problems


data_of_metadata = st.one_of(data, st.fixed_dictionaries({"name": scalars, "labels": data}))

GOOD = {
    "VirtualService": {
        "hosts": ["a.com"],
        "http": [
            {
                "match": [{"uri": {"prefix": "/"}, "headers": {"a": {}}}],
                "route": [{"destination": {"host": "a", "port": {"number": 1}}, "weight": 1}],
                "retries": {"attempts": 1},
                "headers": {"request": {"set": {"a": "b"}}},
                "headerToDynamicSubsetKey": [{"header": "a", "key": "b"}],
            }
        ],
    },
    "DestinationRule": {
        "host": "a",
        "trafficPolicy": {
            "loadBalancer": {
                "consistentHash": {"httpCookie": {"name": "a", "ttl": "0s"}},
                "dynamicSubset": {
                    "subsetSelectors": [{"keys": ["a"], "fallbackPolicy": "DEFAULT_SUBSET"}],
                    "defaultSubset": {"a": "b"},
                },
            },
            "connectionPool": {"tcp": {"connectTimeout": "1s"}},
            "outlierDetection": {"interval": "1s"},
        },
        "subsets": [{"name": "a", "labels": {"a": "b"}}],
    },
    "Gateway": {
        "selector": {"a": "b"},
        "servers": [{"port": {"number": 80, "protocol": "HTTP"}, "hosts": ["*"]}],
    },
    "ServiceEntry": {
        "hosts": ["a.com"],
        "ports": [{"number": 1, "name": "a"}],
        "resolution": "STATIC",
        "endpoints": [{"address": "10.0.0.1", "ports": {"a": 1}}],
    },
    "WorkloadEntry": {"address": "10.0.0.1", "ports": {"a": 1}},
    "ASMGrpcJsonTranscoder": {"builtinProtoDescriptor": "kserve_predict_v2"},
    "Service": {"ports": [{"port": 1}]},
    "Pod": {"containers": [{"ports": [{"containerPort": 1}]}]},
}


@st.composite
def mutated(draw, good):
    """A valid value of which some parts are replaced, taken out or added to."""
    choice = draw(st.integers(0, 9))
    if choice == 0:
        return draw(data)
    if isinstance(good, dict):
        result = {key: draw(mutated(value)) for key, value in good.items()}
        if choice == 1 and result:
            result.pop(draw(st.sampled_from(sorted(result))))
        if choice == 2:
            result[draw(st.sampled_from(FIELDS))] = draw(data)
        return result
    if isinstance(good, list):
        return [draw(mutated(item)) for item in good] * draw(st.sampled_from([1, 1, 1, 2]))
    return good
