"""ModelDiscoveries: whether their service, its subset key and their Secret are there."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import ModelDiscovery, Secret
from straightway.api.texts import one_of, quoted
from straightway.catalog import CatalogCode
from straightway.catalog.observations import is_there
from straightway.checks.suggestions import unknown_service
from straightway.documents import Finding, Reference
from straightway.routing.istio.credentials import secret_reference
from straightway.routing.istio.discoveries import service_of, subset_key, subset_keys_of
from straightway.routing.istio.services import resolve
from straightway.units import Reading

_SERVICE = ("spec", "service")


def check_model_discovery(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Yield what is wrong between a ModelDiscovery and the objects that it names."""
    discovery = reading.object(ModelDiscovery, reference)
    if discovery is None:
        return
    if discovery.spec.service is not None:
        yield from _check_service(reading, discovery, discovery.spec.service)
    if discovery.spec.credential_name is not None:
        yield from _check_credential(reading, reference, discovery.spec.credential_name)


def _check_service(reading: Reading, discovery: ModelDiscovery, name: str) -> Iterator[Finding]:
    reference = discovery.reference
    service = service_of(reading, discovery)
    if service is None:
        other = resolve(reading, name, reference.namespace)
        if other is None:
            yield unknown_service(reading, reference, _SERVICE, name)
        else:
            message = (
                f"{quoted(name)} is a service of the namespace {other.namespace}: move this "
                "ModelDiscovery there. What runtimes hold decides where requests go, so it is for "
                "the service's own namespace to say."
            )
            yield Finding(reference, _SERVICE, CatalogCode.SERVICE_ELSEWHERE, message)
    elif not reading.make(subset_key, reference):
        known = reading.make(subset_keys_of, service.hostname)
        if known:
            message = f"The service has several subset keys: write key: {one_of(*known)}."
        else:
            message = (
                f"No DestinationRule gives {service.hostname} a dynamic subset, so its runtimes "
                "are not asked: write one with dynamicSubset, or key here."
            )
        yield Finding(reference, _SERVICE, CatalogCode.SUBSET_KEY_UNKNOWN, message)


def _check_credential(reading: Reading, subject: Reference, name: str) -> Iterator[Finding]:
    path = ("spec", "credentialName")
    secret = secret_reference(subject.namespace, name)
    found = reading.object(Secret, secret)
    if found is not None:
        if not found.sops and found.authorities is None and "token" not in found.entries:
            message = (
                f"The Secret {quoted(name)} has nothing to ask with: write token, ca.crt or both "
                "in its data."
            )
            yield Finding(subject, path, CatalogCode.CREDENTIAL_LACKS_KEYS, message)
    elif is_there(reading.held(secret)) is not None or not reading.asks_for_secrets:
        message = (
            f"There is no valid Secret {quoted(name)} in the namespace {subject.namespace}, so the "
            "runtimes are asked without it: create it with `kubectl create secret generic`."
        )
        yield Finding(subject, path, CatalogCode.UNKNOWN_CREDENTIAL, message)
