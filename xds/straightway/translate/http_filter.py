"""An HTTP filter of a listener."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import Message


class HttpFilter(NamedTuple):
    """An HTTP filter; ``first``: before all others instead of just before the router.

    ``disabled``: only routes turn it on. ``optional``: a proxy that does not know it leaves it out.
    """

    name: str
    config: Message
    first: bool = False
    disabled: bool = False
    optional: bool = False
