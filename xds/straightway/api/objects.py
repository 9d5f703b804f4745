"""The base of all kinds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from straightway.api.metadata import CheckedMetadata, Interned
from straightway.api.model import Discarded, camel
from straightway.api.spelling import check_spelling
from straightway.api.suggestions import fields_of
from straightway.documents import Reference

_OTHERS = frozenset({"status"})


class ApiObject(BaseModel):
    """One object: frozen and self-contained."""

    model_config = ConfigDict(
        frozen=True, alias_generator=camel, protected_namespaces=(), defer_build=True
    )

    api_version: Interned
    kind: Interned
    metadata: CheckedMetadata

    @property
    def reference(self) -> Reference:
        """The object's identity."""
        group = self.api_version.rpartition("/")[0]
        return Reference(group, self.kind, self.metadata.namespace, self.metadata.name)

    @property
    def is_left_out(self) -> bool:
        """Whether nothing of it is translated yet: it is in force, but no proxy gets any of it."""
        return False


class IstioObject(ApiObject):
    """An object whose fields are all known: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")

    status: Discarded = None


class KubernetesObject(ApiObject):
    """A core Kubernetes object: unused fields are dropped, unless they are misspelt."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _check_spelling(cls, value: Any, info: ValidationInfo) -> Any:
        return check_spelling(value, info, fields_of(cls), _OTHERS)
