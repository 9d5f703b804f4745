"""Splits a file's text into documents.

The text is cut at its ``---`` lines before it is parsed. (YAML allows no such line inside a scalar,
so the cut needs no parser.) So a broken document never affects the others in its file, and
unchanged documents are not parsed again: read with the file's last :class:`Reading`, they are the
identical ``Document`` (``is``). If only its line moved, the ``Document`` is a new one with the
right origin, but its ``body`` is identical.

The contents are treated as follows:

- documents with nothing but comments are skipped;
- a ``List`` (``kubectl get -o yaml``), or ``…List`` with ``items``, becomes its items;
- a document that is not a mapping is a problem ``not-a-mapping``;
- broken YAML is a problem ``yaml-syntax``;
- a text without objects and without a comment (nothing, a lone ``---``, ``null``) is a problem
  ``empty-file``: editors, full disks and failed pipelines leave such files, and people who mean it
  can say so in a comment.

All problems make the bundle incomplete: what it held before is then kept. JSON is YAML too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeAlias

import yaml

from straightway.documents import Bundle, Document, Problem, Severity
from straightway.documents.secrets import is_secret, without_surplus
from straightway.sources.yaml_limits import (
    MAX_FILE_DOCUMENTS,
    MAX_FILE_PROBLEMS,
    MAX_FILE_VALUES,
    MAX_VALUES,
)
from straightway.sources.yaml_origin import FileOrigin
from straightway.sources.yaml_positions import Path, Positions, Value
from straightway.sources.yaml_problems import syntax_problem
from straightway.sources.yaml_values import read_yaml

_Objects: TypeAlias = tuple[tuple[Path, Value], ...]

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)


_SMALL = 16_384
"""Up to this many characters, a document without aliases is far below all limits of an object."""


class Chunk(NamedTuple):
    """One YAML document of a file: its text, and the line (from 1) where it begins."""

    line: int
    text: str


class ReadChunk(NamedTuple):
    """What a chunk holds: its objects, each with its path in the chunk, and their documents.

    ``positions`` are None if it could not be read.
    """

    chunk: Chunk
    positions: Positions | None
    objects: _Objects
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]

    @property
    def values(self) -> int:
        """An upper bound on the number of its values."""
        if self.positions is None:
            return min(len(self.chunk.text) // 2, MAX_VALUES)
        return self.positions.count


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: the bundle, and the chunks that it was read from.

    ``file`` is the file's name in origins. ``is_passing`` says that the system did not allow it to
    be read, which may be temporary.
    """

    file: str
    bundle: Bundle
    chunks: tuple[ReadChunk, ...] = ()
    is_passing: bool = False

    @property
    def texts(self) -> set[str]:
        """The text of each chunk."""
        return {read.chunk.text for read in self.chunks}

    @property
    def ends_with_line_break(self) -> bool:
        """Whether the last non-empty line ends with a line break."""
        return not self.chunks or self.chunks[-1].chunk.text.endswith("\n")

    def is_same_as(self, other: Reading) -> bool:
        """Whether both were read from the same text, or not read for the same reason."""
        return self.bundle.problems == other.bundle.problems and [
            read.chunk for read in self.chunks
        ] == [read.chunk for read in other.chunks]


def read_documents(key: str, file: str, text: str, before: Reading | None = None) -> Reading:
    """Read the text of a file, reusing what is unchanged in ``before``.

    ``key`` becomes the bundle's key, ``file`` is the file's name in origins.
    """
    known = {read.chunk.text: read for read in before.chunks} if before else {}
    chunks: list[ReadChunk] = []
    values = 0
    for chunk in split(text):
        chunks.append(_read(file, chunk, known.get(chunk.text)))
        values += chunks[-1].values
        if len(chunks) > MAX_FILE_DOCUMENTS:
            return _too_large(key, file, f"{MAX_FILE_DOCUMENTS:,} documents")
        if values > MAX_FILE_VALUES:
            return _too_large(key, file, f"{MAX_FILE_VALUES:,} values")
    if all(map(_is_blank, chunks)):
        return _empty(key, file)
    problems = _first(tuple(problem for read in chunks for problem in read.problems))
    documents = tuple(document for read in chunks for document in read.documents)
    return Reading(file, Bundle(key, documents, problems, complete=not problems), tuple(chunks))


