"""From what is known about an object to its conditions and validation messages."""

from __future__ import annotations

import pytest

from straightway.api.codes import Code
from straightway.catalog import CatalogCode
from straightway.documents import Problem, Reference, Severity
from straightway.intake import IntakeCode
from straightway.intake.wording import KEPT, NOTHING_IN_FORCE
from straightway.writeback.conditions import Verdict
from straightway.writeback.desired import (
    ACCEPTED,
    PROGRAMMED,
    RESOLVED_REFS,
    desired,
    refusal_of,
    validation_messages,
)
from straightway.writeback.facts import Address, Facts, Programming

ROUTES = Reference("networking.istio.io", "VirtualService", "shop", "checkout")


def problem(code, message="It is wrong.", path="spec.http[0].timeout", generation=5):
    return Problem(
        origin="VirtualService/shop/checkout@1",
        code=code,
        severity=code.severity,
        message=message,
        path=path,
        reference=ROUTES,
        generation=generation,
    )


def conditions(**facts):
    status = desired(Facts(ROUTES, **{"generation": 5, "serving": 5, **facts}))
    return {each.type: each for each in status.conditions}


def test_an_object_without_problems_is_accepted_and_resolved():
    found = conditions()
    assert (found[ACCEPTED].verdict, found[ACCEPTED].reason) == (Verdict.TRUE, "Accepted")
    assert found[RESOLVED_REFS].verdict is Verdict.TRUE
    assert found[ACCEPTED].generation == found[RESOLVED_REFS].generation == 5


def test_a_broken_version_says_which_generation_still_serves_and_where_it_is_wrong():
    broken = problem(Code.INVALID_DURATION, f"'5 s' is not a duration: write 5s. {KEPT}")
    found = conditions(serving=4, problems=(broken,))
    accepted = found[ACCEPTED]
    assert (accepted.verdict, accepted.reason) == (Verdict.FALSE, "Invalid")
    assert accepted.generation == 5
    assert accepted.message == (
        "Generation 4 still serves. spec.http[0].timeout: '5 s' is not a duration: write 5s."
    )
    assert found[RESOLVED_REFS].generation == 4


def test_nothing_in_force_is_said_by_all_three():
    broken = problem(Code.INVALID_DURATION, f"It is wrong. {NOTHING_IN_FORCE}")
    found = conditions(serving=None, problems=(broken,))
    assert found[ACCEPTED].verdict is Verdict.FALSE
    assert found[ACCEPTED].message.startswith("Nothing is in force for it.")
    assert NOTHING_IN_FORCE not in found[ACCEPTED].message
    assert found[RESOLVED_REFS].verdict is Verdict.UNKNOWN
    assert (found[PROGRAMMED].verdict, found[PROGRAMMED].reason) == (Verdict.FALSE, "Invalid")


def test_a_host_that_does_not_exist_is_an_unresolved_reference_of_an_accepted_object():
    unknown = problem(
        CatalogCode.UNKNOWN_HOST, "There is no host web.", "spec.http[0].route[0].destination.host"
    )
    found = conditions(problems=(unknown,))
    assert found[ACCEPTED].verdict is Verdict.TRUE
    assert found[ACCEPTED].message == "In force."
    refs = found[RESOLVED_REFS]
    assert (refs.verdict, refs.reason) == (Verdict.FALSE, "UnknownHost")
    assert refs.message == "spec.http[0].route[0].destination.host: There is no host web."


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (CatalogCode.UNKNOWN_CREDENTIAL, "UnknownCredential"),
        (CatalogCode.INVALID_CREDENTIAL, "InvalidCredential"),
        (CatalogCode.CREDENTIAL_LACKS_KEYS, "CredentialLacksKeys"),
    ],
)
def test_a_secret_that_cannot_be_used_is_an_unresolved_reference(code, reason):
    secret = problem(code, "It cannot be used.", "spec.servers[0].tls.credentialName")
    refs = conditions(problems=(secret,))[RESOLVED_REFS]
    assert (refs.verdict, refs.reason) == (Verdict.FALSE, reason)


def test_warnings_do_not_keep_an_object_from_being_accepted():
    warning = problem(Code.NOT_TRANSLATED_YET, "mirror is not translated yet.", "spec.http[0]")
    accepted = conditions(problems=(warning,))[ACCEPTED]
    assert accepted.verdict is Verdict.TRUE
    assert accepted.message == (
        "In force, with 1 warning. spec.http[0]: mirror is not translated yet."
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (IntakeCode.DUPLICATE_OBJECT, "Duplicate"),
        (IntakeCode.INTERNAL_ERROR, "InternalError"),
        (CatalogCode.INVALID_DESCRIPTOR, "Invalid"),
        (Code.UNKNOWN_FIELD, "Invalid"),
    ],
)
def test_reasons_of_what_is_not_accepted(code, reason):
    assert conditions(serving=None, problems=(problem(code),))[ACCEPTED].reason == reason


def test_many_problems_are_counted_and_a_long_message_is_cut():
    problems = tuple(
        problem(Code.UNKNOWN_FIELD, "x" * 1000, f"spec.a{index}") for index in range(9)
    )
    message = conditions(problems=problems)[ACCEPTED].message
    assert len(message) < 4100
    short = tuple(problem(Code.UNKNOWN_FIELD, "No.", f"spec.a{index}") for index in range(9))
    assert conditions(problems=short)[ACCEPTED].message.endswith("And 4 more.")


