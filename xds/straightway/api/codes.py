"""The stable codes of all problems inside one object.

``docs/problems.md`` lists each code with its remedy; a test keeps the two in step.
"""

from __future__ import annotations

from straightway.documents import ProblemCode, Severity


class Code(ProblemCode):
    """What is wrong; scripts may rely on the codes. A code's severity is fixed."""

    # The document as a whole.
    NOT_A_MAPPING = "not-a-mapping"
    API_VERSION_MISSING = "api-version-missing"
    KIND_MISSING = "kind-missing"
    UNKNOWN_KIND = "unknown-kind"
    UNSUPPORTED_VERSION = "unsupported-version"
    INVALID_NAME = "invalid-name"
    OBJECT_TOO_LARGE = "object-too-large"
    FURTHER_PROBLEMS = "further-problems"

    # Fields, whatever they mean.
    UNKNOWN_FIELD = "unknown-field"
    MISSING_FIELD = "missing-field"
    EMPTY_FIELD = "empty-field"
    WRONG_TYPE = "wrong-type"
    UNKNOWN_VALUE = "unknown-value"
    OUT_OF_RANGE = "out-of-range"
    CONFLICTING_FIELDS = "conflicting-fields"
    DUPLICATE_VALUE = "duplicate-value"
    REPEATED_VALUE = "repeated-value"
    INVALID_VALUE = "invalid-value"
    NOT_TRANSLATED_YET = "not-translated-yet"

    # Values with a syntax of their own.
    INVALID_ADDRESS = "invalid-address"
    INVALID_BASE64 = "invalid-base64"
    INVALID_CERTIFICATE = "invalid-certificate"
    INVALID_DURATION = "invalid-duration"
    INVALID_HEADER_NAME = "invalid-header-name"
    INVALID_HEADER_VALUE = "invalid-header-value"
    INVALID_HOST = "invalid-host"
    INVALID_PATH = "invalid-path"
    INVALID_PORT = "invalid-port"
    INVALID_PRIVATE_KEY = "invalid-private-key"
    INVALID_REGEX = "invalid-regex"

    # Certificates.
    CERTIFICATE_EXPIRED = "certificate-expired"
    KEY_MISMATCH = "key-mismatch"

    # Traffic.
    IMMUTABLE_HEADER = "immutable-header"
    NEVER_MATCHES = "never-matches"
    NO_ACTION = "no-action"
    NO_WEIGHT = "no-weight"
    SEVERAL_ACTIONS = "several-actions"

    # Dynamic subsets.
    ALIAS_NOT_REWRITTEN = "alias-not-rewritten"
    DEFAULT_SUBSET_MISSING = "default-subset-missing"
    DUPLICATE_SELECTOR = "duplicate-selector"
    DUPLICATE_SUBSET_KEY = "duplicate-subset-key"
    EMPTY_SUBSET_KEY = "empty-subset-key"
    FIELD_PRUNED = "field-pruned"
    NO_SELECTORS = "no-selectors"
    NO_SUBSET_KEYS = "no-subset-keys"
    SUBSET_KEY_MAPPED_TWICE = "subset-key-mapped-twice"
    UNKNOWN_FALLBACK_POLICY = "unknown-fallback-policy"

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem is kept out of force."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR


_WARNINGS = frozenset(
    {
        Code.ALIAS_NOT_REWRITTEN,
        Code.CERTIFICATE_EXPIRED,
        Code.FURTHER_PROBLEMS,
        Code.IMMUTABLE_HEADER,
        Code.NEVER_MATCHES,
        Code.NOT_TRANSLATED_YET,
        Code.REPEATED_VALUE,
        Code.SUBSET_KEY_MAPPED_TWICE,
    }
)
