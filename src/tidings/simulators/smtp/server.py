"""The simulated mail server's side of SMTP: aiosmtpd, and the extension for delivery status notifications."""

import asyncio
import base64
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
DSN_OF_MAIL = ("RET", "ENVID")
DSN_OF_RCPT = ("NOTIFY", "ORCPT")


class Taker(Protocol):
    """Who decides what becomes of mail."""

    def names(self, recipient: str) -> str:
        """Say what is answered when a recipient is named; empty: they are taken."""
        ...

    async def takes(self, server: "Server", envelope: Envelope) -> str:
        """Take a mail; give the answer, empty where the connection is to break."""
        ...


class Server(SMTP):
    """One connection."""

    def __init__(
        self, taker: Taker, settings: Mapping[str, Any], tls: ssl.SSLContext | None, missing: Sequence[str]
    ) -> None:
        self._taker = taker
        self._settings = settings
        self._missing = {each.upper() for each in missing}
        self.asked: dict[str, str] = {}
        """What the client asked of the mail as a whole: RET, ENVID."""
        self.asked_for: dict[str, dict[str, str]] = {}
        """And of each recipient: NOTIFY, ORCPT."""
        super().__init__(
            self,
            data_size_limit=25 * 2**20,
            enable_SMTPUTF8="SMTPUTF8" not in self._missing,
            hostname="mx.example.net",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=bool(settings.get("user")),
            auth_require_tls=False,
            authenticator=self._knows,
            loop=asyncio.get_running_loop(),
        )

    def _knows(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        known = (self._settings.get("user", ""), self._settings.get("password", ""))
        good = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == known
        return AuthResult(success=good, handled=False)

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd calls it so
        """Check an access token."""
        told = await self.challenge_auth("", log_client_response=False) if len(args) < 2 else _decoded(args[1])
        due = f"user={self._settings.get('user', '')}\x01auth=Bearer {self._settings.get('accessToken', '')}\x01\x01"
        return AuthResult(success=told == due.encode(), handled=False)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what can be done here."""
        session.host_name = hostname
        told = [*responses[:-1], "250-ENHANCEDSTATUSCODES", "250-DSN", responses[-1]]
        return [each for each in told if each[4:].partition(" ")[0].upper() not in self._missing]

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """Take the sender, and what is asked of the whole mail."""
        rest, asked = self._asked(arg or "", DSN_OF_MAIL)
        if asked is None:
            await self.push("501 5.5.4 A parameter is malformed")
            return
        self.asked, self.asked_for = asked, {}
        await super().smtp_MAIL(rest)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take a recipient, and what is asked for them."""
        rest, asked = self._asked(arg or "", DSN_OF_RCPT)
        if asked is None:
            await self.push("501 5.5.4 A parameter is malformed")
            return
        before = len(self.envelope.rcpt_tos) if self.envelope else 0
        await super().smtp_RCPT(rest)
        if self.envelope and len(self.envelope.rcpt_tos) > before:
            self.asked_for[self.envelope.rcpt_tos[-1]] = asked

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Say whether a recipient is taken."""
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 Addresses in other letters need SMTPUTF8"
        if len(envelope.rcpt_tos) >= 100:
            return "452 4.5.3 Too many recipients"
        if refusal := self._taker.names(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        answer = await self._taker.takes(self, envelope)
        if not answer and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        return answer or "421 4.0.0 Gone"

    def hang_up(self) -> None:
        """Break the connection."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def _asked(self, arg: str, names: Sequence[str]) -> tuple[str, dict[str, str] | None]:
        """Take the parameters of notifications out of a command; None where one of them is malformed."""
        rest, asked = [], {}
        for word in arg.split(" "):
            name, equals, value = word.partition("=")
            if not equals or name.upper() not in names or "DSN" in self._missing:
                rest.append(word)
                continue
            asked[name.upper()] = value
        text = asked.get("ENVID", "") + asked.get("ORCPT", "").partition(";")[2]
        return " ".join(rest), asked if XTEXT.fullmatch(text) or "utf-8;" in asked.get("ORCPT", "") else None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
