"""The reflector: what to ask the API server next, and what to believe, for one kind of object.

A state machine without I/O. It is told what came, and says which objects are new, changed or gone.

- **Listing**: by a stream of initial events where the server has them, else in pages. What was
  known before and is not listed is gone, and what is listed in a known version is nothing new: so a
  relist finds what was deleted while nobody watched, and costs nothing downstream.
- **Watching**: from the version of the list on. What the server says in a bookmark counts as seen.
- **A version that the server no longer has** (410, in whatever form): listing starts again.
- **A watch that ended or broke** may have done so because the server was restored from a backup.
  One from a version of its future would wait in silence, so its current version is asked for first.
- **A kind that the server does not know** (its CRD is not installed, or no longer) or **does not
  allow** is believed to be lacking when the server has said so for a while: one that has just
  started may be mistaken. It has no objects at the start. What was known stays: for a longer while
  where the kind is unknown, for as long as it takes where it is not allowed.

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
"""For how long the server must say that a kind is unknown or not allowed until it is believed."""
FORGET_SECONDS = 60.0
"""For how long it must say that a kind is unknown until the kind's objects are forgotten."""
_MOST_BROKEN_STREAMS = 3


class Reflector:
    """Follows the objects of one kind, in one namespace or all. Times are of any monotonic clock.

    ``known`` are the versions of the objects that are believed to be there, by key; "" if an object
    is there, but its version means nothing any more. ``lack`` says why the kind is lacking, None if
    it is not, or nobody knows yet.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.is_settled = False
        """Whether the kind was listed once, or is known to be lacking."""
        self.lack: Lack | None = None
        self._missed: Lack | None = None
        self._missed_since = 0.0
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

    def is_there(self, key: str) -> None:
        """Note an object that is there, and of which nothing else can be read."""
        if self._listed is not None:
            self._listed.add(key)

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

    def missed(self, key: str) -> None:
        """Note that nobody took in an object that came: it is new when it is listed again."""
        self.known[key] = ""

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
        if _is_older(version, self._version, unless_numbers=version != self._version):
            self._version = version
            self._begin_anew()

    def ended(self) -> None:
        """Note that a watch ended without an error, as it does after its time.

        The end of a list that lacks its mark is as much as a broken stream. And a watch may have
        been silent because it was one from a version of the future.
        """
        self._broke()

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
        else:
            self._broke()
        return ()

    # --- What follows ---

    def _broke(self) -> None:
        # What a server says before it vanishes, and when it is back, does not add up.
        self._missed = None
        if self._listed is None:
            self._is_suspect = True
        elif self._is_streamed:
            self._broken_streams += 1
            self._is_streamed = self._broken_streams < _MOST_BROKEN_STREAMS
            self._relist()
        # A page is asked for again.

    def _begin_anew(self) -> None:
        """List a server with another history: there, versions that are known mean other things."""
        self.known = dict.fromkeys(self.known, "")
        self._relist()

    def _relist(self) -> None:
        for key in self._listed or ():
            # Of an unfinished list: nobody can tell whether the next is of the same history.
            if key in self.known:
                self.known[key] = ""
        self._listed, self._token, self._is_suspect = set(), "", False

    def _complete(self, version: str) -> Sequence[str]:
        is_restored = _is_older(version, self._version, unless_numbers=False)
        self._version = version
        if is_restored:
            self._begin_anew()
            return ()
        gone = [key for key in self.known if key not in (self._listed or ())]
        for key in gone:
            del self.known[key]
        self._listed, self._token = None, ""
        # The next list may come from a newer server, or over a better connection.
        self._is_streamed, self._broken_streams = True, 0
        self.is_settled, self.lack, self._missed = True, None, None
        return gone

    def _lacks(self, lack: Lack, now: float) -> Sequence[str]:
        self._relist()
        if self._missed is not lack:
            self._missed, self._missed_since = lack, now
        missed = now - self._missed_since
        if missed >= CONFIRM_SECONDS:
            self.is_settled, self.lack = True, lack
        if lack is Lack.FORBIDDEN or missed < FORGET_SECONDS:
            return ()
        gone = list(self.known)
        self.known.clear()
        return gone


def _is_older(version: str, than: str, *, unless_numbers: bool) -> bool:
    """Whether a version is before another; versions are numbers that grow (KEP-5504)."""
    if version.isdecimal() and than.isdecimal():
        return int(version) < int(than)
    return unless_numbers
