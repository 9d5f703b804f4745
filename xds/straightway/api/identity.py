"""Identifies a document by its ``apiVersion``, ``kind`` and ``metadata`` alone.

A typo in one of these must not be taken for another kind of object: the document's previous object
would silently vanish. So this module distinguishes supported kinds, foreign kinds (``Deployment``
of ``apps/v1``), which are ignored, and typos (``VirtualServise``, ``netwroking.istio.io``), which
are problems and name no object.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from straightway.api.codes import Code
from straightway.api.examine import Finding
from straightway.api.kinds import (
    CORE,
    DISCOVERY,
    ISTIO_NETWORKING,
    KINDS,
    VERSIONS,
    split_api_version,
)
from straightway.api.metadata import (
    NAME_LENGTH,
    NAME_PATTERN,
    NAMESPACE_LENGTH,
    NAMESPACE_PATTERN,
    may_mean_another_namespace,
)
from straightway.api.objects import ApiObject
from straightway.api.texts import one_of, quoted
from straightway.documents import Reference

_NAME = re.compile(NAME_PATTERN.removesuffix("$"))
_NAMESPACE = re.compile(NAMESPACE_PATTERN.removesuffix("$"))

_OTHER_KINDS: Final[Mapping[str, frozenset[str]]] = {
    # https://kubernetes.io/docs/reference/kubernetes-api/: the core group gets no new kinds.
    # `Config` is kubectl's own file, `Status` an API server's response.
    CORE: frozenset(
        {
            *("Binding", "ComponentStatus", "Config", "ConfigMap", "DeleteOptions", "Endpoints"),
            *("Event", "LimitRange", "Namespace", "Node", "PersistentVolume"),
            *("PersistentVolumeClaim", "PodTemplate", "ReplicationController", "ResourceQuota"),
            *("ServiceAccount", "Status"),
        }
    ),
    # https://istio.io/latest/docs/reference/config/networking/
    ISTIO_NETWORKING: frozenset({"EnvoyFilter", "ProxyConfig", "Sidecar", "WorkloadGroup"}),
    DISCOVERY: frozenset(),
}
"""API group → its unsupported kinds, for the groups whose kinds are all known."""

_LONGEST_SLIP = 200
_NEAR_KIND = 0.85
_NEAR_GROUP = 0.88
"""The similarity from which two groups differ by a typo: networking.k8s.io is a real group with a
similarity of 0.83 to networking.istio.io; swapping two letters in two places leaves 0.89."""


def is_known(body: object) -> bool:
    """Whether the document is relevant: False for a kind to ignore."""
    return identify(body) is not None


def identify(body: object) -> type[ApiObject] | Finding | None:
    """Return the model of the document's kind, a problem with its identity, or None.

    None means that its kind is unsupported. A document so broken that its kind is unknown is a
    problem; so is one whose kind or API group differs by a typo from a supported one.
    """
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
        short = len(api_version) + len(kind) <= _LONGEST_SLIP
        return _broken_list(group, kind, body) or (_slip(api_version, kind) if short else None)
    versions = VERSIONS[group]
    if versions and version not in versions:
        accepted = one_of(*(_api_version(group, each) for each in versions))
        message = f"{quoted(api_version)} is not a supported version: write {accepted}."
        return Finding(("apiVersion",), Code.UNSUPPORTED_VERSION, message)
    return model


def reference_of(body: object) -> Reference | None:
    """Return the identity of an object, which may be wrong otherwise.

    None if it has none: an unsupported kind, no name, or an impossible name.
    """
    written = written_reference(body)
    if written is None or (written.group, written.kind) not in KINDS:
        return None
    if not isinstance(body, Mapping) or not isinstance(body.get("apiVersion"), str):
        return None
    if len(written.name) > NAME_LENGTH or not _NAME.fullmatch(written.name):
        return None
    if len(written.namespace) > NAMESPACE_LENGTH or not _NAMESPACE.fullmatch(written.namespace):
        return None
    return written


def written_reference(body: object) -> Reference | None:
    """Return what a document claims to be, right or wrong.

    Return None if it does not say, or says it in text that is too long or holds control characters.
    """
    if not isinstance(body, Mapping):
        return None
    kind, metadata, api_version = body.get("kind"), body.get("metadata"), body.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(metadata, Mapping):
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if namespace is None and may_mean_another_namespace(metadata):
        return None
    if namespace is None or namespace == "":
        namespace = "default"
    if not kind or not isinstance(name, str) or not name or not isinstance(namespace, str):
        return None
    group = split_api_version(api_version)[0] if isinstance(api_version, str) else ""
    written = Reference(group, kind, namespace, name)
    can_be_printed = all(len(part) <= NAME_LENGTH and part.isprintable() for part in written)
    return written if can_be_printed else None


def generation_of(body: object) -> int | None:
    """Return ``metadata.generation``, or None."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    generation = metadata.get("generation") if isinstance(metadata, Mapping) else None
    return generation if type(generation) is int else None


