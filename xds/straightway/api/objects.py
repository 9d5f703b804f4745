"""The base of all kinds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from straightway.api.metadata import Metadata
from straightway.api.model import Discarded, camel
from straightway.documents import Reference


class ApiObject(BaseModel):
    """One object: frozen and self-contained."""

    model_config = ConfigDict(frozen=True, alias_generator=camel, protected_namespaces=())

    api_version: str
    kind: str
    metadata: Metadata

    @property
    def reference(self) -> Reference:
        """The object's identity."""
        group = self.api_version.rpartition("/")[0]
        return Reference(group, self.kind, self.metadata.namespace, self.metadata.name)


class IstioObject(ApiObject):
    """An object whose fields are all known: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")

    status: Discarded = None


class KubernetesObject(ApiObject):
    """A core Kubernetes object: unused fields are dropped."""

    model_config = ConfigDict(extra="ignore")
