"""Messages of a stream: wherever its chunks end, the messages are the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.kubernetes.framing import Frames, Framing, Lines, TooLongError
from tests.support.kubernetes_protobuf import frame


def line(content: bytes) -> bytes:
    return content + b"\n"


FORMS = pytest.mark.parametrize(
    ("framing", "written"), [(Lines, line), (Frames, frame)], ids=["lines", "frames"]
)


@FORMS
@given(st.lists(st.binary(max_size=20).map(lambda each: each.replace(b"\n", b""))), st.data())
def test_messages_do_not_depend_on_where_chunks_end(
    framing: Callable[[], Framing], written: Callable[[bytes], bytes], messages, data
):
    stream = b"".join(map(written, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = framing()
    assert [each for chunk in chunks for each in reader.feed(chunk)] == [
        each for each in messages if each
    ]


@FORMS
def test_a_message_is_there_with_its_last_byte(
    framing: Callable[[], Framing], written: Callable[[bytes], bytes]
):
    reader = framing()
    stream = written(b'{"a": 1}') + written(b"b")
    came = [reader.feed(bytes([each])) for each in stream]
    assert [at for at, messages in enumerate(came) if messages] == [
        len(written(b'{"a": 1}')) - 1,
        len(stream) - 1,
    ]
    assert [each for messages in came for each in messages] == [b'{"a": 1}', b"b"]


def test_what_frames_hold_does_not_matter():
    reader = Frames()
    long = bytes(range(256)) * 300
    assert reader.feed(frame(b"\n\n") + frame(b"\0") + frame(long)) == [b"\n\n", b"\0", long]


def test_an_endless_line_is_refused():
    reader = Lines(most=10)
    assert reader.feed(b"1234567890") == []
    with pytest.raises(TooLongError, match="10 bytes"):
        reader.feed(b"1")


def test_a_frame_is_refused_before_it_comes():
    reader = Frames(most=10)
    assert reader.feed(frame(b"1234567890") + b"\0\0\0") == [b"1234567890"]
    with pytest.raises(TooLongError, match="11 bytes exceeds 10"):
        reader.feed(b"\x0b")


@FORMS
def test_many_messages_are_not_one_long_message(framing, written):
    reader = framing(most=10)
    stream = written(b"12345678") * 20
    came = [reader.feed(stream[at : at + 9]) for at in range(0, len(stream), 9)]
    assert [each for messages in came for each in messages] == [b"12345678"] * 20
