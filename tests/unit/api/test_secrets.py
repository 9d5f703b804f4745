"""Secrets: which are accepted, what is wrong with others, and that nothing else of them is kept."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import Any

import pytest

from straightway.api import Parsed, Secret, parse
from straightway.certificates import issue
from straightway.documents.secrets import KEYS, MOST, Sealed, without_surplus
from tests.support.certificates import AUTHORITY, NOW, server_pair, signed_pair
from tests.support.secrets import entries, secret, written

PAIR = server_pair("shop.example.com")
OTHER = server_pair("other.example.com")


def read(body: object) -> Parsed:
    (document,) = written(body).documents
    return parse(document)


def accepted(body: object) -> Secret:
    parsed = read(body)
    assert isinstance(parsed.object, Secret), parsed.problems
    return parsed.object


def pair_of(body: object) -> tuple[bytes | None, ...]:
    """Return the certificate and the key that a Gateway would use."""
    return tuple(each.reveal() for each in accepted(body).pair or ())


def faults(body: object) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in read(body).problems]


def tls(**entry: bytes | None) -> dict[str, Any]:
    """Return a Secret whose entries differ from a good one's: `tls_key=None` has no `tls.key`."""
    changed = {name.replace("_", "."): value for name, value in entry.items()}
    found = {**entries(PAIR), **changed}
    return secret("shop", {name: value for name, value in found.items() if value is not None})


# What is accepted.


def test_the_pair_of_a_tls_secret_is_decoded():
    assert pair_of(secret("shop", entries(PAIR))) == (PAIR.certificate, PAIR.key)


def test_the_generic_pair_goes_first_as_in_istio():
    data = {**entries(OTHER), "cert": PAIR.certificate, "key": PAIR.key}

    assert pair_of(secret("shop", data, of_type="Opaque")) == (PAIR.certificate, PAIR.key)


def test_plain_text_wins_over_data_as_in_kubernetes():
    body = secret("shop", entries(OTHER))
    body["stringData"] = {name: value.decode() for name, value in entries(PAIR).items()}

    assert pair_of(body) == (PAIR.certificate, PAIR.key)


@pytest.mark.parametrize("name", ["ca.crt", "cacert"])
def test_authorities_of_clients_may_stand_alone(name):
    authorities = accepted(secret("a", {name: AUTHORITY.certificate}, of_type="Opaque")).authorities

    assert authorities is not None
    assert authorities.reveal() == AUTHORITY.certificate


def test_an_rsa_key_is_as_good():
    assert accepted(secret("shop", entries(signed_pair(with_rsa=True)))).pair


def test_a_missing_type_is_generic():
    body = secret("shop", {}, of_type="")
    assert accepted(body).type == accepted({**body, "type": None}).type == "Opaque"


def test_equal_contents_are_equal_objects_and_others_are_not():
    assert accepted(tls()) == accepted(tls())
    assert accepted(tls()) != accepted(secret("shop", entries(OTHER)))


# What is dropped.


def test_other_entries_are_not_kept():
    (document,) = written(secret("db", {"password": b"hunter2"}, of_type="Opaque")).documents

    assert document.body["data"] == {}


@pytest.mark.parametrize("of_type", ["kubernetes.io/dockerconfigjson", "bootstrap.example/token"])
def test_nothing_is_kept_of_another_type(of_type):
    (document,) = written(secret("shop", entries(PAIR), of_type=of_type)).documents

    assert "data" not in document.body
    assert accepted(document.body).pair is None


def test_nothing_is_kept_of_what_sops_has_encrypted():
    body = {**tls(), "sops": {"mac": "ENC[AES256_GCM,data:x]"}}

    assert read(body).problems == ()
    assert accepted(body).entries == {}


def test_copies_in_annotations_are_not_kept():
    body = tls()
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "…"}

    assert "annotations" not in without_surplus(body)["metadata"]


def test_an_entry_that_is_too_large_is_not_kept():
    body = {**tls(), "data": {"tls.crt": "A" * (MOST + 4)}}

    assert without_surplus(body)["data"]["tls.crt"].reveal() is None
    assert ('data["tls.crt"]', "wrong-type") in faults(body)


# What is wrong.


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (tls(tls_key=None), [("data", "missing-field")]),
        (tls(tls_crt=b""), [("data", "missing-field")]),
        (tls(tls_key=None, tls_crt=None), [("", "missing-field")]),
        (tls(tls_crt=b"?"), [('data["tls.crt"]', "invalid-certificate")]),
        (tls(tls_key=b"?"), [('data["tls.key"]', "invalid-private-key")]),
        (tls(tls_key=PAIR.certificate), [('data["tls.key"]', "invalid-private-key")]),
        (tls(tls_key=OTHER.key), [('data["tls.key"]', "key-mismatch")]),
        (tls(ca_crt=b"?"), [('data["ca.crt"]', "invalid-certificate")]),
        ({**tls(), "data": {"tls.crt": "é", "tls.key": "*"}}, None),
        ({**tls(), "data": "text"}, [("data", "wrong-type")]),
        ({**tls(), "stringData": {"tls.key": 7}}, [('stringData["tls.key"]', "wrong-type")]),
        ({**tls(), "stringData": {"tls.key": ["x"]}}, [('stringData["tls.key"]', "wrong-type")]),
    ],
)
def test_what_is_wrong_is_said_where_it_is(body, problems):
    both = [('data["tls.crt"]', "invalid-base64"), ('data["tls.key"]', "invalid-base64")]
    assert faults(body) == (both if problems is None else problems)
    assert read(body).object is None


def test_an_expired_certificate_is_only_a_warning():
    past = NOW - timedelta(days=300)
    pair = issue(AUTHORITY, ["shop.example.com"], past)

    assert faults(secret("shop", entries(pair))) == [('data["tls.crt"]', "certificate-expired")]
    assert accepted(secret("shop", entries(pair))).pair


def test_a_generic_secret_of_an_application_has_no_problems():
    assert faults(secret("app", {"key": b"an API key", "user": b"u"}, of_type="Opaque")) == []


def test_a_key_with_a_passphrase_is_refused():
    pem = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"

    assert faults(tls(tls_key=pem)) == [('data["tls.key"]', "invalid-private-key")]


# Sealed values.


def test_sealed_bytes_have_one_text_form():
    sealed = Sealed(b"key")

    assert {str(sealed), repr(sealed), f"{sealed}"} == {"Sealed()"}
    for refused in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            refused(sealed)


def test_sealed_bytes_are_compared_by_digest():
    assert Sealed(b"key") == Sealed(b"key")
    assert hash(Sealed(b"key")) == hash(Sealed(b"key"))
    assert Sealed(b"key") != Sealed(b"other")
    assert Sealed(b"") != Sealed(None)
    assert len({Sealed(b"a"), Sealed(b"a"), Sealed(b"b")}) == 2


def test_every_key_is_one_that_istio_reads_or_a_token():
    assert set(KEYS) == {"tls.crt", "tls.key", "ca.crt", "cert", "key", "cacert", "token"}
