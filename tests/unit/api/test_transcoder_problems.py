"""Transcoders: descriptors, and the services to transcode."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import ASM, assert_told

CASES = [
    (ASM, "{services: [a.B]}", "missing-field", "spec.protoDescriptorBin", "kserve_predict_v2"),
    (ASM, "{protoDescriptorBin: aaaa}", "missing-field", "spec.services", "gRPC services"),
    (ASM, "{protoDescriptorBin: '*'}", "invalid-base64", "spec.protoDescriptorBin", "base64"),
    (ASM, "{services: [a], protoDescriptorBin: ''}", "empty-field", None, "descriptor_set_out"),
    (ASM, "{builtinProtoDescriptor: v3}", "unknown-value", None, "kserve_predict_v2"),
    (
        ASM,
        "{builtinProtoDescriptor: kserve_predict_v2, protoDescriptorBin: aaaa, services: [a]}",
        "conflicting-fields",
        "spec.builtinProtoDescriptor",
        "either",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_transcoder_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
