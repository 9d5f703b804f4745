"""Durations in protobuf."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration


def duration(value: timedelta) -> Duration:
    """Return a protobuf Duration."""
    message = Duration()
    message.FromTimedelta(value)
    return message
