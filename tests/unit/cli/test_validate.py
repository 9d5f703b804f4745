"""`straightway validate`: every problem, and an exit code that says if any is an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.configs import istio, joined, service

GOOD = service("web", "{name: http, port: 80}")
WARNING = istio("DestinationRule", "nowhere", "host: nowhere")
ERROR = istio("DestinationRule", "web", "hosts: [web]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_good_config_is_accepted(straightway, folder):
    (folder / "web.yaml").write_text(GOOD)

    run = straightway("validate", folder)

    assert (run.code, run.err) == (0, "")
    assert run.out == "1 object accepted, 0 errors, 0 warnings\n"


def test_a_warning_does_not_fail(straightway, folder):
    (folder / "rule.yaml").write_text(WARNING)

    run = straightway("validate", folder)

    assert run.code == 0
    assert "unknown-host" in run.out
    assert run.out.endswith("1 object accepted, 0 errors, 1 warning\n")


def test_an_error_fails_and_every_problem_is_one_line(straightway, folder):
    (folder / "all.yaml").write_text(joined([GOOD, WARNING, ERROR]))

    run = straightway("validate", folder)
    lines = run.out.splitlines()

    assert run.code == 1
    assert len(lines) == 4
    assert lines[-1] == "2 objects accepted, 2 errors, 1 warning"
    assert all(f"{folder.name}/all.yaml:" in line for line in lines[:-1])
    assert lines[0].startswith("warning ")


def test_files_and_folders_are_one_config(straightway, folder):
    (folder / "one").mkdir()
    (folder / "one" / "same.yaml").write_text(istio("DestinationRule", "web", "host: web"))
    (folder / "same.yaml").write_text(GOOD)

    run = straightway("validate", folder / "one", folder / "same.yaml")

    assert (run.code, run.out) == (0, "2 objects accepted, 0 errors, 0 warnings\n")


def test_unsupported_kinds_are_listed(straightway, folder):
    (folder / "all.yaml").write_text(
        joined([GOOD, "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"])
    )

    run = straightway("validate", folder)
    ignored, summary = run.out.splitlines()

    assert run.code == 0
    assert ignored.startswith("ignored ")
    assert ignored.endswith(": unsupported kind")
    assert "all.yaml" in ignored
    assert "ConfigMap" in ignored
    assert summary == "1 object accepted, 0 errors, 0 warnings"


def test_that_there_was_nothing_to_validate_is_said(straightway, folder):
    run = straightway("validate", folder)

    assert run.code == 0
    assert run.err == f"warning: no objects found in {folder}\n"


def test_json_is_for_scripts(straightway, folder):
    (folder / "rule.yaml").write_text(ERROR)

    run = straightway("validate", folder, "-o", "json")
    problems = json.loads(run.out)

    assert run.code == 1
    assert [problem["code"] for problem in problems] == ["missing-field", "unknown-field"]
    assert problems[1] | {"origin": "", "message": ""} == {
        "origin": "",
        "subject": "DestinationRule default/web",
        "path": "spec.hosts",
        "code": "unknown-field",
        "severity": "error",
        "message": "",
    }


def test_an_empty_folder_has_nothing_wrong(straightway, folder):
    assert straightway("validate", folder).out == "0 objects accepted, 0 errors, 0 warnings\n"


def test_what_users_wrote_is_printed_as_it_is(straightway, folder):
    (folder / "rule.yaml").write_text(istio("DestinationRule", "x", "host: '[bold]x[/bold]'"))

    assert "[bold]x[/bold]" in straightway("validate", folder).out


def test_where_requests_have_their_keys_is_told_when_asked_for(straightway, folder):
    routes = """hosts: [web]
http:
- name: infer
  headerToDynamicSubsetKey: [{header: x-model, key: model}]
  dynamicSubsetKeys:
  - key: model
    from: [{query: m}, {path: "/v2/models/{}/infer"}, {grpcField: model_name}]
    preset: kserve-v1
    values: {small: qwen}
  route: [{destination: {host: web}}]"""
    (folder / "web.yaml").write_text(joined([GOOD, istio("VirtualService", "web", routes)]))

    run = straightway("validate", folder, "--keys")

    where = "VirtualService default/web http[0] (infer): model from"
    assert run.out.splitlines()[:2] == [
        f"{where} query m, path /v2/models/{{}}/infer, grpcField model_name, preset kserve-v1; "
        "small = qwen",
        f"{where} header x-model",
    ]
    assert straightway("validate", folder, "--keys", "-o", "json").code == 2
