"""The reflector: what to ask the API server next, and what to believe, for one kind of object.

A state machine without I/O. It is told what came, and says which objects are new, changed or gone.

- **Listing**: by a stream of initial events where the server has them, else in pages. What was
  known before and is not listed is gone, and what is listed in a known version is nothing new: so a
  relist finds what was deleted while nobody watched, and costs nothing downstream.
- **Watching**: from the version of the list on. What the server says in a bookmark counts as seen.
- **A version that the server no longer has** (410, in whatever form): listing starts again.
- **A connection that broke** may have broken because the server was restored from a backup. A watch
  from a version of its future would wait in silence, so the server is asked for its version first.
- **A kind that the server does not know** (its CRD is not installed, or no longer) or **does not
  allow** has no objects at the start. What was known stays: for a while where the kind is unknown,
  for as long as it takes where it is not allowed.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Failure(Enum):
    """Why an answer is no use."""

    EXPIRED = auto()
    """The version or the page is no longer there (410)."""
    NOT_STREAMED = auto()
    """The server has no streamed lists (400, 422)."""
    UNKNOWN_KIND = auto()
    """404: the server does not know the kind."""
    FORBIDDEN = auto()
    """403: the server does not allow it."""
    BROKEN = auto()
    """Anything that may be over soon: no answer, a broken connection, 429, 5xx."""


class Lack(Enum):
    """Why a kind is not there."""

    UNKNOWN_KIND = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class AskForPage:
    """List a page: from the start, or the one that ``token`` stands for."""

    token: str


@dataclass(frozen=True, slots=True)
class AskForStream:
    """Watch, with all that there is at first, which ends with a mark."""


@dataclass(frozen=True, slots=True)
class AskForChanges:
    """Watch from a version on."""

    version: str


@dataclass(frozen=True, slots=True)
class AskForVersion:
    """Ask for the current version of all, without the objects."""


Ask = AskForPage | AskForStream | AskForChanges | AskForVersion

CONFIRM_SECONDS = 5.0
"""For how long a server that has just started may say that a kind is unknown or not allowed."""
FORGET_SECONDS = 60.0
"""For how long an unknown kind's objects are kept: a server without its CRDs may say so, too."""
_MOST_BROKEN_STREAMS = 3


class Reflector:
    """Follows the objects of one kind, in one namespace or all. Times are of any monotonic clock.

    ``known`` are the versions of the objects that are believed to be there, by key.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.is_settled = False
        """Whether the kind was listed once, or is known to be lacking."""
        self.lack: Lack | None = None
        self._lacking_since = 0.0
        self._listed: set[str] | None = set()
        self._token = ""
        self._version = ""
        self._is_streamed = True
        self._broken_streams = 0
        self._is_suspect = False

    # --- What to ask ---

    def ask(self) -> Ask:
        """Return what to ask the server next."""
        if self._listed is not None:
            return AskForStream() if self._is_streamed else AskForPage(self._token)
        return AskForVersion() if self._is_suspect else AskForChanges(self._version)

    @property
    def is_listing(self) -> bool:
        """Whether a list is not complete yet."""
        return self._listed is not None

    # --- What came ---

    def came(self, key: str, version: str) -> bool:
        """Note an object, listed or watched; return whether it is new or changed."""
        if self._listed is not None:
            self._listed.add(key)
        else:
            self._version = version
        if self.known.get(key) == version:
            return False
        self.known[key] = version
        return True

    def went(self, key: str, version: str) -> bool:
        """Note a deletion; return whether the object was known."""
        if self._listed is not None:
            self._listed.discard(key)
        else:
            self._version = version
        return self.known.pop(key, None) is not None

    def bookmark(self, version: str, *, ends_list: bool = False) -> Sequence[str]:
        """Note a bookmark; return what is gone, if it ends the list."""
        if self._listed is None:
            self._version = version
            return ()
        return self._complete(version) if ends_list else ()

    def page(self, version: str, token: str) -> Sequence[str]:
        """Note the end of a page, whose objects came before; return what is gone after the last."""
        self._token = token
        return () if token else self._complete(version)

    def current(self, version: str) -> None:
        """Note the answer to AskForVersion."""
        self._is_suspect = False
        if _is_older(version, self._version):
            self._relist()

    def ended(self) -> None:
        """Note that a watch ended without an error, as it does after its time."""
        if self._listed is not None:
            # The marked end of the list is missing: as much as a broken stream.
            self.failed(Failure.BROKEN, 0.0)

    def failed(self, failure: Failure, now: float) -> Sequence[str]:
        """Note a failure; return what is gone for it."""
        if failure is Failure.EXPIRED:
            self._relist()
        elif failure is Failure.NOT_STREAMED and self._is_streamed and self.is_listing:
            self._is_streamed = False
            self._relist()
        elif failure is Failure.UNKNOWN_KIND:
            return self._lacks(Lack.UNKNOWN_KIND, now)
        elif failure is Failure.FORBIDDEN:
            return self._lacks(Lack.FORBIDDEN, now)
        elif self._listed is not None:
            self._broken_streams += self._is_streamed
            if self._broken_streams >= _MOST_BROKEN_STREAMS:
                self._is_streamed = False
            if self._is_streamed or not self._token:
                self._relist()
        else:
            self._is_suspect = True
        return ()

    # --- What follows ---

    def _relist(self) -> None:
        self._listed, self._token, self._is_suspect = set(), "", False

    def _complete(self, version: str) -> Sequence[str]:
        gone = [key for key in self.known if key not in (self._listed or ())]
        for key in gone:
            del self.known[key]
        self._listed, self._token = None, ""
        self._version = version
        self._broken_streams = 0
        self.is_settled, self.lack = True, None
        return gone

    def _lacks(self, lack: Lack, now: float) -> Sequence[str]:
        self._relist()
        if self.lack is not lack:
            self.lack, self._lacking_since = lack, now
        lacking = now - self._lacking_since
        if lacking >= CONFIRM_SECONDS:
            self.is_settled = True
        if lack is Lack.FORBIDDEN or lacking < FORGET_SECONDS:
            return ()
        gone = list(self.known)
        self.known.clear()
        return gone


def _is_older(version: str, than: str) -> bool:
    """Whether a version is before another; versions are numbers that grow (KEP-5504)."""
    if version.isdecimal() and than.isdecimal():
        return int(version) < int(than)
    return version != than
