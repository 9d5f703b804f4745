"""Tokens of service accounts, reviewed by the API server.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/

An answer is good for a minute, so a thousand proxies that reconnect are few requests. While the API
server is away, a token that it has accepted before goes on being accepted for an hour, but never
beyond its own end. A flood of unknown tokens does not become one of requests: see ``fairness``.
Nothing here keeps or logs a token: answers are kept by its digest.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

import structlog

from straightway.identities.fairness import Budgets, Turns
from straightway.identities.identity import CannotProveError, Identity, NotProvedError
from straightway.identities.newest import Newest
from straightway.kubernetes.errors import ApiError, KubernetesError, UnreachableError
from straightway.kubernetes.requests import Requests

_log = structlog.get_logger()

FRESH: Final = 60.0
"""For how many seconds an accepted token is not reviewed again."""
GRACE: Final = 3600.0
"""For how many seconds it is accepted while it cannot be reviewed."""
REFUSED: Final = 10.0
"""For how many seconds a refused one is not: a proxy comes back several times a second."""
PAUSE: Final = 5.0
"""For how many seconds nothing is reviewed after a failure: all proxies come back at once."""
_MOST: Final = 4096
_MOST_AT_ONCE: Final = 16
_LONGEST: Final = 16_384
_PATH: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
_ACCOUNT: Final = "system:serviceaccount:"
_POD: Final = "authentication.kubernetes.io/pod-name"
_POD_UID: Final = "authentication.kubernetes.io/pod-uid"


class _Accepted(NamedTuple):
    identity: Identity
    at: float


class _Refused(NamedTuple):
    reason: str
    at: float


class Tokens:
    """Tells whose tokens are; ``audience`` is the one that they must be for."""

    def __init__(
        self, requests: Requests, audience: str, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._requests = requests
        self._audience = audience
        self._wall_clock = wall_clock
        self._clock = asyncio.get_running_loop().time
        # Apart, so that a flood of invalid tokens forgets none of the valid ones.
        self._accepted: Newest[bytes, _Accepted] = Newest(_MOST)
        self._refused: Newest[bytes, _Refused] = Newest(_MOST)
        self._reviews: dict[bytes, asyncio.Task[Identity]] = {}
        self._turns = Turns(_MOST_AT_ONCE)
        self._budgets = Budgets()
        self._failure = ""
        self._failed_at = 0.0
        self._complaint = ""

    async def identity(self, token: str, address: str = "") -> Identity:
        """Return whose token it is; ``address`` is that of the host from which it comes.

        Raises: NotProvedError: if it is nobody's, has expired, or is for another audience.
        CannotProveError: if the API server does not answer, and has not accepted it lately, or if
        too many tokens come from the address.

        """
        self._check_claims(token)
        digest = sha256(token.encode()).digest()
        now = self._clock()
        accepted, refused = self._accepted.get(digest), self._refused.get(digest)
        if accepted is not None and now - accepted.at < FRESH:
            return accepted.identity
        if refused is not None and now - refused.at < REFUSED:
            raise NotProvedError(refused.reason)
        try:
            return await self._reviewed(digest, token, address, is_known=accepted is not None)
        except KubernetesError as error:
            if accepted is not None and now - accepted.at < GRACE:
                return accepted.identity
            raise CannotProveError("the API server cannot review the token now") from error

    def _check_claims(self, token: str) -> None:
        """Refuse what the API server would refuse too, without asking it."""
        claims = _claims(token)
        audiences = claims.get("aud")
        if self._audience not in (audiences if isinstance(audiences, list) else [audiences]):
            raise NotProvedError(
                f"the token is not for the audience {self._audience!r}: show a projected service "
                "account token with this audience"
            )
        end = claims.get("exp")
        if isinstance(end, int | float) and end <= self._wall_clock():
            raise NotProvedError("the token has expired: read its file again")

    async def _reviewed(
        self, digest: bytes, token: str, address: str, *, is_known: bool
    ) -> Identity:
        """Review a token; all who ask meanwhile share the answer.

        One that was accepted before costs nothing: there are no more of these than were issued.
        """
        review = self._reviews.get(digest)
        if review is None:
            pays = not is_known
            if pays and not self._budgets.spend(address, self._clock()):
                raise CannotProveError(
                    "too many unknown tokens come from this address: it may try again in a while"
                )
            review = asyncio.create_task(self._review(digest, token, address, pays=pays))
            self._reviews[digest] = review
            review.add_done_callback(lambda done: self._end(digest, done))
        # One who goes away leaves the answer to the others.
        return await asyncio.shield(review)

    def _end(self, digest: bytes, review: asyncio.Task[Identity]) -> None:
        del self._reviews[digest]
        if not review.cancelled():
            review.exception()  # Somebody asked for it, and may have gone.

    async def _review(self, digest: bytes, token: str, address: str, *, pays: bool) -> Identity:
        gets_back = pays
        try:
            return await self._ask(digest, token, address)
        except NotProvedError:
            gets_back = False
            raise
        finally:
            if gets_back:
                self._budgets.give_back(address)

    async def _ask(self, digest: bytes, token: str, address: str) -> Identity:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [self._audience]},
        }
        async with self._turns.turn(address):
            if self._failure and self._clock() < self._failed_at + PAUSE:
                raise UnreachableError(self._failure)
            try:
                answer = await self._requests.request("POST", _PATH, body=body)
            except KubernetesError as error:
                self._fail(error)
                raise
        self._failure = self._complaint = ""
        self._accepted.drop(digest)
        self._refused.drop(digest)
        try:
            identity = _identity_in(answer, self._audience)
        except NotProvedError as error:
            self._refused.put(digest, _Refused(str(error), self._clock()))
            raise
        self._accepted.put(digest, _Accepted(identity, self._clock()))
        return identity

    def _fail(self, error: KubernetesError) -> None:
        self._failure, self._failed_at = str(error), self._clock()
        if self._failure == self._complaint:
            return
        self._complaint = self._failure
        remedy = {}
        if isinstance(error, ApiError) and error.status == 403:
            remedy = {"remedy": "allow to create tokenreviews.authentication.k8s.io"}
        _log.warning("tokens of proxies cannot be reviewed", reason=str(error), **remedy)


def _identity_in(review: Any, audience: str) -> Identity:
    """Return the identity that a TokenReview has found. Raises NotProvedError."""
    status = _mapping(_mapping(review).get("status"))
    if status.get("authenticated") is not True:
        raise NotProvedError("the API server does not know the token")
    # A server that takes no notice of audiences returns none.
    audiences = status.get("audiences")
    if not isinstance(audiences, list) or audience not in audiences:
        raise NotProvedError(f"the token is not for the audience {audience!r}")
    user = _mapping(status.get("user"))
    name = user.get("username")
    if not isinstance(name, str) or not name.startswith(_ACCOUNT):
        raise NotProvedError("the token is not one of a service account")
    namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
    extra = _mapping(user.get("extra"))
    return Identity(namespace, account, _first(extra.get(_POD)), _first(extra.get(_POD_UID)))


def _claims(token: str) -> Mapping[str, Any]:
    """Return what a token says, which is not verified. Raises NotProvedError if it is none."""
    parts = token.split(".")
    if len(token) <= _LONGEST and len(parts) == 3 and token.isascii():
        try:
            padded = parts[1] + "=" * (-len(parts[1]) % 4)
            claims = json.loads(base64.urlsafe_b64decode(padded))
        except (ValueError, binascii.Error, RecursionError):
            claims = None
        if isinstance(claims, dict):
            return claims
    raise NotProvedError("what was shown is not a service account token")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(values: Any) -> str:
    return str(values[0]) if isinstance(values, list) and values else ""
