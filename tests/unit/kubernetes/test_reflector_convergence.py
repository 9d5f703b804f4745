"""Whatever happens to an API server: in the end, what the reflector believes is what is there."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from straightway.kubernetes.reflector import (
    CONFIRM_SECONDS,
    AskForChanges,
    AskForPage,
    AskForStream,
    AskForVersion,
    Failure,
    Lack,
    Reflector,
)
from tests.support.api_server_model import ApiServerModel, Event, ExpiredError, Token

KEYS = st.sampled_from(["shop/a", "shop/b", "shop/c", "shop/d", "shop/e"])
PAGE = 2


class Conversation(RuleBasedStateMachine):
    """A client of the model, which asks what the reflector wants and tells it what comes.

    `believed` is what users of the reflector hold: the content of each object by key.
    """

    def __init__(self) -> None:
        super().__init__()
        self.server = ApiServerModel()
        self.reflector = Reflector()
        self.believed: dict[str, int] = {}
        self.now = 0.0
        self.tokens: dict[str, Token] = {}
        # The open watch: where it has got to, and the rest of the initial list.
        self.is_open = False
        self.position = 0
        self.initial: list[tuple[str, int, int]] | None = None
        # Versions that came, to keep a restored server from overtaking them unseen: a client that
        # looks only later has no chance.
        self.seen = 0
        self.is_restored = False
        self.lists_or_lacks = 0
        self.missed_since: float | None = None

    @initialize(has_streams=st.booleans(), keys=st.sets(KEYS))
    def begin(self, has_streams: bool, keys: set[str]) -> None:
        self.server.has_streams = has_streams
        for key in sorted(keys):
            self.server.write(key)

    # Users.

    def _may_write(self) -> bool:
        return not self.is_restored or self.server.version + 1 < self.seen

    @rule(key=KEYS)
    def write(self, key: str) -> None:
        if self.server.lack is not Lack.UNKNOWN_KIND and self._may_write():
            self.server.write(key)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if self._may_write():
            self.server.delete(key)

    @rule()
    def touch_another_kind(self) -> None:
        if self._may_write():
            self.server.touch_another_kind()

    # Operators.

    @rule()
    def compact(self) -> None:
        self.server.compact()

    @rule()
    def save(self) -> None:
        self.server.save()

    @rule(gracefully=st.booleans())
    def restore(self, gracefully: bool) -> None:
        if not self.is_restored and self.server.restore():
            self.is_restored = True
            self._close(gracefully)

    @rule(lack=st.sampled_from([Lack.FORBIDDEN, None]))
    def allow_or_not(self, lack: Lack | None) -> None:
        self.server.lack = lack

    @rule(gracefully=st.booleans())
    def remove_kind(self, gracefully: bool) -> None:
        if self._may_write() and not self.is_restored:
            self.server.remove_kind()
            self._close(gracefully)

    @rule(gracefully=st.booleans())
    def go_away(self, gracefully: bool) -> None:
        self.server.is_up = False
        self._close(gracefully)

    @rule(streams=st.booleans())
    def come_back(self, streams: bool) -> None:
        if not self.server.is_up:
            self.server.is_up, self.server.has_streams = True, streams

    # The net and the clock.

    @rule(gracefully=st.booleans())
    def cut(self, gracefully: bool) -> None:
        self._close(gracefully)

    @rule(seconds=st.sampled_from([0.5, 10.0, 70.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    # The client.

    @rule(count=st.integers(1, 4))
    def exchange(self, count: int) -> None:
        """Ask, or take some of what comes on the open watch."""
        for _ in range(count):
            if self.is_open:
                self._take()
            else:
                self._ask()

    def _ask(self) -> None:
        if not self.server.is_up:
            self._fail(Failure.BROKEN)
        elif self.server.lack is Lack.FORBIDDEN:
            self._fail(Failure.FORBIDDEN)
        elif self.server.lack is Lack.UNKNOWN_KIND:
            self._fail(Failure.UNKNOWN_KIND)
        else:
            self._answer()

    def _answer(self) -> None:
        match self.reflector.ask():
            case AskForPage(token):
                self._answer_page(token)
            case AskForStream():
                if not self.server.has_streams:
                    self._fail(Failure.NOT_STREAMED)
                    return
                self.is_open, self.position = True, self.server.version
                self.initial = [
                    (key, stored.version, stored.content)
                    for key, stored in sorted(self.server.objects.items())
                ]
            case AskForChanges(version):
                self.is_open, self.position, self.initial = True, int(version), None
            case AskForVersion():
                self._noticed()
                self.reflector.current(str(self.server.version))

    def _answer_page(self, token: str) -> None:
        try:
            page, version, rest = self.server.page(self.tokens[token] if token else None, PAGE)
        except ExpiredError:
            self._fail(Failure.EXPIRED)
            return
        for key, stored in page:
            self._came(key, stored.version, stored.content)
        name = f"token-{len(self.tokens)}" if rest else ""
        if rest:
            self.tokens[name] = rest
        self._complete(self.reflector.page(str(version), name))

    def _take(self) -> None:
        if self.initial:
            self._came(*self.initial.pop(0))
        elif self.initial is not None:
            self.initial = None
            self._complete(self.reflector.bookmark(str(self.position), ends_list=True))
        else:
            self._take_change()

    def _take_change(self) -> None:
        try:
            events = self.server.since(self.position)
        except ExpiredError:
            self.is_open = False
            self._fail(Failure.EXPIRED)
            return
        if events:
            self._deliver(events[0])
        elif self.position < self.server.version:
            self.position = self.server.version
            self._see(self.position)
            self._gone(self.reflector.bookmark(str(self.position)))

    def _deliver(self, event: Event) -> None:
        self.position = event.version
        if event.stored is not None:
            self._came(event.key, event.version, event.stored.content)
            return
        self._see(event.version)
        if self.reflector.went(event.key, str(event.version)):
            self._gone([event.key])

    def _came(self, key: str, version: int, content: int) -> None:
        self._see(version)
        if self.reflector.came(key, str(version)):
            self.believed[key] = content

    def _complete(self, gone: Iterable[str]) -> None:
        self._gone(gone)
        if not self.reflector.is_listing:
            self.lists_or_lacks += 1
            self._see(self.position)
            self._noticed()

    def _gone(self, keys: Iterable[str]) -> None:
        for key in keys:
            if not self.is_restored and self.server.lack is not Lack.UNKNOWN_KIND:
                assert self._was_deleted(key), f"{key} is said to be gone, and is there"
            del self.believed[key]

    def _was_deleted(self, key: str) -> bool:
        """Whether an object is gone, or at least was, and its new form has not come yet."""
        deletions = [e.version for e in self.server.events if e.key == key and e.stored is None]
        return key not in self.server.objects or bool(deletions)

    def _see(self, version: int) -> None:
        self.seen = max(self.seen, version)

    def _noticed(self) -> None:
        if self.is_restored:
            self.is_restored, self.seen = False, self.server.version

    def _fail(self, failure: Failure) -> None:
        if failure in (Failure.FORBIDDEN, Failure.UNKNOWN_KIND):
            if self.missed_since is None:
                self.missed_since = self.now
            self.lists_or_lacks += self.now - self.missed_since >= CONFIRM_SECONDS
        elif failure is Failure.BROKEN:
            self.missed_since = None
        gone = list(self.reflector.failed(failure, self.now))
        assert not gone or failure is Failure.UNKNOWN_KIND
        for key in gone:
            del self.believed[key]

    def _close(self, gracefully: bool) -> None:
        if self.is_open:
            self.is_open, self.initial = False, None
            self.missed_since = None
            if gracefully:
                self.reflector.ended()
            else:
                self.reflector.failed(Failure.BROKEN, self.now)

    # What holds.

    @invariant()
    def what_is_known_was_said(self) -> None:
        assert self.reflector.known.keys() == self.believed.keys()

    @invariant()
    def it_is_settled_only_after_a_list_or_a_confirmed_lack(self) -> None:
        if self.reflector.is_settled:
            assert self.lists_or_lacks

    @precondition(lambda self: self.server.lack is None)
    @rule()
    def let_the_dust_settle(self) -> None:
        """With the server up, everything is caught up with, and then there is nothing to do."""
        self.server.is_up = True
        for _ in range(100):
            if self._is_quiet():
                break
            self.exchange(1)
        assert self._is_quiet()
        there = {key: stored.content for key, stored in self.server.objects.items()}
        assert self.believed == there
        assert self.reflector.is_settled
        assert self.reflector.lack is None

    def _is_quiet(self) -> bool:
        is_watching = self.is_open and self.initial is None
        return is_watching and self.position == self.server.version

    @precondition(lambda self: self.server.lack is None)
    @rule(streams=st.booleans())
    def list_again_with_nothing_changed(self, streams: bool) -> None:
        """A list of what is known says nothing new."""
        self.let_the_dust_settle()
        self.server.has_streams = streams
        self.is_open = False
        self.reflector.failed(Failure.EXPIRED, self.now)
        before, self.believed = self.believed, Unchanging(self.believed)
        self.let_the_dust_settle()
        self.believed = dict(before)

    def teardown(self) -> None:
        self.server.lack = None
        self.let_the_dust_settle()


class Unchanging(dict[str, int]):
    """Beliefs that nothing may touch."""

    def __setitem__(self, key: str, value: int) -> None:
        raise AssertionError(f"{key} is said to be changed")

    def __delitem__(self, key: str) -> None:
        raise AssertionError(f"{key} is said to be gone")


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
