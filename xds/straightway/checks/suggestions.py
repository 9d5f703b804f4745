"""Suggestions for a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from straightway.api.texts import quoted
from straightway.catalog import CatalogCode, keys
from straightway.documents import Finding, Reference
from straightway.units import Reading

Path = tuple[str | int, ...]

_MOST_COMPARED = 200


def suggestion(text: str, known: Iterable[str]) -> str:
    """Return the end of a message: the closest of a few known names, if there is one."""
    candidates = sorted(known)[:_MOST_COMPARED]
    return _meant(next(iter(get_close_matches(text, candidates, 1)), ""))


def unknown_host(reading: Reading, subject: Reference, path: Path, host: str) -> Finding:
    """Return the finding that no service has a host to which requests go."""
    return _unknown(reading, subject, path, host, "requests for it are answered with 503")


def unknown_service(reading: Reading, subject: Reference, path: Path, host: str) -> Finding:
    """Return the finding that no service has a host whose runtimes are to be asked."""
    return _unknown(reading, subject, path, host, "nothing is asked what it holds")


def _unknown(reading: Reading, subject: Reference, path: Path, host: str, outcome: str) -> Finding:
    where = "" if "." in host else f" in the namespace {subject.namespace}"
    message = (
        f"There is no Service or ServiceEntry {quoted(host)}{where}; {outcome}."
        f"{_meant(_likely_host(reading, host, subject.namespace))}"
    )
    return Finding(subject, path, CatalogCode.UNKNOWN_HOST, message)


def _meant(name: str) -> str:
    return f' Did you mean "{name}"?' if name else ""


def _likely_host(reading: Reading, host: str, namespace: str) -> str:
    label = host.partition(".")[0]
    # The namespace matters: a short name is looked up in the object's own.
    named = reading.hostnames(keys.named(label))
    if named:
        return named[0]
    return _misspelt(label, reading.make(spellings, namespace))


def spellings(reading: Reading, namespace: str) -> Mapping[str, str]:
    """Return the first labels of a namespace's hostnames, each as is and with one letter left out.

    Two names that differ by one letter share such a form. So a mistyped name is found with a
    lookup, while comparing it with a thousand others takes as long as translating it.
    """
    found: dict[str, str] = {}
    for hostname in reading.hostnames(keys.services_in(namespace)):
        for form in _forms(hostname.partition(".")[0]):
            found.setdefault(form, hostname)
    return found


def _misspelt(label: str, known: Mapping[str, str]) -> str:
    return next((known[form] for form in _forms(label) if form in known), "")


def _forms(label: str) -> Iterator[str]:
    yield label
    for index in range(len(label)):
        yield label[:index] + label[index + 1 :]
