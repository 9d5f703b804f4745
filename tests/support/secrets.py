"""Secrets as documents: as people write them in files, as an API server gives them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import yaml

from straightway.certificates import KeyPair
from straightway.documents import Bundle
from straightway.sources.yaml_documents import read_documents

Json = dict[str, Any]
TLS = "kubernetes.io/tls"


def entries(pair: KeyPair) -> dict[str, bytes]:
    """Return what a Secret of type kubernetes.io/tls holds."""
    return {"tls.crt": pair.certificate, "tls.key": pair.key}


def secret(
    name: str, data: Mapping[str, bytes], *, namespace: str = "default", of_type: str = TLS
) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": of_type,
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def written(*bodies: object, key: str = "config.yaml") -> Bundle:
    """Return a file as the folder source reads it."""
    return read_documents(key, key, yaml.safe_dump_all(bodies)).bundle
