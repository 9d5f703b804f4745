"""What is proved about a proxy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A service account, and the Pod that its token is bound to, by name and uid; "" for none."""

    namespace: str
    account: str
    pod: str = ""
    pod_uid: str = ""

    def __str__(self) -> str:
        """Return it as people write it: ``shop/gateway``."""
        return f"{self.namespace}/{self.account}"


class NotProvedError(Exception):
    """What was shown proves nothing; the message is for the proxy, and says what to change."""


class CannotProveError(Exception):
    """What was shown cannot be checked now."""
