"""What unquoted scalars mean: as in sigs.k8s.io/yaml."""

import pytest

from straightway.sources.yaml_scalars import key_text, plain_scalar


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "y", "Y", "yes", "Yes", "on", "ON"])
def test_a_word_for_true_is_true(text: str) -> None:
    assert plain_scalar(text) is True


@pytest.mark.parametrize("text", ["false", "False", "n", "N", "no", "NO", "off", "Off"])
def test_a_word_for_false_is_false(text: str) -> None:
    assert plain_scalar(text) is False


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_a_word_for_nothing_is_none(text: str) -> None:
    assert plain_scalar(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("8033", 8033),
        ("-1", -1),
        ("+1", 1),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("-017", -15),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("08", 8.0),
    ],
)
def test_a_number_is_a_number(text: str, number: float) -> None:
    value = plain_scalar(text)
    assert (value, type(value)) == (number, type(number))


@pytest.mark.parametrize(
    "text",
    [
        *("2001-01-01", "2001-12-14t21:59:43.10-05:00", "12:30", "12:30:45", "10.0.0.1", "1.2.3"),
        *("v1", "-", "+", ".", "...", "-v", "0x", "1e", "\u0661", ".inf", ".nan", "=", "9" * 5000),
        *("yEs", "nUll", "modelmesh.asm.alibabacloud.com"),
    ],
)
def test_anything_else_is_a_string(text: str) -> None:
    assert plain_scalar(text) == text


@pytest.mark.parametrize(
    ("value", "key"),
    [("a", "a"), (8008, "8008"), (1.5, "1.5"), (True, "true"), (False, "false")],
)
def test_a_scalar_key_becomes_the_string_that_json_has_for_it(value: object, key: str) -> None:
    assert key_text(value) == key


@pytest.mark.parametrize("value", [None, [], {}])
def test_nothing_else_is_a_key(value: object) -> None:
    assert key_text(value) is None
