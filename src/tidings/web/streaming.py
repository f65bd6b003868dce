"""Sending an answer that goes on: at the client's pace, for as long as it stays, and no longer than the hub runs."""

import asyncio
from typing import Any, Final

import structlog

from tidings.flow.counts import Counts
from tidings.web.door import Stream

log = structlog.get_logger()

STALLED: Final = 60.0
"""Seconds a client may leave what it was sent unread."""
STOPPING: Final = 0.5
"""Seconds it may still take for it when the hub stops."""
CUT: Final = "tidings.cut"
"""The extension of ASGI by which a connection is cut. Closing one waits until everything is sent, and so for ever where
nobody reads; the server offers this beside it. Without it, whoever reads nothing is left to the server."""


class _Stalled(Exception):
    """The client does not read."""


class Sending:
    """One stream on its way to its client."""

    def __init__(self, stream: Stream, counts: Counts, scope: Any, receive: Any, send: Any) -> None:
        self._stream = stream
        self._counts = counts
        self._scope = scope
        self._receive = receive
        self._send = send
        self._patience = STALLED
        self._under_way: asyncio.Timeout | None = None

    async def run(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Send it until it ends, or the client leaves, or reads no more."""
        loop = asyncio.get_running_loop()
        leaving = loop.create_task(self._left())
        sending = loop.create_task(self._send_all(headers))
        try:
            await asyncio.wait((leaving, sending), return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and isinstance(sending.exception(), _Stalled):
                self._counts.add("streams", "stalled")
                self._cut()
                # The server has it done before we are: else it would miss the end of our answer.
                await asyncio.wait((leaving,), timeout=STOPPING)
        finally:
            for task in (leaving, sending):
                task.cancel()
            await asyncio.gather(leaving, sending, return_exceptions=True)
            await self._stream.pieces.aclose()

    def hurry(self) -> None:
        """Wait no longer for a client that does not read."""
        self._patience = STOPPING
        if self._under_way is not None:
            self._under_way.reschedule(asyncio.get_running_loop().time() + STOPPING)

    async def _left(self) -> None:
        """Wait until the client leaves, or has everything."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _send_all(self, headers: list[tuple[bytes, bytes]]) -> None:
        await self._put({"type": "http.response.start", "status": self._stream.status, "headers": headers})
        if self._scope["method"] != "HEAD":
            try:
                async for piece in self._stream.pieces:
                    await self._put({"type": "http.response.body", "body": piece, "more_body": True})
            except _Stalled:
                raise
            except Exception as error:
                # Its beginning is sent: all that can be said is that it ends. Whoever comes again goes on from there.
                self._counts.add("errors", type(error).__name__)
                log.exception("a stream broke", path=self._scope["path"])
        await self._put({"type": "http.response.body", "body": b""})

    async def _put(self, event: dict[str, Any]) -> None:
        """Hand the server something, once it has room for more."""
        try:
            async with asyncio.timeout(self._patience) as self._under_way:
                await self._send(event)
        except TimeoutError as error:
            raise _Stalled from error
        finally:
            self._under_way = None

    def _cut(self) -> None:
        cut = self._scope.get("extensions", {}).get(CUT)
        if cut is not None:
            cut["cut"]()
