"""Subset keys of requests: where each request's value for a key is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from straightway.api.checked import Checked, Says
from straightway.api.codes import Code
from straightway.api.faults import Fault, wrong
from straightway.api.matching import WholeRegex
from straightway.api.model import CheckedModel, Model
from straightway.api.texts import one_of, quoted
from straightway.api.values import HeaderName, Int, not_empty, within

MOST_KEYS: Final = 50
"""Entries of one route."""
MOST_SOURCES: Final = 50
"""Sources of one key."""
_LONGEST_PATH = 4_096
_DEEPEST = 16
_MOST_BYTES = 1 << 30
_VALUE = "{}"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PARAMETER = re.compile(r"[^\x00-\x20\x7f&=#]+")
_TEMPLATE = re.compile(r"/[^\x00-\x20\x7f?#]*")


class HeaderToDynamicSubsetKey(Model):
    """Takes the value of a subset key from a request header (``dynamicSubset`` has the keys)."""

    header: Annotated[HeaderName, not_empty("name the header that holds the value")]
    """The request header that holds the value, such as `model`."""
    key: Annotated[str, not_empty("write one of the DestinationRule's subset keys")]
    """The subset key to which the value belongs: one of the keys of `dynamicSubset` in the
    destination's DestinationRule.
    """


def _check_template(value: str) -> str:
    advice = ""
    if not _TEMPLATE.fullmatch(value) or len(value) > _LONGEST_PATH:
        advice = "begin it with a slash, and leave out the query, as in /v2/models/{}/infer"
    elif value.count(_VALUE) != 1:
        advice = "write {} where the value is, once, as in /v2/models/{}/infer"
    elif re.search(r"[{}]", value.replace(_VALUE, "")):
        advice = "write {} for the value, without a name, and * for any other segment"
    elif re.search(r"\*\{\}|\{\}\*", value):
        advice = "put text between {} and *, or nothing tells where the value ends"
    if not advice:
        return value
    raise wrong(Code.INVALID_PATH, f"{quoted(value)} is not a template of paths: {advice}.")


def _check_parameter(value: str) -> str:
    if _PARAMETER.fullmatch(value):
        return value
    message = f"{quoted(value)} is not the name of a query parameter: leave out ?, & and =."
    raise wrong(Code.INVALID_VALUE, message)


def _check_cookie(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    message = f"{quoted(value)} is not the name of a cookie: write letters, digits and hyphens."
    raise wrong(Code.INVALID_VALUE, message)


def _check_body(value: str) -> str:
    names = value.split(".")
    if all(names) and len(names) <= _DEEPEST:
        return value
    message = (
        f"{quoted(value)} is not a path in a JSON body: write the member's name, such as model, or "
        f"the names that lead to it, such as options.model; at most {_DEEPEST}."
    )
    raise wrong(Code.INVALID_VALUE, message)


class GrpcField(StrEnum):
    """What can be read in requests of the Open Inference Protocol."""

    MODEL_NAME = "model_name"
    MODEL_VERSION = "model_version"


class Preset(StrEnum):
    """An API whose requests are known."""

    OPEN_INFERENCE = "open-inference"
    OPENAI = "openai"
    KSERVE_V1 = "kserve-v1"


Template = Annotated[
    str,
    Checked(
        _check_template,
        maxLength=_LONGEST_PATH,
        pattern=r"^/[^\x00-\x20\x7f?#]*\{\}[^\x00-\x20\x7f?#]*$",
    ),
]
_SAID_NOWHERE: Final = {
    "body": "Envoy changes no bodies",
    "grpcField": "Envoy changes no messages",
    "cookie": "cookies stay as they are",
    "pathRegex": "only a template tells where the value stands",
}


class KeySource(CheckedModel):
    """One place where a request may say a value: exactly one of the fields."""

    header: HeaderName | None = None
    """A request header that holds the value, such as `x-model`."""
    path: Template | None = None
    """A template of paths, such as `/v2/models/{}/infer`: `{}` is the value, which may contain
    slashes, and `*` is anything without a slash. It matches the whole path, without the query.
    """
    path_regex: WholeRegex | None = None
    """A regular expression (RE2) for the whole path; its only group is the value. The query may
    follow, so write `[^?]` instead of `.`, which matches a question mark too.
    """
    query: Annotated[str, Checked(_check_parameter, minLength=1)] | None = None
    """The name of a query parameter."""
    cookie: Annotated[str, Checked(_check_cookie, minLength=1)] | None = None
    """The name of a cookie."""
    body: Annotated[str, Checked(_check_body, minLength=1)] | None = None
    """The member of a JSON body, such as `model`; dots lead to inner ones, as in `options.model`.
    Envoy (1.37 or newer) then forwards a request when it has all of its body.
    """
    grpc_field: GrpcField | None = None
    """A field of the request in the Open Inference Protocol (gRPC): model_name or model_version. Of
    a stream, the first message counts.
    """

    @property
    def name(self) -> str:
        """The field that is written, in YAML."""
        return next(iter(self.model_dump(by_alias=True, exclude_none=True)), "")

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        given = list(self.model_dump(by_alias=True, exclude_none=True))
        if not given:
            names = one_of(*(field.alias or "" for field in type(self).model_fields.values()))
            yield Fault(Code.MISSING_FIELD, f"Say where the value is: write {names}.")
        if len(given) > 1:
            message = (
                f"A source is one place: begin another item of the list for {given[1]}. The first "
                "item that has a value wins."
            )
            yield Fault(Code.CONFLICTING_FIELDS, message, (given[1],))


def _check_values(values: dict[str, str]) -> dict[str, str]:
    if all(values.keys()) and all(values.values()):
        return values
    message = "An alias and the value that it means cannot be empty: write both, or remove it."
    raise wrong(Code.EMPTY_FIELD, message)


class DynamicSubsetKey(CheckedModel):
    """Takes the value of a subset key from the first place in a request that has one."""

    key: Annotated[str, not_empty("write one of the DestinationRule's subset keys")]
    """The subset key to which the value belongs: one of the keys of `dynamicSubset` in the
    destination's DestinationRule.
    """
    from_: Annotated[tuple[KeySource, ...], Says(maxItems=MOST_SOURCES)] = Field((), alias="from")
    """Where the value may be, in order: the first that has one wins."""
    preset: Preset | None = None
    """An API whose requests are known: open-inference (v2, REST and gRPC), openai or kserve-v1. It
    stands for the right `from`, and comes after those that are written.
    """
    values: Annotated[dict[str, str], AfterValidator(_check_values)] = Field(default_factory=dict)
    """Aliases: what clients send → the value that it means. Envoy also rewrites the header, the
    query parameter or the path (by template) in which it was sent, but no body, message or cookie.
    """
    max_request_body_size: Annotated[Int, within(1, _MOST_BYTES)] = 32 << 20
    """The largest request in bytes whose body or message is read for a value; larger ones are
    answered with 413. 33,554,432 (32 MiB) without it.
    """

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if not self.from_ and self.preset is None:
            presets = one_of(*Preset)
            message = f"Say where the value is: write from, with sources, or preset: {presets}."
            yield Fault(Code.MISSING_FIELD, message)
        if len(self.from_) > MOST_SOURCES:
            message = f"At most {MOST_SOURCES} sources are allowed: use templates or pathRegex."
            yield Fault(Code.OBJECT_TOO_LARGE, message, ("from",))
        if self.values:
            yield from self._alias_faults()

    def _alias_faults(self) -> Iterator[Fault]:
        for index, source in enumerate(self.from_):
            if source.name in _SAID_NOWHERE:
                yield _not_rewritten(source.name, ("from", index, source.name))
        inside = {Preset.OPENAI: "body", Preset.OPEN_INFERENCE: "grpcField"}
        if self.preset in inside:
            yield _not_rewritten(inside[self.preset], ("preset",))


def _not_rewritten(name: str, at: tuple[str | int, ...]) -> Fault:
    message = (
        "An alias that is sent here chooses the right endpoints, but they see the alias itself: "
        f"{_SAID_NOWHERE[name]}. Let the endpoints know it too."
    )
    return Fault(Code.ALIAS_NOT_REWRITTEN, message, at)


def repeated_keys(
    headers: Iterable[HeaderToDynamicSubsetKey], keys: Iterable[DynamicSubsetKey]
) -> Iterator[Fault]:
    """Yield the keys that a route takes from several entries."""
    seen: set[str] = set()
    for index, header in enumerate(headers):
        if header.key in seen:
            message = (
                f"The key {quoted(header.key)} is mapped twice: if a request has several of the "
                "headers, the last one in this list wins."
            )
            at = ("headerToDynamicSubsetKey", index, "key")
            yield Fault(Code.SUBSET_KEY_MAPPED_TWICE, message, at)
        seen.add(header.key)
    for index, each in enumerate(keys):
        if each.key in seen:
            message = (
                f"The key {quoted(each.key)} is mapped twice: this entry wins if it finds a value. "
                "Write all sources into one entry, in order."
            )
            at = ("dynamicSubsetKeys", index, "key")
            yield Fault(Code.SUBSET_KEY_MAPPED_TWICE, message, at)
        seen.add(each.key)
