"""Units: values computed from the catalog, memoized with what they have read.

A unit is a pure function of a :class:`~straightway.units.reading.Reading` and some hashable
arguments: a virtual host, a cluster, the snapshot of an audience, a check between objects. The
first argument records each key of the catalog that the function looks up, and each other unit that
it uses. A change of the catalog returns the keys that differ; the units that read them are stale,
and the units that use these may be. A possibly stale unit is recomputed only if the value of a unit
that it uses has really changed. So the cost of a change depends on what it touches, not on the
config's size.

A unit is kept as long as another unit uses it or it is held (:meth:`Units.hold`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from straightway.catalog import Catalog, Key
from straightway.documents import Steps, at_once
from straightway.units.node import Call, Node, NotMadeError, State
from straightway.units.reading import Reading

Mistaken = Callable[[Call, Exception], None]

_BATCH = 64
"""How many units are looked at in one step, where there are many."""


class Units:
    """All units computed from one catalog, with what each has read.

    ``mistaken`` is called with a unit whose function raised, which is a bug. The unit keeps its
    value, and is recomputed when something that it read changes. Without ``mistaken``, the
    exception is raised.
    """

    def __init__(self, catalog: Catalog, *, mistaken: Mistaken | None = None) -> None:
        self.catalog = catalog
        self.made = 0
        """How many units have been computed so far, for tests and figures."""
        self.marked = 0
        """How many times units were marked so far because they may be stale."""
        self._mistaken = mistaken or _raise
        self._nodes: dict[Call, Node] = {}
        self._readers: dict[Key, set[Node]] = {}
        self._revision = 1
        # Held units that may be stale, with the revision at which their value last changed.
        self._stale_held: dict[Node, int] = {}
        # Units that may no longer be needed. They are examined while nothing is being computed: a
        # unit that is being computed does not yet count as a user of what it has used so far.
        self._doubtful: list[Node] = []
        self._depth = 0

    def __len__(self) -> int:
        """Return how many units are kept."""
        return len(self._nodes)

    # --- Values ---

    def get(self, call: Call) -> Any:
        """Return the value of a unit, computed now or kept from before.

        If nothing else needs it, it is dropped at once or, inside :meth:`keeping`, afterwards.
        Raises NotMadeError if its function has never returned without raising.
        """
        node = self._nodes.get(call)
        if node is not None and node.state is State.FRESH:
            return node.get()  # Nearly always: there is nothing to keep or to drop.
        with self.keeping():
            node = self.use(call)
            if not (node.held or node.users):
                self._doubtful.append(node)
            return node.get()

    def is_known(self, call: Call) -> bool:
        """Whether a unit is remembered, up to date or not."""
        return call in self._nodes

    def has_seen(self, call: Call, used: Call) -> bool:
        """Whether a unit is remembered, and knows the value that another one has now.

        Then the other one is no reason to recompute it.
        """
        node, other = self._nodes.get(call), self._nodes.get(used)
        return (
            node is not None
            and node.state is not State.STALE
            and other is not None
            and other.state is State.FRESH
            and other.changed_at <= node.verified_at
        )

    def is_fresh(self, call: Call) -> bool:
        """Whether a unit is remembered and up to date, so that :meth:`get` makes nothing."""
        node = self._nodes.get(call)
        return node is not None and node.state is State.FRESH

    def fresh(self, call: Call) -> Node | None:
        """Return the node of a unit that is up to date, to be read only; None otherwise."""
        node = self._nodes.get(call)
        return node if node is not None and node.state is State.FRESH else None

    def get_or_none(self, call: Call) -> Any:
        """Return the value of a unit like :meth:`get`, or None if it has none."""
        try:
            return self.get(call)
        except NotMadeError:
            return None

    def hold(self, call: Call) -> Any:
        """Return the value of a unit, and keep it until :meth:`release`."""
        with self.keeping():
            node = self.use(call)
            node.held += 1
        return node.get()

    def release(self, call: Call) -> None:
        """Undo one :meth:`hold`; drop what nothing else needs."""
        with self.keeping():
            node = self._nodes[call]
            node.held -= 1
            self._doubtful.append(node)

    def below(self, call: Call) -> Iterator[Node]:
        """Yield the nodes of a unit and of all that it uses, directly or indirectly, each once."""
        node = self._nodes.get(call)
        seen: set[Node] = set()
        pending = [node] if node is not None else []
        while pending:
            each = pending.pop()
            if each not in seen:
                seen.add(each)
                yield each
                pending += each.uses

    def above(self, key: Key, *, without: Container[Callable[..., Any]] = ()) -> Iterator[Node]:
        """Yield the nodes that read a key and those that use these, directly or not, each once.

        Nodes whose function is in ``without`` are left out, with what uses them alone.
        """
        seen: set[Node] = set()
        pending = list(self._readers.get(key, ()))
        while pending:
            each = pending.pop()
            if each not in seen and each.call.make not in without:
                seen.add(each)
                yield each
                pending += each.users

    # --- Changes ---

    def changed(self, keys: Iterable[Key]) -> None:
        """Mark the units that read these keys as stale."""
        at_once(self.marking(keys))

    def marking(self, keys: Iterable[Key]) -> Steps[None]:
        """Mark the units that read these keys as stale, in steps.

        Until the last of them, a unit may have an old value that counts as fresh, and so may what
        is computed from it. It is marked in its turn.
        """
        self._revision += 1
        marked = 0
        for key in keys:
            pending = [(node, State.STALE) for node in self._readers.get(key, ())]
            while pending:
                self._mark(*pending.pop(), pending)
                marked += 1
                if not marked % _BATCH:
                    yield
                    # What was computed meanwhile is older than what is recomputed from here on.
                    self._revision += 1

    def take_stale(self) -> list[Call]:
        """Return the held units that may have changed since the last call, each once, oldest first.

        Units recomputed meanwhile are included if their value has changed.
        """
        stale, self._stale_held = self._stale_held, {}
        return [
            node.call
            for node, changed_at in stale.items()
            if node.held and (node.state is not State.FRESH or node.changed_at != changed_at)
        ]

    def renewing(self, call: Call) -> Generator[Call, None, None]:
        """Recompute what is stale of all that a unit uses, one unit after another, but not itself.

        This is optional: :meth:`get` does the same on demand. But it may take long, and an event
        loop can do other work between two steps. A unit that has read a changed key is recomputed
        in one step: what it used before it may not use again. Yields what was recomputed.
        """
        root = self._nodes.get(call)
        pending = [(root, False)] if root is not None else []
        seen: set[Node] = set()
        while pending:
            node, is_due = pending.pop()
            if node.state is State.FRESH:
                continue
            if not is_due and node not in seen:
                seen.add(node)
                pending.append((node, True))
                if node.state is State.MAYBE:
                    stale = [used for used in node.uses if used.state is not State.FRESH]
                    pending += [(used, False) for used in reversed(stale)]
            elif is_due and node is not root and self._nodes.get(node.call) is node:
                with self.keeping():
                    self._refreshed(node.call)
                yield node.call

    def _mark(self, node: Node, state: State, pending: list[tuple[Node, State]]) -> None:
        """Mark a unit, and leave its users to ``pending`` unless they are marked already."""
        known = node.state
        if state <= known:
            return
        node.state = state
        self.marked += 1
        if known is State.FRESH:
            if node.held:
                self._stale_held.setdefault(node, node.changed_at)
            pending += [(user, State.MAYBE) for user in node.users]

    # --- Making ---

    def use(self, call: Call) -> Node:
        """Return the up-to-date node of a unit, for a reading that records it."""
        node = self._nodes.get(call)
        if node is not None and node.state is State.FRESH:
            return node
        return self._refreshed(call)

    def _refreshed(self, call: Call) -> Node:
        node = self._nodes.get(call)
        if node is None:
            node = self._nodes[call] = Node(call)
            self._make(node)
        elif node.state is State.STALE:
            self._make(node)
        elif node.state is State.MAYBE:
            self._verify(node)
        return node

    def _verify(self, node: Node) -> None:
        """Recompute a unit only if a unit that it uses has changed."""
        for used in node.uses:
            if used.state is not State.FRESH:
                self._refreshed(used.call)
            if used.changed_at > node.verified_at:
                self._make(node)
                return
        node.state, node.verified_at = State.FRESH, self._revision

    def _make(self, node: Node) -> None:
        reading = Reading(self.catalog, self.use)
        self.made += 1
        try:
            value = node.call.make(reading, *node.call.args)
        except NotMadeError:
            value = node.value  # The bug has been reported where it occurred.
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._mistaken(node.call, mistake)
            value = node.value
        self._note(node, reading)
        node.state, node.verified_at = State.FRESH, self._revision
        if value is not node.value and value != node.value:
            node.value, node.changed_at = value, self._revision

    def _note(self, node: Node, reading: Reading) -> None:
        """Record what a unit has read and used, in place of the previous record."""
        known = set(node.keys)
        if reading.keys != known:
            for key in known - reading.keys:
                self._leave(key, node)
            for key in reading.keys - known if known else reading.keys:
                readers = self._readers.get(key)
                if readers is None:
                    self._readers[key] = {node}
                else:
                    readers.add(node)
            # A set would take five times as much memory.
            node.keys = tuple(reading.keys)
        uses = tuple(reading.uses)
        if uses != node.uses:
            before, node.uses = node.uses, uses
            for used in uses:
                used.users.add(node)
            dropped = set(before).difference(uses)
            for used in dropped:
                used.users.discard(node)
            self._doubtful += dropped

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Drop nothing inside; at the end of the outermost block, drop what is no longer needed."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._doubtful and not self._depth:
                at_once(self.forgetting())

    def forgetting(self) -> Steps[None]:
        """Drop what is no longer needed, in steps.

        This is optional: the end of :meth:`keeping` does it at once. But it may take long.
        """
        examined = 0
        while self._doubtful:
            self._forget_if_unused(self._doubtful.pop())
            examined += 1
            if not examined % _BATCH:
                yield

    def _forget_if_unused(self, node: Node) -> None:
        if node.held or node.users or self._nodes.get(node.call) is not node:
            return
        del self._nodes[node.call]
        self._stale_held.pop(node, None)
        for key in node.keys:
            self._leave(key, node)
        for used in node.uses:
            used.users.discard(node)
            self._doubtful.append(used)

    def _leave(self, key: Key, node: Node) -> None:
        readers = self._readers[key]
        readers.discard(node)
        if not readers:
            del self._readers[key]


def _raise(_call: Call, mistake: Exception) -> None:
    raise mistake
