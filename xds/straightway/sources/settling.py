"""When to accept what is seen of a file.

A file may be read while it is being written, and writers truncate it first, or delete and recreate
it. So a file that looks half-written is accepted only once it has been stable for the grace time;
until then, its last accepted content remains. That is a file which

- is gone, empty, or cannot be read,
- holds broken YAML, or fewer documents than before,
- ends without a line break though it did not before.

A file that is gone while another file holds the same documents was renamed: that is accepted at
once. A file that remains empty keeps its objects in force (its bundle is incomplete): only deleting
it (or its documents, leaving a comment) removes them.

Files that vanish one after the other are accepted as gone together, once no other has vanished for
the grace time (or ten times that after the first): a later stage must decide whether a folder was
emptied on purpose or a volume unmounted, and sees all of it at once.

This module is pure: the time is passed in, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import is_

from straightway.documents import Bundle
from straightway.sources.yaml_documents import Reading

# How many times the grace time a vanished file waits for others.
_TOGETHER = 10


@dataclass(frozen=True, slots=True)
class _Doubt:
    """An observation that is not accepted before ``until``."""

    seen: Reading | None
    until: float


class Settling:
    """Keeps the accepted content of each file, and doubtful observations."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._believed: dict[str, Reading] = {}
        self._doubts: dict[str, _Doubt] = {}

    @property
    def believed(self) -> Mapping[str, Reading]:
        """The accepted content of each file, without files that are gone."""
        return self._believed

    @property
    def due(self) -> float | None:
        """When to read the next doubtful file again."""
        gone, others = self._gone_until, self._until(gone=False)
        return min([*others, *([] if gone is None else [gone])], default=None)

    def due_at(self, now: float) -> set[str]:
        """Return the doubtful files that should be read again."""
        gone = self._gone_until
        is_over = gone is not None and gone <= now
        return {
            key
            for key, doubt in self._doubts.items()
            if doubt.until <= now and (is_over or doubt.seen is not None)
        }

    @property
    def _gone_until(self) -> float | None:
        """When vanished files are accepted as gone."""
        untils = self._until(gone=True)
        return min(max(untils), min(untils) + _TOGETHER * self._grace) if untils else None

    def _until(self, *, gone: bool) -> list[float]:
        return [doubt.until for doubt in self._doubts.values() if (doubt.seen is None) == gone]

    def see(
        self, seen: Mapping[str, Reading | None], now: float, *, trusting: bool = False
    ) -> tuple[Bundle, ...]:
        """Process what is seen of files (None: gone), and return the bundles that changed.

        Those of files that are gone come last. ``trusting`` accepts everything at once.
        """
        changed = [
            self._believe(key, reading)
            for key, reading in seen.items()
            if trusting or self._is_believable(key, reading, now)
        ]
        # Only now is it known how many files are gone.
        settled = self.due_at(now) & seen.keys()
        changed += [self._believe(key, seen[key]) for key in sorted(settled)]
        changed += [self._believe(key, None) for key in self._renamed()]
        bundles = (bundle for bundle in changed if bundle is not None)
        return tuple(sorted(bundles, key=lambda bundle: (_says_nothing(bundle), bundle.key)))

    def _is_believable(self, key: str, reading: Reading | None, now: float) -> bool:
        """Whether a reading can be accepted at once; otherwise it is doubtful, if it is new."""
        before = self._believed.get(key)
        if _is_same(before, reading):
            self._doubts.pop(key, None)
            return False
        if not _looks_half_written(before, reading):
            return True
        doubt = self._doubts.get(key)
        if doubt is None or not _is_same(doubt.seen, reading):
            self._doubts[key] = _Doubt(reading, now + self._grace)
        return False

    def _believe(self, key: str, reading: Reading | None) -> Bundle | None:
        """Accept a reading, and return its bundle if that changed."""
        self._doubts.pop(key, None)
        before = self._believed.pop(key).bundle if key in self._believed else Bundle(key)
        if reading is not None:
            self._believed[key] = reading
        after = reading.bundle if reading is not None else Bundle(key)
        return None if _is_same_bundle(before, after) else after

    def _renamed(self) -> list[str]:
        """Return the vanished files whose documents another file holds."""
        gone = {key for key, doubt in self._doubts.items() if doubt.seen is None}
        if not gone:
            return []
        held = {
            text
            for key, reading in self._believed.items()
            if key not in gone
            for text in reading.texts
        }
        return [
            key for key in gone if held.issuperset(texts := self._believed[key].texts) and texts
        ]


def _looks_half_written(before: Reading | None, seen: Reading | None) -> bool:
    if seen is None or not seen.bundle.complete:
        return True
    if before is None:
        return not seen.ends_with_line_break
    return len(seen.bundle.documents) < len(before.bundle.documents) or (
        before.ends_with_line_break and not seen.ends_with_line_break
    )


def _is_same(one: Reading | None, other: Reading | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.is_same_as(other)


def _is_same_bundle(one: Bundle, other: Bundle) -> bool:
    return (
        one.complete == other.complete
        and one.problems == other.problems
        and len(one.documents) == len(other.documents)
        and all(map(is_, one.documents, other.documents))
    )


def _says_nothing(bundle: Bundle) -> bool:
    return _is_same_bundle(bundle, Bundle(bundle.key))