def _broken_list(group: str, kind: str, body: Mapping[str, Any]) -> Finding | None:
    """Report a ``List`` without a list of items; its source has split all others."""
    of = kind.removesuffix("List")
    is_list = kind != of and ((group, of) in KINDS or (group, of) == (CORE, ""))
    if not is_list or isinstance(body.get("items"), list):
        return None
    message = 'items must be a list: write each object below it after "- ", or items: [] for none.'
    return Finding(("items",), Code.WRONG_TYPE, message)


@lru_cache(maxsize=1024)
def _slip(api_version: str, kind: str) -> Finding | None:
    """Return the problem of a mistyped kind, or None for a foreign kind."""
    group, version = split_api_version(api_version)
    if meant := _meant_kind(group, kind):
        message = f"{quoted(kind)} of {quoted(api_version)} is not a supported kind"
        return Finding(("kind",), Code.UNKNOWN_KIND, f"{message}: did you mean {meant}?")
    if "/" not in api_version and "." in api_version:
        group, version = api_version, ""
    near_group = _meant_group(group)
    if near_group is not None and (_is_kind(near_group, kind) or _meant_kind(near_group, kind)):
        return _wrong_group(api_version, kind, near_group, version)
    if group not in _OTHER_KINDS or kind.removesuffix("List") in _OTHER_KINDS[group]:
        return None
    home = next((each for each, known in KINDS if known == _meant_kind(each, kind)), None)
    if home is not None:
        return _wrong_group(api_version, kind, home, "")
    if group == CORE:
        return None
    read = one_of(*(known for of_group, known in KINDS if of_group == group))
    message = f"{quoted(kind)} is not a kind of {group}: write {read}."
    return Finding(("kind",), Code.UNKNOWN_KIND, message)


def _wrong_group(api_version: str, kind: str, group: str, version: str) -> Finding:
    known = VERSIONS[group]
    right = _api_version(group, version if version in known else (known or ("v1",))[0])
    message = f"{quoted(kind)} is not supported in {quoted(api_version)}: did you mean {right}?"
    return Finding(("apiVersion",), Code.UNSUPPORTED_VERSION, message)


def _is_kind(group: str, kind: str) -> bool:
    return (group, kind) in KINDS


def _meant_kind(group: str, kind: str) -> str | None:
    """Return the kind of this group that a mistyped one means, or None for another kind.

    No other kind of these groups is this close to a supported one: Endpoints, the closest to
    EndpointSlice, is in another group.
    """
    plain = {known.lower(): known for of_group, known in KINDS if of_group == group}
    near = difflib.get_close_matches(kind.lower(), list(plain), n=1, cutoff=_NEAR_KIND)
    return plain[near[0]] if near else None


def _meant_group(group: str) -> str | None:
    known = [each for each in VERSIONS if each != CORE]
    near = difflib.get_close_matches(group.lower(), known, n=1, cutoff=_NEAR_GROUP)
    return near[0] if near else None


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version
