"""Tokens of service accounts, and an API server that reviews them, without cryptography."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

from straightway.kubernetes.errors import ApiError, UnreachableError

AUDIENCE = "straightway"
LATER = 4_000_000_000
"""An expiry in the far future, in seconds since 1970."""


def token(
    account: str = "shop/gateway",
    *,
    pod: str = "",
    audience: object = (AUDIENCE,),
    expires: object = LATER,
) -> str:
    """Return a token that the fake API server below accepts."""
    claims = {"sub": account, "pod": pod, "aud": audience, "exp": expires}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.signature"


class FakeApiServer:
    """Reviews tokens, and has Pods by `namespace/name`; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pods: dict[str, dict[str, Any]] = {}
        self.is_away = False
        self.seconds = 0.0
        self.error: ApiError | None = None
        self.review: Callable[[dict[str, Any]], dict[str, Any]] = reviewed

    async def request(self, method: str, path: str, *, body: Any = None, **_more: Any) -> Any:
        self.asked.append(f"{method} {path}")
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.is_away:
            raise UnreachableError("connection refused")
        if self.error is not None:
            raise self.error
        if body is not None:
            assert body["spec"]["audiences"] == [AUDIENCE]
            return {"status": self.review(claims_of(body["spec"]["token"]))}
        namespace, name = path.split("/")[4], path.rpartition("/")[2]
        if f"{namespace}/{name}" not in self.pods:
            raise ApiError(404, "NotFound", f'pods "{name}" not found')
        return {"metadata": self.pods[f"{namespace}/{name}"]}


def claims_of(text: str) -> dict[str, Any]:
    """Return what is in a token."""
    payload = text.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def reviewed(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the status of a TokenReview that accepts a token, as the real server has it."""
    pod = {
        "authentication.kubernetes.io/pod-name": [claims["pod"]],
        "authentication.kubernetes.io/pod-uid": [f"uid-of-{claims['pod']}"],
    }
    user = {
        "username": f"system:serviceaccount:{claims['sub'].replace('/', ':')}",
        "groups": ["system:serviceaccounts"],
        "extra": {"authentication.kubernetes.io/credential-id": ["JTI=1"]}
        | (pod if claims["pod"] else {}),
    }
    return {"authenticated": True, "user": user, "audiences": [AUDIENCE]}