def test_a_version_that_is_not_in_force_yet_is_pending():
    accepted = conditions(serving=4)[ACCEPTED]
    assert (accepted.verdict, accepted.reason) == (Verdict.UNKNOWN, "Pending")


@pytest.mark.parametrize(
    ("programming", "verdict", "reason", "message"),
    [
        (
            Programming(3, 3),
            Verdict.TRUE,
            "Programmed",
            "3 of 3 proxies at the leader have it.",
        ),
        (
            Programming(1, 1),
            Verdict.TRUE,
            "Programmed",
            "1 of 1 proxy at the leader has it.",
        ),
        (
            Programming(3, 1),
            Verdict.FALSE,
            "Pending",
            "1 of 3 proxies at the leader have it so far.",
        ),
        (
            Programming(0, 0),
            Verdict.UNKNOWN,
            "NoProxies",
            "No proxy that gets it is connected to the leader.",
        ),
    ],
)
def test_what_the_proxies_have(programming, verdict, reason, message):
    found = conditions(programming=programming)[PROGRAMMED]
    assert (found.verdict, found.reason, found.message) == (verdict, reason, message)


def test_a_rejection_is_told_in_envoys_words_once_for_all_proxies_that_say_the_same():
    refusals = tuple(refusal_of(f"gw-{i}", "bad  regex:\n missing )") for i in range(3))
    found = conditions(programming=Programming(4, 1, refusals))[PROGRAMMED]
    assert (found.verdict, found.reason) == (Verdict.FALSE, "Rejected")
    assert found.message == (
        "1 of 4 proxies at the leader have it. "
        "Proxy gw-0 and 2 more reject it: bad regex: missing )"
    )


def test_what_is_left_out_as_a_whole_is_not_programmed_and_says_what_it_is():
    path = "spec.servers[0].port.protocol"
    https = problem(Code.NOT_TRANSLATED_YET, "HTTPS servers are not translated yet.", path)
    other = problem(Code.REPEATED_VALUE, "It is there twice.", "spec.servers[0].hosts[1]")
    facts = {"problems": (https, other), "programming": Programming(3, 3), "is_left_out": True}
    found = conditions(**facts)
    assert found[ACCEPTED].verdict is Verdict.TRUE
    programmed = found[PROGRAMMED]
    assert (programmed.verdict, programmed.reason) == (Verdict.FALSE, "NotTranslated")
    assert programmed.message == (
        "Nothing of it is translated yet, so no proxy gets it. "
        "spec.servers[0].port.protocol: HTTPS servers are not translated yet."
    )
    # Of an older version the problems are not known any more.
    found = conditions(serving=4, is_left_out=True)
    assert found[PROGRAMMED].message == "Nothing of it is translated yet, so no proxy gets it."
    assert found[PROGRAMMED].generation == 4


def test_what_was_said_about_the_proxies_is_kept_until_there_is_news():
    status = desired(Facts(ROUTES, 5, 5))
    assert status.kept == {PROGRAMMED}
    assert PROGRAMMED not in {each.type for each in status.conditions}


def test_endpoints_count_no_proxies():
    status = desired(Facts(ROUTES, 5, 5, programming=Programming(1, 1)), counts_proxies=False)
    assert {each.type for each in status.conditions} == {ACCEPTED, RESOLVED_REFS}
    assert not status.kept


def test_a_gateway_says_where_it_is_reached():
    addresses = (Address("IPAddress", "203.0.113.7"),)
    status = desired(Facts(ROUTES, 5, 5, addresses=addresses))
    assert status.addresses == addresses
    assert status.conditions[0].message == "In force. Reachable at 203.0.113.7."


def test_validation_messages_have_istios_codes_where_istio_has_the_problem():
    found = list(
        validation_messages(
            [
                problem(CatalogCode.UNKNOWN_HOST),
                problem(CatalogCode.UNKNOWN_SUBSET),
                problem(Code.UNKNOWN_FIELD),
                problem(Code.NOT_TRANSLATED_YET),
            ]
        )
    )
    assert found == [
        {
            "type": {"name": "ReferencedResourceNotFound", "code": "IST0101"},
            "level": "WARNING",
            "documentationUrl": "https://istio.io/latest/docs/reference/config/analysis/ist0101/",
        },
        {
            "type": {"name": "SchemaValidationError", "code": "IST0106"},
            "level": "ERROR",
            "documentationUrl": "https://istio.io/latest/docs/reference/config/analysis/ist0106/",
        },
        {"type": {"name": "NotTranslatedYet", "code": "not-translated-yet"}, "level": "WARNING"},
    ]


@pytest.mark.parametrize("code", [*Code, *CatalogCode, *IntakeCode])
def test_every_code_has_a_reason_in_camel_case(code):
    found = conditions(serving=4, problems=(problem(code),))
    for condition in found.values():
        assert condition.reason.isalnum()
        assert condition.reason[0].isupper()
    is_error = code.severity is Severity.ERROR
    assert (found[ACCEPTED].verdict is Verdict.FALSE) == is_error or code in CatalogCode
