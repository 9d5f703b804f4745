"""AdmissionReview ``admission.k8s.io/v1``: what is asked, and what is answered.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
Objects stay encoded until someone needs them: an update has two, of up to 1.5 MiB each.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

import msgspec

API_VERSION: Final = "admission.k8s.io/v1"
KIND: Final = "AdmissionReview"

MOST_WARNINGS: Final = 4_000
"""Characters of all warnings together: the API server drops what exceeds 4,096."""
LONGEST_WARNING: Final = 256
"""Characters of one warning: the API server may truncate a longer one."""


class ReviewError(Exception):
    """A request is no AdmissionReview that can be answered; the message says why."""


class Operation(StrEnum):
    """What a client does with an object."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    CONNECT = "CONNECT"


@dataclass(frozen=True, slots=True)
class Request:
    """A question: whether this may be done with this object.

    ``namespace`` is the object's, which its own metadata need not repeat. ``sub_resource`` is
    ``status`` and the like, empty for the object itself.
    """

    uid: str
    operation: Operation
    namespace: str = ""
    sub_resource: str = ""
    encoded: bytes = field(default=b"null", repr=False)
    encoded_before: bytes = field(default=b"null", repr=False)

    @property
    def size(self) -> int:
        """The bytes of both objects."""
        return len(self.encoded) + len(self.encoded_before)

    def body(self) -> dict[str, Any] | None:
        """Return the object as it would be stored; None for a deletion. Raises ReviewError."""
        return _object("request.object", self.encoded)

    def body_before(self) -> dict[str, Any] | None:
        """Return the object as it is stored now; None for a new one. Raises ReviewError."""
        return _object("request.oldObject", self.encoded_before)


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a denial: the path of a field, and what is wrong there.

    kubectl lists them as ``* path: message``.
    """

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the request may go on, and what its author is told.

    ``message`` and ``causes`` are for a denial. ``warnings`` are shown in either case. ``patch``
    holds JSON Patch operations (RFC 6902) on the object. ``kind`` and ``name`` say in a denial
    which object it is about.
    """

    allowed: bool = True
    message: str = ""
    causes: tuple[Cause, ...] = ()
    warnings: tuple[str, ...] = ()
    patch: Sequence[Mapping[str, Any]] = ()
    group: str = ""
    kind: str = ""
    name: str = ""


ALLOWED: Final = Answer()


class _Asked(msgspec.Struct, rename="camel"):
    uid: str
    operation: Operation
    namespace: str = ""
    sub_resource: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")
    old_object: msgspec.Raw = msgspec.Raw(b"null")


class _Review(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    request: _Asked | None = None


_reviews = msgspec.json.Decoder(_Review)


def request_of(content: bytes) -> Request:
    """Return the question in the body of a request.

    Raises ReviewError for anything but an AdmissionReview of ``admission.k8s.io/v1``. Fields that
    are unknown here are passed over: the API adds some from time to time.
    """
    try:
        review = _reviews.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReviewError(f"This is not an AdmissionReview: {error}.") from error
    if (review.api_version, review.kind) != (API_VERSION, KIND):
        raise ReviewError(
            f"Only {KIND} of {API_VERSION} is answered: list v1 in admissionReviewVersions."
        )
    asked = review.request
    if asked is None or not asked.uid:
        raise ReviewError("The AdmissionReview has no request with a uid.")
    return Request(
        uid=asked.uid,
        operation=asked.operation,
        namespace=asked.namespace,
        sub_resource=asked.sub_resource,
        encoded=bytes(asked.object),
        encoded_before=bytes(asked.old_object),
    )


def response_of(uid: str, answer: Answer) -> bytes:
    """Return the body of a response: an AdmissionReview with an answer."""
    response: dict[str, Any] = {"uid": uid, "allowed": answer.allowed}
    if not answer.allowed:
        response["status"] = _status(answer)
    if answer.warnings:
        response["warnings"] = _bounded(answer.warnings)
    if answer.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(msgspec.json.encode(answer.patch)).decode()
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _status(answer: Answer) -> dict[str, Any]:
    """Return the Status with which the API server refuses the client's request.

    With the reason ``Invalid`` and causes, clients show it as any other invalid object.
    """
    details: dict[str, Any] = {"group": answer.group, "kind": answer.kind, "name": answer.name}
    details["causes"] = [
        {"reason": "FieldValueInvalid", "field": cause.path, "message": cause.message}
        for cause in answer.causes
    ]
    return {
        "status": "Failure",
        "code": HTTPStatus.UNPROCESSABLE_ENTITY,
        "reason": "Invalid",
        "message": answer.message,
        "details": details,
    }


def _bounded(warnings: Sequence[str]) -> list[str]:
    """Return as many warnings as the API server passes on, and how many there are besides."""
    kept: list[str] = []
    room = MOST_WARNINGS
    for warning in warnings:
        text = "".join(each if each.isprintable() else " " for each in warning)
        if len(text) > LONGEST_WARNING:
            text = f"{text[: LONGEST_WARNING - 1]}…"
        room -= len(text)
        if room < LONGEST_WARNING and len(kept) + 1 < len(warnings):
            kept.append(f"{len(warnings) - len(kept)} more warnings are not shown.")
            break
        kept.append(text)
    return kept


def _object(name: str, encoded: bytes) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReviewError(f"{name} cannot be read: {error}.") from error
    if body is None or isinstance(body, dict):
        return body
    raise ReviewError(f"{name} is not an object.")
