"""The connections of one channel to its mail server; they are kept, and used again."""

import asyncio
import contextlib
import ssl
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPServerDisconnected

from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Reply
from tidings.rules.places import NotAllowed
from tidings.wire.reaching import Reach
from tidings.wire.smtp.answers import GOODBYE, Refusal
from tidings.wire.smtp.connecting import connected, likeness
from tidings.wire.smtp.transaction import Gone, Transaction

CONNECTIONS: Final = 10
"""Kept for one channel at most; who finds none waits."""
IDLE: Final = 30.0
"""Seconds until a connection that nobody uses is closed: servers close them after a few minutes."""
MAILS: Final = 100
"""Transactions over one connection."""


class _Connection:
    """A connection to a mail server that knows us."""

    def __init__(self, smtp: SMTP, like: tuple[str, ...]) -> None:
        self.smtp = smtp
        self.like = like
        """What it was made for; a call for something else needs another."""
        self.used = 0
        self.idle: asyncio.TimerHandle | None = None

    @property
    def serves(self) -> bool:
        return self.smtp.is_connected and self.used < MAILS


class Pool:
    """The connections of one channel."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._free: list[_Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def submit(self, call: Call, timeout: float) -> Reply:
        """Make a transaction; raises NoReply, which knows whether the mail was out of our hands."""
        transaction = Transaction(call)
        try:
            async with asyncio.timeout(timeout), self._places:
                return await self._try(call, transaction)
        except TimeoutError as error:
            raise NoReply("The mail server took too long.", taken=transaction.is_out, error="timeout") from error
        except (NotAllowed, OSError, SMTPException) as error:
            raise NoReply(
                str(error) or "The connection broke.", taken=transaction.is_out, error=_kind(error)
            ) from error

    async def close(self) -> None:
        """Close what nobody uses."""
        while self._free:
            await self._part(self._free.pop())

    async def _try(self, call: Call, transaction: Transaction) -> Reply:
        like = likeness(call)
        while (kept := self._kept(like)) is not None:
            with contextlib.suppress(Gone):
                return await self._use(kept, transaction)
        try:
            made = _Connection(await connected(self._reach, call), like)
        except Refusal as refusal:
            return transaction.reply(refusal)
        try:
            return await self._use(made, transaction)
        except Gone as gone:
            return transaction.reply(Refusal(GOODBYE, str(gone), "greeting"))

    def _kept(self, like: tuple[str, ...]) -> _Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.idle is not None:
                connection.idle.cancel()
            if connection.like == like and connection.serves:
                return connection
            connection.smtp.close()
        return None

    async def _use(self, connection: _Connection, transaction: Transaction) -> Reply:
        connection.used += 1
        fine = False
        try:
            reply = await transaction.run(connection.smtp)
            fine = True
        finally:
            if not fine:
                connection.smtp.close()
        if connection.serves and reply.status != GOODBYE:
            connection.idle = asyncio.get_running_loop().call_later(IDLE, self._close_idle, connection)
            self._free.append(connection)
        else:
            connection.smtp.close()
        return reply

    def _close_idle(self, connection: _Connection) -> None:
        if connection in self._free:
            self._free.remove(connection)
            connection.smtp.close()

    async def _part(self, connection: _Connection) -> None:
        if connection.idle is not None:
            connection.idle.cancel()
        with contextlib.suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(1):
                await connection.smtp.quit()
        connection.smtp.close()


def _kind(error: Exception) -> str:
    if isinstance(error, NotAllowed):
        return error.code
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return "tls"
    if "STARTTLS" in str(error):
        return "tls"
    return "reset" if isinstance(error, SMTPServerDisconnected) else "connect"
