"""`straightway bootstrap` for an Envoy that reaches its control plane by TLS."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.test_bootstrap import printed, run

NODE = ("--node", "any", "--xds", "xds.example:18443")


def xds_cluster(*options):
    return printed(*NODE, *options)["static_resources"]["clusters"][0]


def filters(cluster):
    (options,) = cluster["typed_extension_protocol_options"].values()
    return [each["name"] for each in options.get("http_filters", ())]


def context(cluster):
    return cluster["transport_socket"]["typed_config"]


def test_without_an_authority_there_is_no_tls():
    cluster = xds_cluster()
    assert "transport_socket" not in cluster
    assert filters(cluster) == []


def test_the_server_must_have_the_name_of_its_address(tmp_path):
    tls = context(xds_cluster("--xds-ca", str(tmp_path / "ca.crt")))
    assert tls["sni"] == "xds.example"
    assert expected(tls) == [{"san_type": "DNS", "matcher": {"exact": "xds.example"}}]


def test_or_another_one_that_is_given(tmp_path):
    tls = context(
        xds_cluster("--xds-ca", str(tmp_path / "ca.crt"), "--xds-server-name", "10.0.0.1")
    )
    assert "sni" not in tls
    assert expected(tls) == [{"san_type": "IP_ADDRESS", "matcher": {"exact": "10.0.0.1"}}]


def expected(tls):
    validation = tls["common_tls_context"]["combined_validation_context"]
    return validation["default_validation_context"]["match_typed_subject_alt_names"]


def test_a_token_is_added_to_requests_and_nothing_is_without_one(tmp_path):
    ca = ("--xds-ca", str(tmp_path / "ca.crt"))
    assert filters(xds_cluster(*ca)) == []
    assert filters(xds_cluster(*ca, "--xds-token", "/token")) == [
        "envoy.filters.http.credential_injector",
        "envoy.filters.http.upstream_codec",
    ]


def test_the_files_of_the_secrets_are_written_beside_the_authority(tmp_path):
    xds_cluster("--xds-ca", str(tmp_path / "ca.crt"), "--xds-token", "/run/token/token")
    assert written(tmp_path) == {
        "xds-authority.json": ["validation_context"],
        "xds-token.json": ["generic_secret"],
    }
    (secret,) = json.loads((tmp_path / "xds-token.json").read_text())["resources"]
    assert secret["generic_secret"]["secret"] == {
        "filename": "/run/token/token",
        "watched_directory": {"path": "/run/token"},
    }


def test_or_in_a_folder_of_their_own(tmp_path):
    options = ("--xds-ca", "/ca.crt", "--xds-cert", "/c.crt", "--xds-key", "/c.key")
    cluster = xds_cluster(*options, "--xds-secrets", str(tmp_path / "new" / "folder"))
    assert written(tmp_path / "new" / "folder") == {
        "xds-authority.json": ["validation_context"],
        "xds-certificate.json": ["tls_certificate"],
    }
    (certificate,) = context(cluster)["common_tls_context"]["tls_certificate_sds_secret_configs"]
    source = certificate["sds_config"]["path_config_source"]
    assert source["path"] == str(tmp_path / "new/folder/xds-certificate.json")


def written(folder):
    return {
        file.name: [
            field
            for secret in json.loads(file.read_text())["resources"]
            for field in secret
            if field not in ("@type", "name")
        ]
        for file in sorted(folder.iterdir())
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--xds-token", "/t"), "--xds-token needs --xds-ca"),
        (("--xds-server-name", "a"), "--xds-server-name needs --xds-ca"),
        (("--xds-ca", "/ca", "--xds-cert", "/c"), "--xds-cert and --xds-key need each other"),
        (("--xds-ca", "/dev/null/ca"), "Cannot write to /dev/null: "),
    ],
)
def test_options_that_do_not_fit_are_named(options, message):
    result = run(*NODE, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
