"""What is told when a cluster, a kind or a Secret cannot be read."""

from __future__ import annotations

from straightway.documents import Problem, Severity
from straightway.kubernetes.errors import ApiError, KubernetesError
from straightway.kubernetes.follower import Follower
from straightway.kubernetes.resources import SECRETS
from straightway.sources.secrets import MOST


def forbidden(follower: Follower) -> Problem:
    """Tell that a kind, or a Secret, may not be read."""
    if follower.resource is SECRETS:
        return _problem(
            str(follower),
            "secret-forbidden",
            f"The API server does not let Straightway read the Secret {follower.name} in "
            f"{follower.namespace}, which a Gateway names: {follower.reason}. Allow it with "
            f"credentials.secretNames: [{follower.name}] of the chart straightway-gateway, or with "
            "gatewaySecrets of the chart straightway; or allow the verbs list and watch in a Role.",
        )
    return _problem(
        str(follower),
        "kind-forbidden",
        f"The API server does not let Straightway read {follower}: {follower.reason}. Config of "
        "this kind is missing, or stays as it was. Allow the verbs list and watch.",
    )


def unreachable(server: str, follower: Follower, error: KubernetesError, kept: str) -> Problem:
    """Tell that the API server is away; ``kept`` says what becomes of what is known."""
    return _problem(server, "api-server-unreachable", f"{_failure(follower, error)}; {kept}.")


def _failure(follower: Follower, error: KubernetesError) -> str:
    """Say what fails, for a sentence that goes on."""
    if not isinstance(error, ApiError):
        return f"The API server does not answer for {follower} ({error})"
    if error.status == 401:
        return (
            f"The API server does not accept the credentials ({error}): they have expired, or are "
            "another cluster's. Put new ones in their place, no restart is needed"
        )
    return f"The API server refuses to list {follower} ({error})"


def too_many_secrets(left_out: int) -> Problem:
    """Tell how many Secrets are left out."""
    return _problem(
        str(SECRETS),
        "too-many-secrets",
        f"Gateways name {MOST + left_out:,} Secrets; {left_out:,} of them are left out. Name at "
        f"most {MOST:,}.",
    )


def unknown_namespace(name: str) -> Problem:
    """Tell that a namespace that is named is not there."""
    return _problem(
        f"--namespace {name}",
        "unknown-namespace",
        f"The cluster has no namespace {name}, so nothing is read there. Check the spelling, or "
        "create it: what it holds is then read at once.",
    )


def _problem(origin: str, code: str, message: str) -> Problem:
    return Problem(origin, code, Severity.WARNING, message)
