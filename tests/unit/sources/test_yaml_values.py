"""From the text of one document to plain data."""

import pytest
import yaml

from straightway.sources import yaml_values
from straightway.sources.yaml_limits import MAX_DEPTH
from straightway.sources.yaml_positions import Value
from straightway.sources.yaml_values import read_yaml


def read_value(text: str) -> Value:
    return read_yaml(text).root


def refusal(text: str) -> str:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        read_value(text)
    assert caught.value.problem_mark is not None
    return str(caught.value.problem)


def test_mappings_sequences_and_scalars_nest() -> None:
    text = "a: {b: [1, two, {c: null}]}\nd:\n- e: 'f'\n  g: |\n    h\n- []\n"
    assert read_value(text) == {
        "a": {"b": [1, "two", {"c": None}]},
        "d": [{"e": "f", "g": "h\n"}, []],
    }


def test_quotes_make_a_string() -> None:
    assert read_value("""{a: "1", b: 'true', c: "", d: '~'}""") == {
        "a": "1",
        "b": "true",
        "c": "",
        "d": "~",
    }


def test_a_text_without_a_document_is_none() -> None:
    assert read_value("# only\n") is None


def test_json_is_yaml() -> None:
    assert read_value('{\n\t"a": [1, 2.5, true, null, "\\u00e9"]\n}') == {
        "a": [1, 2.5, True, None, "é"]
    }


def test_keys_become_strings_as_in_json() -> None:
    assert read_value("8008: a\n1.5: b\non: c\n") == {"8008": "a", "1.5": "b", "true": "c"}


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", '8008: a\n"8008": b\n', "{a: 1, a: 1}"])
def test_a_key_that_is_written_twice_is_refused(text: str) -> None:
    assert "is written twice" in refusal(text)


def test_the_same_key_in_different_mappings_is_fine() -> None:
    assert read_value("a: {x: 1}\nb: {x: 2}\nx: 3\n") == {"a": {"x": 1}, "b": {"x": 2}, "x": 3}


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: 1}\n: b\n", "~: b\n", "{{ name }}: b\n"])
def test_a_key_that_json_cannot_have_is_refused(text: str) -> None:
    assert refusal(text) == "a key must be a string"


def test_an_alias_stands_for_its_anchor() -> None:
    assert read_value("a: &x {b: 1}\nc: *x\nd: &y e\nf: *y\n*y : g\n") == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": "e",
        "f": "e",
        "e": "g",
    }


def test_an_alias_without_anchor_is_refused() -> None:
    assert "no anchor &x before it" in refusal("a: *x\nb: &x 1\n")


@pytest.mark.parametrize("text", ["&x [*x]", "a: &x {b: {c: *x}}"])
def test_an_alias_inside_its_anchor_is_refused(text: str) -> None:
    assert "refers to a value that contains it" in refusal(text)


def test_aliases_that_multiply_without_end_are_refused() -> None:
    laughs = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "stand for more than" in refusal("\n".join(laughs))


def test_as_many_aliases_as_people_write_are_fine() -> None:
    text = "a: &a {b: [1, 2, 3]}\nc:\n" + "- *a\n" * 1000
    assert read_value(text) == {"a": {"b": [1, 2, 3]}, "c": [{"b": [1, 2, 3]}] * 1000}


def test_a_merge_adds_what_the_mapping_does_not_say_itself() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\n"
    value = read_value(text)
    assert isinstance(value, dict)
    assert value["z"] == yaml.safe_load(text)["z"] == {"a": 1, "b": 1, "c": 3}


def test_a_merge_of_something_else_is_refused() -> None:
    assert refusal("a:\n  <<: 1\n") == "'<<' can only merge mappings"


def test_a_quoted_merge_key_is_a_key() -> None:
    assert read_value('"<<": 1') == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '1'", 1),
        ("!!float 1", 1),
        ("!!bool 'yes'", True),
        ("!!null ''", None),
        ("!!timestamp 2001-01-01", "2001-01-01"),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
    ],
)
def test_yamls_own_tags_are_followed(text: str, value: object) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize("text", ["!!int x", "!!int true", "!!bool 1", "!!null x"])
def test_a_tag_that_its_value_contradicts_is_refused(text: str) -> None:
    assert " is not a valid " in refusal(text)


@pytest.mark.parametrize(
    "text", ["!foo 1", "!!binary aGk=", "!!set {a}", "!!python/object:os.system {}", "!x [1]"]
)
def test_other_tags_are_refused(text: str) -> None:
    assert refusal(text).startswith("unknown tag ")


def test_a_document_may_be_nested_as_deep_as_the_limit_and_no_deeper() -> None:
    assert read_value("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert "nested deeper" in refusal("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_nesting_that_would_overflow_the_stack_is_refused() -> None:
    assert "nested deeper" in refusal("[" * 100_000)


def test_a_second_document_needs_its_line() -> None:
    assert "must begin with a line '---'" in refusal("a: 1\n--- \nb: 2\n")


def test_without_libyaml_the_values_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: [1, 'two', {c: null}]}\n8008: &x yes\nd: *x\ne: !!str 1\nf: |\n  g\n"
    expected = read_value(text)
    monkeypatch.setattr(yaml_values, "LOADER", yaml.BaseLoader)
    assert read_value(text) == expected