def split(text: str) -> Iterator[Chunk]:
    """Split a text into its YAML documents, without blank ones."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    line, start = 1, 0
    for end in chain(_cuts(text), (len(text),)):
        if chunk := text[start:end]:
            if not chunk.isspace():
                yield Chunk(line, chunk)
            line += chunk.count("\n")
        start = end


def _first(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the first problems of a file, and the number of the others."""
    first, further = problems[:MAX_FILE_PROBLEMS], problems[MAX_FILE_PROBLEMS:]
    if not further:
        return first
    message = f"The file has {len(further):,} further problems."
    return (*first, Problem(further[0].origin, "further-problems", Severity.WARNING, message))


def _too_large(key: str, file: str, limit: str) -> Reading:
    message = f"The file holds more than {limit}: split it."
    return _unread(key, file, Problem(f"{file}:1", "file-too-large", Severity.ERROR, message))


def _is_blank(read: ReadChunk) -> bool:
    """Whether a chunk holds neither an object nor a comment."""
    is_null = read.positions is not None and read.positions.root is None
    return is_null and "#" not in read.chunk.text


def _empty(key: str, file: str) -> Reading:
    message = "The file is empty. If that is intended, delete it or leave a comment in it."
    return _unread(key, file, Problem(f"{file}:1", "empty-file", Severity.WARNING, message))


def _unread(key: str, file: str, problem: Problem) -> Reading:
    return Reading(file, Bundle(key, (), (problem,), complete=False))


def _cuts(text: str) -> Iterator[int]:
    start = 0
    for marker in _MARKER.finditer(text):
        cut = marker.start()
        if text.startswith("...", cut):
            # This line still belongs to the document that it ends.
            cut = text.find("\n", cut) + 1 or len(text)
        else:
            cut = _before_directives(text, start, cut)
        yield cut
        start = cut


def _before_directives(text: str, start: int, end: int) -> int:
    """Return the start of the directives (``%YAML 1.1``) before a ``---`` at ``end``."""
    first = end
    while end > start:
        begin = max(text.rfind("\n", start, end - 1) + 1, start)
        line = text[begin:end]
        if line.startswith("%"):
            first = begin
        elif not line.isspace() and not line.lstrip().startswith("#"):
            break
        end = begin
    return first


def _read(file: str, chunk: Chunk, known: ReadChunk | None) -> ReadChunk:
    if known and known.chunk == chunk:
        return known
    if known and known.positions:
        return _place(file, chunk, known.positions, known.objects)
    try:
        positions = read_yaml(chunk.text)
    except yaml.YAMLError as error:
        return ReadChunk(
            chunk, None, (), (), (syntax_problem(file, chunk.line, chunk.text, error),)
        )
    found = () if positions.root is None else _objects((), positions.root)
    objects = tuple((path, _kept(item)) for path, item in found)
    return _place(file, chunk, positions, objects)


def _place(file: str, chunk: Chunk, positions: Positions, objects: _Objects) -> ReadChunk:
    """Give the objects of a chunk their places in the file."""
    documents, problems = [], []
    # No object holds more than its text says, but by aliases.
    is_small = len(chunk.text) <= _SMALL and "*" not in chunk.text
    for path, item in objects:
        origin = FileOrigin(file, chunk.line, positions, path)
        if isinstance(item, dict):
            durable = not is_secret(item)
            documents.append(Document(item, origin, is_small, durable))
        else:
            problems.append(_not_a_mapping(origin, item))
    return ReadChunk(chunk, positions, objects, tuple(documents), tuple(problems))


def _kept(item: Value) -> Value:
    return without_surplus(item) if isinstance(item, dict) and is_secret(item) else item


def _objects(path: Path, value: Value) -> Iterator[tuple[Path, Value]]:
    """Yield the objects of a document: itself, or the items of a List."""
    if isinstance(value, dict) and isinstance(items := value.get("items"), list):
        kind = value.get("kind")
        if isinstance(kind, str) and kind.endswith("List"):
            # The items of a typed list, such as a ServiceList, may omit what its kind implies.
            inherited = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")}
            for index, item in enumerate(items):
                whole = item
                if isinstance(item, dict) and kind != "List" and "kind" not in item:
                    whole = {**inherited, **item}
                yield from _objects((*path, "items", index), whole)
            return
    yield path, value


def _shown(value: Value) -> str:
    """Return the beginning of a plain value as YAML people write it (``null``, ``"text"``)."""
    text = value[:40] if isinstance(value, str) else value
    return json.dumps(text, ensure_ascii=False, default=str)[:40]


def _not_a_mapping(origin: FileOrigin, value: Value) -> Problem:
    found = "a list" if isinstance(value, list) else f"the value {_shown(value)}"
    return Problem(
        origin=origin.at(),
        code="not-a-mapping",
        severity=Severity.ERROR,
        message=f"Expected an object (apiVersion, kind, metadata, …), found {found}.",
    )
