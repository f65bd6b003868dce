"""One mail on its way: the envelope, the recipients, the mail, and what the server says to each."""

import contextlib
import re
from typing import Any, Final

import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPServerDisconnected

from tidings.model.exchange import Call, Reply
from tidings.rules.xtext import xtext
from tidings.wire.smtp.answers import GOODBYE, Refusal, sound

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\n)")
_DOT: Final = re.compile(rb"(?m)^\.")
_DONE: Final = 250
_GO_ON: Final = 354
_TAKEN: Final = (250, 251)


class Gone(Exception):
    """A kept connection ended before the server heard of the mail."""


class Transaction:
    """One mail on its way."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._recipients: list[str] = msgspec.json.decode(call.headers["recipients"], type=list[str])
        self._said: dict[str, dict[str, Any]] = {}
        self.is_out = False
        """Whether the server may have the whole of it."""

    async def run(self, smtp: SMTP) -> Reply:
        """Say it all; raises Gone where the server was gone before it heard anything."""
        self._said = {}
        try:
            try:
                await self._begin(smtp)
            except SMTPServerDisconnected as error:
                raise Gone(str(error)) from error
            await self._name_recipients(smtp)
            return await self._hand_over(smtp)
        except Refusal as refusal:
            if refusal.code == GOODBYE and refusal.step == "mail":
                raise Gone(refusal.text) from refusal
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
        if said.code == GOODBYE:
            smtp.close()
        return self.reply(Refusal(said.code, sound(said.message), "message"))


_ENVELOPE: Final = {"RET": "return", "ENVID": "envelope-id"}


async def _command(smtp: SMTP, step: str, good: tuple[int, ...], *words: bytes) -> Refusal:
    """Say something; gives what the server said, and raises Refusal where that is none of the good codes."""
    response = await smtp.execute_command(*words)
    said = Refusal(response.code, sound(response.message), step)
    if response.code not in good:
        raise said
    return said


def _utf8_xtext(address: str) -> str:
    r"""Write an address as ORCPT has those in other letters: `\x{…}` for each (RFC 6533 section 3)."""
    written = (each if "!" <= each <= "~" and each not in "+=\\" else rf"\x{{{ord(each):X}}}" for each in address)
    return "".join(written)
