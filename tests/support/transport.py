"""The client of a stream without gRPC."""

from __future__ import annotations

import asyncio


class FakeTransport:
    """A client that sends requests when the test says so, and reads everything at once."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[object] = asyncio.Queue()
        self.responses: list[bytes] = []

    async def read(self) -> object:
        return await self.requests.get()

    async def write(self, message: bytes) -> None:
        self.responses.append(message)

    def peer(self) -> str:
        return "test"
