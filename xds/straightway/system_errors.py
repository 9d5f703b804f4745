"""The system's words for an error, without what a library adds to them."""

from __future__ import annotations

import os


def reason_of(error: OSError) -> str:
    """Return why a system call failed: ``Connection refused``, without address and number.

    asyncio and aiohttp put the address and their own settings into the message; the error's number
    has the system's words. A negative number comes from a resolver, which has a message of its own.
    """
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or str(error)
