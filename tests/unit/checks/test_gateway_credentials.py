"""The Secrets that a Gateway names: looked for where its proxies are, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from straightway.documents import Bundle, Problem
from straightway.offline.review import review
from tests.support.certificates import AUTHORITY, server_pair
from tests.support.configs import documents, istio, service
from tests.support.secrets import entries, secret, written

PAIR = server_pair("shop.example.com")
PATH = "spec.servers[0].tls.credentialName"
CODES = {"unknown-credential", "invalid-credential", "credential-lacks-keys"}


def gateway(tls: str = "{mode: SIMPLE, credentialName: shop}", selector: str = "{app: gw}") -> Any:
    spec = f"""
    selector: {selector}
    servers: [{{port: {{number: 443, protocol: HTTPS}}, hosts: ['*'], tls: {tls}}}]
    """
    return yaml.safe_load(istio("Gateway", "gw", spec, namespace="config"))


def proxies(namespace: str) -> list[Any]:
    """Return a Service and a Pod of gateway proxies."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "gw-1", "namespace": namespace, "labels": {"app": "gw"}},
        "spec": {},
    }
    text = service("gw", "{name: https, port: 443}", namespace, selector={"app": "gw"})
    return [yaml.safe_load(text), pod]


def found(*bodies: object) -> list[Problem]:
    problems = review([written(*bodies)]).problems
    return [problem for problem in problems if problem.code in CODES]


def codes(*bodies: object) -> list[str]:
    return [problem.code for problem in found(*bodies)]


GOOD = secret("shop", entries(PAIR), namespace="config")


def test_a_good_secret_is_no_problem():
    assert found(gateway(), GOOD) == []


def test_one_that_is_missing_is_told_with_its_place_and_what_may_be_meant():
    other = {**GOOD, "metadata": {"name": "shap", "namespace": "config"}}

    (problem,) = found(gateway(), other)

    assert (problem.code, problem.path, problem.is_error) == ("unknown-credential", PATH, False)
    assert '"shop" in the namespace config' in problem.message
    assert 'Did you mean "shap"?' in problem.message


def test_whoever_keeps_secrets_elsewhere_hears_nothing():
    assert found(gateway()) == []


@pytest.mark.parametrize("place", ["front", "config"])
def test_it_is_looked_for_where_the_proxies_are(place):
    there = secret("shop", entries(PAIR), namespace=place)

    assert codes(gateway(), *proxies("front"), there) == (
        [] if place == "front" else ["unknown-credential"]
    )


def test_proxies_in_two_namespaces_need_two_secrets():
    places = [*proxies("front"), *proxies("back")]
    one = secret("shop", entries(PAIR), namespace="front")

    (problem,) = found(gateway(), *places, one)

    assert "namespace back" in problem.message
    assert found(gateway(), *places, one, secret("shop", entries(PAIR), namespace="back")) == []


def test_a_gateway_for_all_proxies_means_its_own_namespace():
    assert found(gateway(selector="{}"), *proxies("front"), GOOD) == []


@pytest.mark.parametrize(
    ("written_name", "problems"),
    [
        ("kubernetes://shop", []),
        ("kubernetes://config/shop", []),
        ("config/shop", []),
        ("kubernetes://other/shop", ["unknown-credential"]),
        ("builtin://", []),
        ("sds://shop", []),
    ],
)
def test_names_with_a_scheme_or_a_namespace(written_name, problems):
    assert codes(gateway(f"{{mode: SIMPLE, credentialName: '{written_name}'}}"), GOOD) == problems


@pytest.mark.parametrize("mode", ["PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"])
def test_modes_that_need_no_secret(mode):
    assert found(gateway(f"{{mode: {mode}, credentialName: other}}"), GOOD) == []


def test_several_names_have_places_of_their_own():
    (problem,) = found(gateway("{mode: SIMPLE, credentialNames: [shop, missing]}"), GOOD)

    assert problem.path == "spec.servers[0].tls.credentialNames[1]"


@pytest.mark.parametrize("tls", ["{}", "[]", "{credentialName: 5}", "{credentialNames: x}", "text"])
def test_what_is_no_name_is_no_credential(tls):
    assert found(gateway(tls), GOOD) == []


def test_a_secret_without_a_pair_lacks_keys():
    empty = secret("shop", {"cert": PAIR.certificate}, namespace="config", of_type="Opaque")

    (problem,) = found(gateway(), empty)

    assert (problem.code, problem.path) == ("credential-lacks-keys", PATH)
    assert "tls.crt and tls.key or cert and key" in problem.message


def test_a_secret_of_another_type_cannot_be_used():
    docker = secret("shop", {}, namespace="config", of_type="kubernetes.io/dockerconfigjson")

    assert codes(gateway(), docker) == ["invalid-credential"]


def test_an_encrypted_secret_is_not_judged():
    assert found(gateway(), {**GOOD, "sops": {"mac": "x"}}) == []


MUTUAL = "{mode: MUTUAL, credentialName: shop}"


def test_clients_need_authorities():
    assert codes(gateway(MUTUAL), GOOD) == ["credential-lacks-keys"]


def test_authorities_may_be_in_the_same_secret():
    data = {**entries(PAIR), "ca.crt": AUTHORITY.certificate}

    assert found(gateway(MUTUAL), secret("shop", data, namespace="config")) == []


def test_authorities_may_be_in_a_secret_of_their_own_which_goes_first():
    own = secret(
        "shop-cacert", {"cacert": AUTHORITY.certificate}, namespace="config", of_type="Opaque"
    )
    assert found(gateway(MUTUAL), GOOD, own) == []

    both = {**entries(PAIR), "ca.crt": AUTHORITY.certificate}
    empty = secret("shop-cacert", {}, namespace="config", of_type="Opaque")
    problems = codes(gateway(MUTUAL), secret("shop", both, namespace="config"), empty)
    assert problems == ["credential-lacks-keys"]


def test_a_broken_secret_is_named_on_the_gateway():
    broken = secret("shop", {**entries(PAIR), "tls.key": b"?"}, namespace="config")
    beside = {**GOOD, "metadata": {"name": "other", "namespace": "config"}}

    (problem,) = found(gateway(), broken, beside)

    assert "There is no valid Secret" in problem.message


def test_a_gateway_without_tls_has_no_check():
    plain = istio(
        "Gateway", "gw", "{servers: [{port: {number: 80, protocol: HTTP}, hosts: ['*']}]}"
    )
    assert review([Bundle("a", documents(plain))]).problems == []
