"""The committed code of the Open Inference Protocol, and its descriptor."""

import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2

from protos.compile import compile_all
from straightway import openinference

ROOT = Path(__file__).parents[3]


def test_generated_files_are_those_that_the_protos_give(tmp_path):
    for written in compile_all(tmp_path):
        committed = ROOT / written.relative_to(tmp_path)
        assert committed.read_bytes() == written.read_bytes(), f"{committed}: run `make protos`"


def test_the_descriptor_set_is_complete_and_names_the_service():
    files = descriptor_pb2.FileDescriptorSet.FromString(openinference.descriptor()).file
    names = [file.name for file in files]
    assert all(
        needed in names[:position]
        for position, file in enumerate(files)
        for needed in file.dependency
    )
    [service] = [service for file in files for service in file.service]
    assert files[-1].package == "inference"
    assert service.name == "GRPCInferenceService"
    assert [method.name for method in service.method] == [
        "ServerLive",
        "ServerReady",
        "ModelReady",
        "ServerMetadata",
        "ModelMetadata",
        "ModelInfer",
    ]


def test_the_descriptor_needs_neither_grpc_nor_protobuf():
    program = (
        "import sys; from straightway.openinference import descriptor; descriptor(); "
        "print(sorted({'grpc', 'google.protobuf'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "xds")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "[]\n"


def test_messages_have_the_protocols_field_numbers():
    from straightway.openinference import open_inference_pb2 as pb

    def numbers(message):
        return {field.name: field.number for field in message.DESCRIPTOR.fields}

    assert list(numbers(pb.ModelInferRequest).items()) == [
        ("model_name", 1),
        ("model_version", 2),
        ("id", 3),
        ("parameters", 4),
        ("inputs", 5),
        ("outputs", 6),
        ("raw_input_contents", 7),
    ]
    assert numbers(pb.ModelInferResponse)["outputs"] == 5
    assert numbers(pb.ModelInferResponse)["raw_output_contents"] == 6
    assert numbers(pb.InferTensorContents)["fp32_contents"] == 6
    assert numbers(pb.InferParameter) == {"bool_param": 1, "int64_param": 2, "string_param": 3}
