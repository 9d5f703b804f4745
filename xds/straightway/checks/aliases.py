"""Aliases: ExternalNames without ports, which are only further names of the service behind them.

As in Istio, no DestinationRule and no sidecar's VirtualService can be for an alias: clients that
call it get what is set for the service behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import Service
from straightway.api.texts import quoted
from straightway.catalog import CatalogCode, RegisteredService
from straightway.catalog.services import full_name
from straightway.checks.suggestions import Path
from straightway.documents import Finding, Reference
from straightway.routing.istio.services import behind, named
from straightway.units import Reading


def check_rule_host(
    reading: Reading, subject: Reference, path: Path, host: str
) -> Iterator[Finding]:
    """Report a host for which an object sets something, if it is an alias."""
    alias = named(reading, host, subject.namespace)
    if alias is None or not alias.alias_of:
        return
    service = behind(reading, alias)
    message = (
        f"{alias.hostname} is an alias of {alias.alias_of}, so nothing can be set for it, as in "
        f"Istio. {_remedy(reading, service)}"
    )
    yield Finding(subject, path, CatalogCode.HOST_IS_ALIAS, message)


def check_external_name(reading: Reading, service: Service) -> Iterator[Finding]:
    """Report an ExternalName with ports for a service that is known here.

    In Istio it is an alias; here it is a service of its own, as it was in Istio before 1.21.
    """
    spec = service.spec
    if spec.type != "ExternalName" or not spec.ports or spec.external_name is None:
        return
    target = reading.service(full_name(spec.external_name))
    if target is not None and target.source != service.reference:
        message = (
            "With ports this is a service of its own, whose only endpoint is the address of "
            f"{target.hostname}: nothing that is set for that applies, and there are no labels to "
            "choose by. Remove the ports, and it is an alias, as in Istio."
        )
        code = CatalogCode.ALIAS_WITH_PORTS
        yield Finding(service.reference, ("spec", "ports"), code, message)


def unknown_target(
    reading: Reading, subject: Reference, path: Path, host: str, alias: RegisteredService
) -> Finding:
    """Return the finding that a destination is an alias of no service."""
    message = (
        f"{quoted(host)} is an alias of no service, so requests for it are answered with 503. "
        f"{_remedy(reading, alias)}"
    )
    return Finding(subject, path, CatalogCode.UNKNOWN_HOST, message)


def _remedy(reading: Reading, last: RegisteredService) -> str:
    """Say what to write instead; ``last`` is the end of the chain."""
    if not last.alias_of:
        return f'Write "{last.hostname}" instead.'
    target = last.alias_of
    if reading.service(target) is not None:
        return f"The aliases {last.hostname}, {target} and so on form a cycle."
    if (meant := named(reading, target, last.namespace)) is not None:
        return f'An externalName is a full name: write "{meant.hostname}" there.'
    return (
        f'There is no Service or ServiceEntry "{target}": add a ServiceEntry with that host, and '
        "write that host instead."
    )
