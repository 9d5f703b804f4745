"""Credentials: the Secrets that Gateways and ModelDiscoveries need, and where these are."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import Gateway, ModelDiscovery, Pod, Secret
from straightway.api.kinds import CORE
from straightway.api.server_tls import Credential
from straightway.catalog import keys
from straightway.catalog.labels import labels_of, selects
from straightway.documents import Reference
from straightway.units import Reading

_AUTHORITIES = "-cacert"
"""The suffix of a Secret that holds only what clients are verified by, as in Istio."""

Pairs = tuple[tuple[str, str], ...]


def secret_reference(namespace: str, name: str) -> Reference:
    """Return the Secret of this name."""
    return Reference(CORE, Secret.__name__, namespace, name)


def authorities_reference(secret: Reference) -> Reference:
    """Return the Secret that may hold the authorities for another one."""
    return secret_reference(secret.namespace, secret.name + _AUTHORITIES)


def secrets_of(credential: Credential, namespaces: tuple[str, ...]) -> tuple[Reference, ...]:
    """Return the Secrets that a credential is for proxies in some namespaces: one in each.

    A proxy gets none of another namespace than its own.
    """
    return tuple(
        secret_reference(namespace, credential.name)
        for namespace in namespaces
        if credential.namespace in ("", namespace)
    )


def proxy_namespaces(reading: Reading, gateway: Reference) -> tuple[str, ...]:
    """Return the namespaces of the proxies that a Gateway selects, sorted.

    They are found as Pods, by a label that is in a Service's selector, too. Without any, the
    Gateway's own namespace is assumed.
    """
    found = reading.object(Gateway, gateway)
    pairs = tuple(sorted(found.spec.selector.items())) if found is not None else ()
    return reading.make(selected_namespaces, pairs) or (gateway.namespace,)


def selected_namespaces(reading: Reading, pairs: Pairs) -> tuple[str, ...]:
    """Return the namespaces with Pods that have all of these labels, sorted; () for no labels."""
    if not pairs:
        return ()
    namespaces = sorted(reading.values(keys.SERVICE_NAMESPACES))
    return tuple(each for each in namespaces if reading.make(has_selected, each, pairs))


def has_selected(reading: Reading, namespace: str, pairs: Pairs) -> bool:
    """Whether a namespace has a Pod with all of these labels."""
    return any(
        (pod := reading.object(Pod, reference)) is not None and selects(pairs, labels_of(pod))
        for pair in pairs
        for reference in reading.objects(keys.labelled(namespace, *pair))
    )


def wanted_secrets(reading: Reading) -> tuple[Reference, ...]:
    """Return all Secrets that objects name, each once, those of the oldest object first."""
    found: dict[Reference, None] = {}
    for naming in reading.objects(keys.WITH_CREDENTIALS):
        found |= dict.fromkeys(reading.make(secrets_for, naming))
    return tuple(found)


def secrets_for(reading: Reading, naming: Reference) -> tuple[Reference, ...]:
    """Return the Secrets that an object names; a Gateway's in all namespaces of its proxies."""
    discovery = reading.object(ModelDiscovery, naming)
    if discovery is not None and discovery.spec.credential_name:
        return (secret_reference(naming.namespace, discovery.spec.credential_name),)
    return tuple(_secrets_for(reading, naming))


def _secrets_for(reading: Reading, gateway: Reference) -> Iterator[Reference]:
    found = reading.object(Gateway, gateway)
    if found is None:
        return
    namespaces = reading.make(proxy_namespaces, gateway)
    for _, credential in found.credentials:
        for secret in secrets_of(credential, namespaces):
            yield secret
            if credential.verifies_clients:
                yield authorities_reference(secret)
