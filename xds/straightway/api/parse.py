"""From a document to an object, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from straightway.api.codes import Code
from straightway.api.examine import Finding, examine
from straightway.api.extent import excess
from straightway.api.faults import Attempt
from straightway.api.kinds import KINDS, VERSIONS, meant_kind, split_api_version
from straightway.api.objects import ApiObject
from straightway.api.paths import path_text
from straightway.api.texts import one_of, quoted
from straightway.documents import Document, Problem, Reference, Severity


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document turned out to be. ``object`` is None if any problem is an error.

    ``reference`` is None if even the identity cannot be read.
    """

    reference: Reference | None
    object: ApiObject | None
    problems: tuple[Problem, ...] = ()


def is_known(body: object) -> bool:
    """Whether the document is for us: False for a kind that is to be passed over.

    A document so broken that its kind cannot be told is for us, so that :func:`parse` says why;
    so is one whose kind is a slip of the pen away from one that is read.
    """
    if not isinstance(body, Mapping):
        return True
    api_version, kind = body.get("apiVersion"), body.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not kind:
        return True
    group = split_api_version(api_version)[0]
    return (group, kind) in KINDS or meant_kind(group, kind) is not None


def reference_of(body: object) -> Reference | None:
    """Return the identity of an object whose rest may be wrong, None if it has none."""
    if not isinstance(body, Mapping):
        return None
    kind, metadata, api_version = body.get("kind"), body.get("metadata"), body.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(metadata, Mapping):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace") or "default"
    if not kind or not isinstance(name, str) or not name or not isinstance(namespace, str):
        return None
    group = split_api_version(api_version)[0] if isinstance(api_version, str) else ""
    return Reference(group, kind, namespace, name)


def generation_of(body: object) -> int | None:
    """Return ``metadata.generation``, None where there is none."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    generation = metadata.get("generation") if isinstance(metadata, Mapping) else None
    return generation if type(generation) is int else None


def parse(document: Document) -> Parsed:
    """Return the document's object and warnings, or all its problems. Never raises."""
    body: object = document.body
    found = _model_for(body)
    if isinstance(found, Finding):
        return _parsed(document, None, [found])
    too_much = excess(body)
    if too_much is not None:
        return _parsed(document, None, [Finding((), Code.OBJECT_TOO_LARGE, too_much)])
    try:
        accepted = found.model_validate(body, context=Attempt())
    except ValidationError as error:
        return _parsed(document, *examine(found, body, error, document.origin.written))
    return Parsed(accepted.reference, accepted)


def _model_for(body: object) -> type[ApiObject] | Finding:
    """Return the kind's model, or why there is none."""
    if not isinstance(body, Mapping):
        message = "This is not an object: write apiVersion, kind, metadata and spec."
        return Finding((), Code.NOT_A_MAPPING, message)
    api_version, kind = body.get("apiVersion"), body.get("kind")
    if not isinstance(api_version, str) or not api_version:
        message = "The object has no apiVersion: write for example networking.istio.io/v1."
        return Finding(("apiVersion",), Code.API_VERSION_MISSING, message)
    if not isinstance(kind, str) or not kind:
        message = "The object has no kind: write for example VirtualService."
        return Finding(("kind",), Code.KIND_MISSING, message)
    group, version = split_api_version(api_version)
    model = KINDS.get((group, kind))
    if model is None:
        message = f"{quoted(kind)} of {quoted(api_version)} is not a kind that is read"
        meant = meant_kind(group, kind)
        message += f": did you mean {meant}?" if meant else "."
        return Finding(("kind",), Code.UNKNOWN_KIND, message)
    versions = VERSIONS[group]
    if versions and version not in versions:
        accepted = one_of(*(f"{group}/{each}" if group else each for each in versions))
        message = f"{quoted(api_version)} is not a version that is read: write {accepted}."
        return Finding(("apiVersion",), Code.UNSUPPORTED_VERSION, message)
    return model


def _parsed(document: Document, accepted: ApiObject | None, findings: list[Finding]) -> Parsed:
    """Attach origins and the subject to what was found."""
    reference, generation = reference_of(document.body), generation_of(document.body)
    problems = tuple(
        Problem(
            origin=document.origin.at(finding.path),
            reference=reference,
            generation=generation,
            path=path_text(finding.path),
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
        )
        for finding in findings
    )
    errors = any(problem.severity is Severity.ERROR for problem in problems)
    return Parsed(reference, None if errors else accepted, problems)
