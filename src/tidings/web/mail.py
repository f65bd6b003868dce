"""The mail door: mail that comes back to channels, over LMTP (RFC 2033) or SMTP (RFC 5321).

Only mail to an address of a channel is taken, and it is acknowledged once all that it says is on disk. Nothing is
passed on and nothing is answered by mail, so whoever writes here can make the hub write to nobody.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any, Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from tidings.connectors.connector import Connector
from tidings.flow.receive import receive
from tidings.flow.world import World
from tidings.model.errors import Misconfigured
from tidings.model.exchange import Callback
from tidings.model.workspaces import Channel

log = structlog.get_logger()

MOST_SESSIONS: Final = 100
"""Who may be connected at once."""
MOST_RECIPIENTS: Final = 100
"""Of one mail; a server with more hands it in again for the others."""
PATIENCE: Final = 60.0
"""Seconds of silence after which a session ends."""
LONGEST_LINE: Final = 100_000
"""Octets; the standard's thousand is overstepped by programs that mean well."""

TAKEN: Final = "250 2.0.0 It is on disk"
TOO_MANY: Final = "452 4.5.3 Too many recipients at once"
NOBODY: Final = "550 5.1.1 There is no such mailbox here"
TROUBLE: Final = "451 4.3.0 It cannot be kept now; try again later"

_GO_ON: Final = "354"
_GRAVITY: Final = (TAKEN, NOBODY, TROUBLE)


class MailDoor:
    """Listens for mail, where the settings say so."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()

    async def open(self) -> None:
        """Begin to listen; raises Misconfigured where the port cannot be had."""
        settings = self._world.settings
        if settings.mail_port is None:
            return
        # What people write is nobody's to read in a log.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._session, settings.mail_host, settings.mail_port)
        except OSError as error:
            raise Misconfigured(f"TIDINGS_MAIL_PORT: {error.strerror or error}") from error

    async def close(self) -> None:
        """Take no more; who has not been told that their mail is taken will bring it again."""
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            session.end()

    @property
    def port(self) -> int | None:
        """The port it listens on; None where it does not."""
        return None if self._server is None else int(self._server.sockets[0].getsockname()[1])

    # -- what aiosmtpd asks -------------------------------------------------------------------------------------------

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Say whether mail to an address is taken."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        if self._channel(self._callback(envelope, address)) is None:
            return NOBODY
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, for each of its recipients; over SMTP the gravest outcome is that of all."""
        outcomes = [await self._take(self._callback(envelope, address)) for address in envelope.rcpt_tos]
        if isinstance(server, LMTP):
            return "\r\n".join(outcomes)
        return max(outcomes, key=_GRAVITY.index)

    async def _take(self, callback: Callback) -> str:
        channel = self._channel(callback)
        if channel is None:
            return NOBODY
        try:
            answer = await receive(self._world, channel, callback)
        except Exception:
            log.exception("a mail could not be kept", channel=channel.id)
            return TROUBLE
        return TAKEN if answer.status < 300 else NOBODY

    def _callback(self, envelope: Envelope, address: str) -> Callback:
        content = envelope.original_content or b""
        return Callback(
            method=self._world.settings.mail_protocol.upper(),
            url="door:mail",
            headers={"mail-from": envelope.mail_from or "", "rcpt-to": address},
            body=content,
            received_at=self._world.clock.now(),
        )

    def _channel(self, callback: Callback) -> Channel | None:
        """Find whose mail it is; where several channels have one inbox, it is the oldest one's."""
        return next(claiming(self._world, callback), None)

    # -- sessions -----------------------------------------------------------------------------------------------------

    def _session(self) -> "asyncio.BaseProtocol":
        kind = _LmtpSession if self._world.settings.mail_protocol == "lmtp" else _SmtpSession
        return kind(self, self._world.settings.max_mail)

    def admits(self, session: "_Session") -> bool:
        """Let one more in, unless there are too many."""
        if len(self._sessions) >= MOST_SESSIONS:
            return False
        self._sessions.add(session)
        return True

    def left(self, session: "_Session") -> None:
        """Note that a session has ended."""
        self._sessions.discard(session)


def claiming(world: World, callback: Callback, workspace: str = "") -> Iterator[Channel]:
    """Give the channels that something is for which came by a door of all channels, the oldest first.

    With a workspace, only its own are asked.
    """
    for channel in sorted(world.directory.channels.values(), key=lambda each: (each.created_at, each.id)):
        kind = world.connectors.get(channel.connector)
        if kind is None or kind.claims is Connector.claims or workspace not in ("", channel.workspace):
            continue
        try:
            if world.connector(channel).claims(callback):
                yield channel
        except Misconfigured:
            continue


class _Session(SMTP):
    """One session with somebody who brings mail."""

    line_length_limit = LONGEST_LINE

    def __init__(self, door: MailDoor, largest: int) -> None:
        super().__init__(
            door,
            data_size_limit=largest,
            enable_SMTPUTF8=True,
            hostname="tidings",
            ident="Tidings",
            timeout=PATIENCE,
            loop=asyncio.get_running_loop(),
        )
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let them in, or ask them to come back."""
        if self._door.admits(self):
            super().connection_made(transport)
            return
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too many at once; try again later\r\n")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that they left."""
        self._door.left(self)
        if self.transport is not None:
            super().connection_lost(error)

    def end(self) -> None:
        """Break it off."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class _SmtpSession(_Session):
    pass


class _LmtpSession(LMTP, _Session):
    """One over LMTP: once the mail is there, each recipient gets an answer of their own (RFC 2033 section 4.2)."""

    _owed = 0

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd calls it so
        """Take the mail, and see that as many answers are given as are owed."""
        self._owed = len(self.envelope.rcpt_tos) if self.envelope is not None else 0
        try:
            await super().smtp_DATA(arg)
        finally:
            self._owed = 0

    async def push(self, status: Any) -> None:
        """Say something; what is said of the mail as a whole is said for each recipient."""
        if isinstance(status, str) and self._owed > 1 and not status.startswith(_GO_ON) and "\r\n" not in status:
            status = "\r\n".join([status] * self._owed)
        await super().push(status)
