"""Mail going out: one SMTP transaction for each call (RFC 6409, RFC 5321), over connections that are kept.

A call `MAIL` to `smtp://host:port` or `smtps://host:port` has the envelope in its headers and the mail as its body:

* `sender`, and `recipients` as a JSON array: the envelope, as SMTP writes addresses;
* `hello`: our name; `starttls`: `yes` or `no`; `authority`: a certificate (PEM) to check the server's by;
* `authorization`: `Basic …` for AUTH PLAIN or LOGIN, `Bearer …` with `user` for XOAUTH2;
* `utf8`: whether addresses need SMTPUTF8; `whole-or-none`: whether nobody is sent anything while one must wait;
* `envelope-id` (xtext), `notify`, `return`: what is asked of delivery status notifications (RFC 3461).

The reply's status is the code that decided it, and its body a JSON object: `code`, `text`, the `step` that it answered
and each recipient's own `code` and `text`. Other calls of the same conversation go over HTTP.
"""

import asyncio
import binascii
import contextlib
import re
import ssl
from base64 import b64decode
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply, T
from tidings.rules.places import NotAllowed
from tidings.rules.xtext import xtext
from tidings.wire.http import Http
from tidings.wire.reaching import Reach

CONNECTIONS: Final = 10
"""Kept for one channel at most; who finds none waits."""
IDLE: Final = 30.0
"""Seconds until a connection that nobody uses is closed: servers close them after a few minutes."""
MAILS: Final = 100
"""Transactions over one connection."""

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\n)")
_DOT: Final = re.compile(rb"(?m)^\.")
_DONE: Final = 250
_GO_ON: Final = 354
_TAKEN: Final = (250, 251)
_GOODBYE: Final = 421


