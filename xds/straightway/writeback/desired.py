"""From what is known about an object to the status that it should have: pure functions.

``Accepted`` says whether the newest version is in force, ``ResolvedRefs`` whether what it names
exists, and ``Programmed`` whether the proxies have accepted what is in force. ``docs/status.md``
lists the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from straightway.api.codes import Code
from straightway.catalog import CatalogCode
from straightway.documents import Problem, Severity
from straightway.intake.codes import IntakeCode
from straightway.writeback.conditions import Condition, Verdict
from straightway.writeback.facts import Address, Facts, Programming, Refusal
from straightway.writeback.wording import camel, counted, listed, short

ACCEPTED: Final = "Accepted"
RESOLVED_REFS: Final = "ResolvedRefs"
PROGRAMMED: Final = "Programmed"
TYPES: Final = (ACCEPTED, RESOLVED_REFS, PROGRAMMED)
OWN_FIELDS: Final = ("runtimes", "models")
"""The fields of a status that only our own kinds have."""

REFERENCE_CODES: Final = frozenset(
    {
        CatalogCode.UNKNOWN_GATEWAY,
        CatalogCode.HOST_NOT_IN_GATEWAY,
        CatalogCode.HOST_IS_ALIAS,
        CatalogCode.UNKNOWN_HOST,
        CatalogCode.UNKNOWN_PORT,
        CatalogCode.UNKNOWN_SUBSET,
        CatalogCode.ADDRESS_NOT_RESOLVED,
        CatalogCode.SUBSETS_WITHOUT_ENDPOINTS,
        CatalogCode.SUBSET_KEY_WITHOUT_SELECTOR,
        CatalogCode.SUBSET_KEY_UNKNOWN,
        CatalogCode.SERVICE_ELSEWHERE,
        CatalogCode.UNKNOWN_CREDENTIAL,
        CatalogCode.INVALID_CREDENTIAL,
        CatalogCode.CREDENTIAL_LACKS_KEYS,
        CatalogCode.TRANSCODED_PORT_NOT_GRPC,
    }
)
"""The problems whose cause may be in another object, which may be missing or come later."""

_REASONS: Final = {
    str(IntakeCode.DUPLICATE_OBJECT): "Duplicate",
    str(IntakeCode.INTERNAL_ERROR): "InternalError",
}
_ANALYSIS: Final = "https://istio.io/latest/docs/reference/config/analysis"
_ISTIO_NOT_FOUND: Final = ("ReferencedResourceNotFound", "IST0101")
_ISTIO_MESSAGES: Final = {
    str(CatalogCode.UNKNOWN_GATEWAY): _ISTIO_NOT_FOUND,
    str(CatalogCode.UNKNOWN_HOST): _ISTIO_NOT_FOUND,
    str(CatalogCode.UNKNOWN_SUBSET): _ISTIO_NOT_FOUND,
    str(CatalogCode.UNKNOWN_CREDENTIAL): _ISTIO_NOT_FOUND,
    str(CatalogCode.HOST_NOT_IN_GATEWAY): ("VirtualServiceHostNotFoundInGateway", "IST0132"),
}
_SCHEMA: Final = ("SchemaValidationError", "IST0106")
_OWN_CODES: Final = frozenset(map(str, (*CatalogCode, *IntakeCode)))
_MOST_REFUSALS: Final = 3
_LONGEST_WORDS: Final = 600


@dataclass(frozen=True, slots=True)
class Desired:
    """The status that an object should have.

    ``conditions`` are those to say now; of those in ``kept`` (types) what was said last holds.
    ``addresses`` None: what was said last holds; likewise ``own``, the fields of our own kinds.
    """

    generation: int
    conditions: tuple[Condition, ...]
    kept: frozenset[str] = frozenset()
    messages: tuple[dict[str, Any], ...] = ()
    addresses: tuple[Address, ...] | None = None
    own: Mapping[str, Any] | None = None


def desired(facts: Facts, *, counts_proxies: bool = True) -> Desired:
    """Return the status of an object; ``counts_proxies``: with ``Programmed``."""
    conditions = [_accepted(facts), _resolved_refs(facts)]
    kept = set[str]()
    if counts_proxies:
        programmed = _programmed(facts)
        if programmed is None:
            kept.add(PROGRAMMED)
        else:
            conditions.append(programmed)
    return Desired(
        facts.generation,
        tuple(conditions),
        frozenset(kept),
        tuple(validation_messages(facts.problems)),
        facts.addresses,
        facts.own,
    )


def _accepted(facts: Facts) -> Condition:
    own = [each for each in facts.problems if each.code not in REFERENCE_CODES]
    errors = [each for each in own if each.is_error]
    if errors:
        reason = _REASONS.get(str(errors[0].code), "Invalid")
        message = f"{_in_force(facts)} {listed(errors)}"
        return Condition(ACCEPTED, Verdict.FALSE, reason, message, facts.generation)
    if facts.serving != facts.generation:
        message = f"Generation {facts.generation} is not in force yet."
        return Condition(ACCEPTED, Verdict.UNKNOWN, "Pending", message, facts.generation)
    message = "In force."
    if own:
        message = f"In force, with {counted(len(own), 'warning')}. {listed(own)}"
    if facts.addresses:
        reachable = ", ".join(each.value for each in facts.addresses)
        message = f"{message} Reachable at {reachable}."
    return Condition(ACCEPTED, Verdict.TRUE, "Accepted", message, facts.generation)


def _in_force(facts: Facts) -> str:
    if facts.serving is None:
        return "Nothing is in force for it."
    if facts.serving == facts.generation:
        return "It is in force, but for what follows."
    return f"Generation {facts.serving} still serves."


def _resolved_refs(facts: Facts) -> Condition:
    if facts.serving is None:
        message = "Nothing is in force for it, so what it names was not looked up."
        return Condition(RESOLVED_REFS, Verdict.UNKNOWN, "Invalid", message, facts.generation)
    found = [each for each in facts.problems if each.code in REFERENCE_CODES]
    if found:
        reason = camel(str(found[0].code))
        return Condition(RESOLVED_REFS, Verdict.FALSE, reason, listed(found), facts.serving)
    message = "Everything that it names exists."
    return Condition(RESOLVED_REFS, Verdict.TRUE, "ResolvedRefs", message, facts.serving)


def _programmed(facts: Facts) -> Condition | None:
    if facts.serving is None:
        message = "Nothing is in force for it, so no proxy gets it."
        return Condition(PROGRAMMED, Verdict.FALSE, "Invalid", message, facts.generation)
    if facts.is_left_out:
        why = [each for each in facts.problems if each.code == Code.NOT_TRANSLATED_YET]
        message = f"Nothing of it is translated yet, so no proxy gets it. {listed(why)}".rstrip()
        return Condition(PROGRAMMED, Verdict.FALSE, "NotTranslated", message, facts.serving)
    if facts.programming is None:
        return None
    verdict, reason, message = _counted(facts.programming)
    return Condition(PROGRAMMED, verdict, reason, message, facts.serving)


def _counted(known: Programming) -> tuple[Verdict, str, str]:
    # Others may be connected to another replica, which alone knows what they have.
    have = f"{known.confirmed} of {counted(known.proxies, 'proxy')} at the leader"
    have = f"{have} {'has' if known.proxies == 1 else 'have'} it"
    if known.refusals:
        return Verdict.FALSE, "Rejected", _refused(known, f"{have}.")
    if known.proxies == 0:
        return Verdict.UNKNOWN, "NoProxies", "No proxy that gets it is connected to the leader."
    if known.confirmed < known.proxies:
        return Verdict.FALSE, "Pending", f"{have} so far.{_staying(known)}"
    return Verdict.TRUE, "Programmed", f"{have}.{_staying(known)}"


def _staying(known: Programming) -> str:
    if not known.staying:
        return ""
    older = f"{counted(known.staying, 'proxy')} {'is' if known.staying == 1 else 'are'}"
    return f" {older} older than Envoy 1.40: requests stay in their subset there."


def _refused(known: Programming, have: str) -> str:
    """Say which proxies reject it, and why: those with the same words together."""
    nodes: dict[str, list[str]] = {}
    for refusal in sorted(known.refusals):
        nodes.setdefault(refusal.words, []).append(refusal.node)
    parts = [
        f"{_named(of)} {'rejects' if len(of) == 1 else 'reject'} it: {short(words, _LONGEST_WORDS)}"
        for words, of in list(nodes.items())[:_MOST_REFUSALS]
    ]
    return short(" ".join([have, *parts]))


def _named(nodes: list[str]) -> str:
    more = len(nodes) - 1
    return f"Proxy {nodes[0]}" if not more else f"Proxy {nodes[0]} and {more} more"


def refusal_of(node: str, words: str) -> Refusal:
    """Return a refusal with its words in one line."""
    return Refusal(node, " ".join(words.split()))


# --- Istio's validation messages -------------------------------------------------------------


def validation_messages(problems: Iterable[Problem]) -> Iterable[dict[str, Any]]:
    """Yield the problems as ``istioctl`` knows them, each type once.

    Source: ``istio.analysis.v1alpha1.AnalysisMessageBase``. The codes are Istio's where Istio has
    the same problem; all others are our own, as in ``docs/problems.md``.
    """
    seen = set[tuple[str, str]]()
    for problem in problems:
        name, code = _message_type(problem)
        if (code, problem.severity) in seen:
            continue
        seen.add((code, problem.severity))
        message: dict[str, Any] = {
            "type": {"name": name, "code": code},
            "level": "ERROR" if problem.severity is Severity.ERROR else "WARNING",
        }
        if code.startswith("IST"):
            message["documentationUrl"] = f"{_ANALYSIS}/{code.lower()}/"
        yield message


def _message_type(problem: Problem) -> tuple[str, str]:
    code = str(problem.code)
    if code in _ISTIO_MESSAGES:
        return _ISTIO_MESSAGES[code]
    if problem.is_error and code not in _OWN_CODES and code != Code.FURTHER_PROBLEMS:
        return _SCHEMA
    return camel(code), code
