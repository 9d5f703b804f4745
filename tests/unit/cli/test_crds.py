"""`straightway crds`."""

from __future__ import annotations

import json

import yaml

from straightway.schemas import definitions, to_yaml


def test_all_are_printed_as_a_stream(straightway):
    run = straightway("crds")

    assert run.code == 0
    assert run.out == to_yaml(definitions())


def test_json_is_one_list_that_kubectl_takes(straightway):
    run = straightway("crds", "--output", "json")

    printed = json.loads(run.out)
    assert printed["kind"] == "List"
    assert printed["items"] == definitions()


def test_a_kind_is_chosen_by_any_of_its_names(straightway):
    run = straightway("crds", "--kind", "DestinationRule", "--kind", "VS", "--kind", "dr")

    printed = [each["spec"]["names"]["kind"] for each in yaml.safe_load_all(run.out)]
    assert printed == ["DestinationRule", "VirtualService"]


def test_a_kind_without_a_crd_is_a_usage_error(straightway):
    run = straightway("crds", "--kind", "Pod")

    assert run.code == 2
    assert "'Pod' is not one of Gateway," in run.err


def test_files_are_written_one_for_each(straightway, tmp_path):
    run = straightway("crds", "--kind", "gw", "--directory", tmp_path / "crds")

    assert (run.code, run.out) == (0, "")
    [file] = (tmp_path / "crds").iterdir()
    assert file.name == "gateways.networking.istio.io.yaml"
    assert yaml.safe_load(file.read_text()) == definitions()[0]


def test_files_are_yaml(straightway, tmp_path):
    assert straightway("crds", "--directory", tmp_path, "-o", "json").code == 2