class Refusal(Exception):
    """The server said no: the code, its words, and to what."""

    def __init__(self, code: int, text: str, step: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.step = step


class Smtp:
    """The wire of channels whose mail goes out by SMTP."""

    def __init__(self, reach: Reach, http: Http) -> None:
        self._reach = reach
        self._http = http
        self._pools: dict[str, _Pool] = {}

    async def open(self, channel: Any, connector: Any) -> None:
        """Connections are made when there is mail."""

    async def close(self, channel: str) -> None:
        """Say goodbye to a channel's mail server."""
        if (pool := self._pools.pop(channel, None)) is not None:
            await pool.close()

    async def carry(self, channel: Any, exchange: Exchange[T], *, timeout: float) -> T:
        """Hold a connector's conversation with a channel's mail server; `timeout` seconds for each call."""
        try:
            call = next(exchange)
            while True:
                try:
                    reply = await self._answer(channel.id, call, timeout)
                except NoReply as silence:
                    call = exchange.throw(silence)
                else:
                    call = exchange.send(reply)
        except StopIteration as end:
            value: T = end.value
            return value

    async def _answer(self, channel: str, call: Call, timeout: float) -> Reply:
        if call.method != "MAIL":
            return await _fetched(self._http, call, timeout)
        pool = self._pools.setdefault(channel, _Pool(self._reach))
        return await pool.submit(call, timeout)


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


class _Pool:
    """The connections of one channel."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._free: list[_Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def submit(self, call: Call, timeout: float) -> Reply:
        """Make a transaction; raises NoReply, which knows whether the mail was out of our hands."""
        transaction = _Transaction(call)
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

    async def _try(self, call: Call, transaction: "_Transaction") -> Reply:
        like = _like(call)
        while (kept := self._kept(like)) is not None:
            with contextlib.suppress(_Gone):
                return await self._use(kept, transaction)
        try:
            made = _Connection(await _connected(self._reach, call), like)
        except Refusal as refusal:
            return transaction.reply(refusal)
        try:
            return await self._use(made, transaction)
        except _Gone as gone:
            return transaction.reply(Refusal(_GOODBYE, str(gone), "greeting"))

    def _kept(self, like: tuple[str, ...]) -> _Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.idle is not None:
                connection.idle.cancel()
            if connection.like == like and connection.serves:
                return connection
            connection.smtp.close()
        return None

    async def _use(self, connection: _Connection, transaction: "_Transaction") -> Reply:
        connection.used += 1
        fine = False
        try:
            reply = await transaction.run(connection.smtp)
            fine = True
        finally:
            if not fine:
                connection.smtp.close()
        if connection.serves and reply.status != _GOODBYE:
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


class _Gone(Exception):
    """A kept connection ended before the server heard of the mail."""


class _Transaction:
    """One mail on its way."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._recipients: list[str] = msgspec.json.decode(call.headers["recipients"], type=list[str])
        self._said: dict[str, dict[str, Any]] = {}
        self.is_out = False
        """Whether the server may have the whole of it."""

    async def run(self, smtp: SMTP) -> Reply:
        """Say it all; raises _Gone where the server was gone before it heard anything."""
        self._said = {}
        try:
            try:
                await self._begin(smtp)
            except SMTPServerDisconnected as error:
                raise _Gone(str(error)) from error
            await self._name_recipients(smtp)
            return await self._hand_over(smtp)
        except Refusal as refusal:
            if refusal.code == _GOODBYE and refusal.step == "mail":
                raise _Gone(refusal.text) from refusal
            with contextlib.suppress(SMTPException, OSError):
                await smtp.execute_command(b"RSET")
            return self.reply(refusal)

    def reply(self, refusal: Refusal) -> Reply:
        """Write down what the server said."""
        said = {"code": refusal.code, "text": refusal.text, "step": refusal.step, "recipients": self._said}
        return Reply(status=refusal.code, body=msgspec.json.encode(said))

    async def _begin(self, smtp: SMTP) -> None:
        headers = self._call.headers
        utf8 = headers.get("utf8") == "yes"
        if utf8 and not smtp.supports_extension("smtputf8"):
            raise Refusal(553, "5.6.7 The mail server takes no addresses in other letters (SMTPUTF8).", "mail")
        options = [b"SMTPUTF8"] if utf8 else []
        if smtp.supports_extension("size"):
            options.append(b"SIZE=%d" % len(self._call.body))
        if not self._call.body.isascii() and smtp.supports_extension("8bitmime"):
            options.append(b"BODY=8BITMIME")
        if smtp.supports_extension("dsn"):
            options += [f"{name}={headers[key]}".encode() for name, key in _ENVELOPE.items() if headers.get(key)]
        await _command(smtp, "mail", (_DONE,), b"MAIL", b"FROM:<%s>" % headers["sender"].encode(), *options)

    async def _name_recipients(self, smtp: SMTP) -> None:
        refusals = []
        for recipient in self._recipients:
            options = []
            if smtp.supports_extension("dsn") and (notify := self._call.headers.get("notify")):
                kind = "rfc822" if recipient.isascii() else "utf-8"
                original = xtext(recipient) if recipient.isascii() else _utf8_xtext(recipient)
                options = [f"NOTIFY={notify}".encode(), f"ORCPT={kind};{original}".encode()]
            try:
                said = await _command(smtp, "rcpt", _TAKEN, b"RCPT", b"TO:<%s>" % recipient.encode(), *options)
                self._said[recipient] = {"code": said.code, "text": said.text}
            except Refusal as refusal:
                self._said[recipient] = {"code": refusal.code, "text": refusal.text}
                refusals.append(refusal)
        waiting = [each for each in refusals if each.code < 500]
        if waiting and self._call.headers.get("whole-or-none") == "yes":
            raise waiting[0]
        if len(refusals) == len(self._recipients):
            raise (waiting or refusals)[0]

    async def _hand_over(self, smtp: SMTP) -> Reply:
        await _command(smtp, "data", (_GO_ON,), b"DATA")
        protocol = smtp.protocol
        if protocol is None:
            raise SMTPServerDisconnected("The connection broke.")
        mail = _LINE_END.sub(b"\r\n", self._call.body)
        mail = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
        protocol.write(_DOT.sub(b"..", mail) + b".\r\n")
        self.is_out = True
        said = await protocol.read_response()
        # What it has refused, it has not taken.
        self.is_out = said.code == _DONE
        if said.code == _GOODBYE:
            smtp.close()
        return self.reply(Refusal(said.code, _sound(said.message), "message"))


_ENVELOPE: Final = {"RET": "return", "ENVID": "envelope-id"}


async def _command(smtp: SMTP, step: str, good: tuple[int, ...], *words: bytes) -> Refusal:
    """Say something; gives what the server said, and raises Refusal where that is none of the good codes."""
    response = await smtp.execute_command(*words)
    said = Refusal(response.code, _sound(response.message), step)
    if response.code not in good:
        raise said
    return said


async def _connected(reach: Reach, call: Call) -> SMTP:
    """Connect, turn to TLS, and log in; raises Refusal where the server says no."""
    url, headers = urlsplit(call.url), call.headers
    implicit, host = url.scheme == "smtps", url.hostname or ""
    encrypted = implicit or headers.get("starttls") != "no"
    port = url.port or _PORTS[url.scheme]
    context = _context(headers.get("authority", "")) if encrypted else None
    made = await reach.connect(f"[{host}]" if ":" in host else host, port, encrypted=encrypted)
    smtp = SMTP(
        hostname=host,
        port=None,
        sock=made,
        use_tls=implicit,
        start_tls=encrypted and not implicit,
        tls_context=context,
        local_hostname=headers.get("hello") or "localhost",
        timeout=None,
    )
    try:
        await smtp.connect()
        await smtp.ehlo()
    except SMTPResponseException as error:
        made.close()
        raise Refusal(error.code, _sound(str(error.message)), "greeting") from error
    except BaseException:
        made.close()
        raise
    try:
        await _log_in(smtp, headers.get("authorization", ""), headers.get("user", ""))
    except SMTPResponseException as error:
        smtp.close()
        raise Refusal(error.code, _sound(str(error.message)), "auth") from error
    except BaseException:
        smtp.close()
        raise
    return smtp


async def _log_in(smtp: SMTP, authorization: str, user: str) -> None:
    kind, _, credentials = authorization.partition(" ")
    if not kind:
        return
    if not smtp.supports_extension("auth"):
        raise Refusal(530, "The mail server lets nobody log in.", "auth")
    if kind == "Bearer":
        await smtp.auth_xoauth2(user, credentials)
        return
    try:
        name, _, password = b64decode(credentials).decode().partition(":")
    except (binascii.Error, UnicodeError) as error:
        raise Refusal(535, "The credentials cannot be read.", "auth") from error
    await smtp.login(name, password)


def _context(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise Refusal(454, "The authority's certificate cannot be read.", "greeting") from error


def _like(call: Call) -> tuple[str, ...]:
    """Say what connection a call needs."""
    names = ("hello", "starttls", "authority", "authorization", "user")
    return (call.url, *(call.headers.get(name, "") for name in names))


def _kind(error: Exception) -> str:
    if isinstance(error, NotAllowed):
        return error.code
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return "tls"
    if "STARTTLS" in str(error):
        return "tls"
    return "reset" if isinstance(error, SMTPServerDisconnected) else "connect"


def _utf8_xtext(address: str) -> str:
    r"""Write an address as ORCPT has those in other letters: `\x{…}` for each (RFC 6533 section 3)."""
    written = (each if "!" <= each <= "~" and each not in "+=\\" else rf"\x{{{ord(each):X}}}" for each in address)
    return "".join(written)


def _sound(text: str) -> str:
    """Give a server's words as they can be kept."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


async def _fetched(http: Http, call: Call, timeout: float) -> Reply:
    result = await http.fetch(call.method, call.url, call.headers, call.body, timeout=timeout, follow=call.follow)
    if result.error:
        raise NoReply(result.why, taken=result.sent, error=result.error)
    return Reply(status=result.status, headers=result.headers, body=result.body)
