"""The stable codes of all problems between objects.

``docs/problems.md`` lists each code with its remedy; a test keeps the two in step.
"""

from __future__ import annotations

from straightway.documents import ProblemCode, Severity


class CatalogCode(ProblemCode):
    """What is wrong between objects; scripts may rely on the codes. A code's severity is fixed."""

    DUPLICATE_DESTINATION_RULE = "duplicate-destination-rule"
    DUPLICATE_HOST = "duplicate-host"
    UNKNOWN_GATEWAY = "unknown-gateway"
    HOST_NOT_IN_GATEWAY = "host-not-in-gateway"
    HOST_IS_ALIAS = "host-is-alias"
    ALIAS_WITH_PORTS = "alias-with-ports"
    UNKNOWN_HOST = "unknown-host"
    UNKNOWN_PORT = "unknown-port"
    UNKNOWN_SUBSET = "unknown-subset"
    ADDRESS_NOT_RESOLVED = "address-not-resolved"
    SUBSETS_WITHOUT_ENDPOINTS = "subsets-without-endpoints"
    SUBSET_KEY_WITHOUT_SELECTOR = "subset-key-without-selector"
    SUBSET_KEY_UNKNOWN = "subset-key-unknown"
    SERVICE_ELSEWHERE = "service-elsewhere"
    UNKNOWN_CREDENTIAL = "unknown-credential"
    INVALID_CREDENTIAL = "invalid-credential"
    CREDENTIAL_LACKS_KEYS = "credential-lacks-keys"
    INVALID_DESCRIPTOR = "invalid-descriptor"
    DESCRIPTOR_LACKS_SERVICE = "descriptor-lacks-service"
    TRANSCODED_PORT_NOT_GRPC = "transcoded-port-not-grpc"

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem is kept out of force."""
        return Severity.ERROR if self in _ERRORS else Severity.WARNING


_ERRORS = frozenset(
    {
        CatalogCode.INVALID_DESCRIPTOR,
        CatalogCode.DESCRIPTOR_LACKS_SERVICE,
    }
)
