"""Gateways: what is wrong with the Secrets that they name."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import Gateway, Secret
from straightway.api.secret import PAIRS
from straightway.api.server_tls import Credential
from straightway.api.texts import quoted
from straightway.catalog import CatalogCode, keys
from straightway.catalog.observations import is_there
from straightway.checks.suggestions import Path, suggestion
from straightway.documents import Finding, Reference
from straightway.documents.secrets import GENERIC, TLS
from straightway.routing.istio.credentials import (
    authorities_reference,
    proxy_namespaces,
    secrets_of,
)
from straightway.units import Reading

_PAIRS = " or ".join(f"{names.certificate} and {names.key}" for names in reversed(PAIRS))


def check_gateway(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Yield what is wrong with the Secrets that a Gateway names, in its proxies' namespaces."""
    gateway = reading.object(Gateway, reference)
    if gateway is None or not any(gateway.credentials):
        return
    namespaces = reading.make(proxy_namespaces, reference)
    for path, credential in gateway.credentials:
        secrets = secrets_of(credential, namespaces)
        if not secrets:
            yield _elsewhere(reference, path, credential, namespaces)
        for secret in secrets:
            found = reading.object(Secret, secret)
            if found is None:
                yield from _check_absent(reading, reference, path, secret)
            else:
                yield from _check_entries(reading, reference, path, credential, found)


def _elsewhere(
    subject: Reference, path: Path, credential: Credential, namespaces: tuple[str, ...]
) -> Finding:
    message = (
        f"Proxies get Secrets of their own namespace only, which is {' or '.join(namespaces)}: "
        f"create the Secret there, and write {quoted(credential.name)}."
    )
    return Finding(subject, path, CatalogCode.UNKNOWN_CREDENTIAL, message)


def _check_absent(
    reading: Reading, subject: Reference, path: Path, secret: Reference
) -> Iterator[Finding]:
    """Report a Secret that is not in force, if it is known whether it should be."""
    where = f"in the namespace {secret.namespace} of the proxies"
    there = is_there(reading.held(secret))
    if there:
        message = (
            f"The Secret {quoted(secret.name)} {where} cannot be used: mend what is reported for "
            f"{secret}."
        )
        yield Finding(subject, path, CatalogCode.INVALID_CREDENTIAL, message)
        return
    known = reading.objects(keys.of_kind(Secret))
    # Whoever keeps Secrets out of the config folder has them elsewhere.
    if there is None and (reading.asks_for_secrets or not known):
        return
    names = [each.name for each in known if each.namespace == secret.namespace]
    message = (
        f"There is no valid Secret {quoted(secret.name)} {where}: create it with `kubectl create "
        f"secret tls`.{suggestion(secret.name, names)}"
    )
    yield Finding(subject, path, CatalogCode.UNKNOWN_CREDENTIAL, message)


def _check_entries(
    reading: Reading, subject: Reference, path: Path, credential: Credential, secret: Secret
) -> Iterator[Finding]:
    if secret.sops:
        return
    name = quoted(secret.metadata.name)
    if secret.type not in (TLS, GENERIC):
        message = (
            f"The Secret {name} has the type {quoted(secret.type)}, which no Gateway can use: "
            f"create one of type {TLS} or {GENERIC}."
        )
        yield Finding(subject, path, CatalogCode.INVALID_CREDENTIAL, message)
        return
    if secret.pair is None:
        message = f"The Secret {name} lacks a certificate and its key: write {_PAIRS} in its data."
        yield Finding(subject, path, CatalogCode.CREDENTIAL_LACKS_KEYS, message)
    if credential.verifies_clients and _authorities(reading, secret) is None:
        other = authorities_reference(secret.reference)
        message = (
            "Nothing says which authorities the certificates of clients come from: write ca.crt in "
            f"the data of the Secret {name}, or create the Secret {quoted(other.name)} with it."
        )
        yield Finding(subject, path, CatalogCode.CREDENTIAL_LACKS_KEYS, message)


def _authorities(reading: Reading, secret: Secret) -> object:
    """Return what clients are verified by: of its own Secret if there is one, as in Istio."""
    own = reading.object(Secret, authorities_reference(secret.reference))
    return (own or secret).authorities
