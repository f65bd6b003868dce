"""A stand-in for a mail server and all behind it: it takes mail, and reports, complaints and answers come back by mail.

What becomes of a mail is said by the recipient's local part (`stories.py`). Mail that comes back goes to the hub's mail
door (`mail_door`); one-click unsubscribe links are clicked over HTTP.
"""

import asyncio
import contextlib
import re
import secrets
import ssl
import warnings
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from functools import partial
from typing import Any, ClassVar

from aiohttp import web
from aiosmtpd.smtp import Envelope

from tidings.simulators.simulator import Callback, Demonstration, Fault, Order, Post, Simulator
from tidings.simulators.smtp import writing
from tidings.simulators.smtp.server import Server
from tidings.simulators.smtp.stories import reply_to_rcpt, story
from tidings.simulators.smtp.writing import Happening

REPORTED = frozenset({"delivered", "relayed", "delayed", "failed"})
"""What mail servers report; the rest is done by people and their programs."""
LMTP = "lmtp:"
_LINK = re.compile(r"<(https?://[^>]+)>")
_MAILTO = re.compile(r"<mailto:([^>?]+)")
SLOW = 0.5
"""Seconds that `slow@…` takes."""
CODES = {250: 200, 451: 503, 452: 503}
"""What the door's answers are to whoever waits for those of HTTP."""
_WITHOUT = ("From", "To", "Date", "Message-ID")


class Smtp(Simulator):
    """One mail server, and everybody who has a mailbox behind it.

    `tls` is the server's certificate, for STARTTLS; `missing` are extensions that it does without.
    """

    name = "smtp"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "email": Demonstration(
            address="ada@example.com",
            deed="reads",
            told=("accepted", "sent", "delivered", "read"),
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        tls: ssl.SSLContext | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        given = dict(settings)
        door = str(given.pop("mailDoor", ""))
        super().__init__(given, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.mail_door = door
        self.tls = tls
        self.missing = missing
        self.connections = 0
        """How many were made."""
        self._named: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._steering_url = ""

    def routes(self) -> Sequence[web.RouteDef]:
        """None: it is no HTTP server but for being steered."""
        return ()

    def refusal(self, code: str) -> web.Response:
        """Not asked: it refuses in SMTP's words."""
        return web.Response(status=400, text=code)

    @property
    def steering_url(self) -> str:
        """Where it is told what people do."""
        return self._steering_url

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen on loopback; give the mail server's URL."""
        self._steering_url = await super().start(0, host)
        self._server = await asyncio.get_running_loop().create_server(self._connection, host, port)
        self.base_url = f"smtp://{host}:{self._server.sockets[0].getsockname()[1]}"
        return self.base_url

    async def stop(self) -> None:
        """Stop listening, and drop what is not yet sent back."""
        if self._server is not None:
            self._server.close()
        await super().stop()

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What comes when a person writes: an answer to the newest mail they have, unless `to` says where."""
        mine = [each for each in self.taken if sender in each["recipients"]]
        answered = {} if "to" in more or not mine else mine[-1]
        to = str(more.get("to") or answered.get("reply_to") or self.settings.get("inbox", ""))
        headers = {"To": to, "Subject": str(more.get("subject", "Re: your message")), **more.get("headers", {})}
        return [partial(self._post, to, writing.note(answered, sender, text, **headers), sender)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What comes when something happens to a mail it took: an action of a report, or a deed (`stories.py`)."""
        taken = next(each for each in self.taken if each["id"] == message)
        recipient = str(more.pop("recipient", taken["recipients"][0]))
        return [partial(self._happens, taken, recipient, Happening(deed, **more))]

    # -- taking mail --------------------------------------------------------------------------------------------------

    def names(self, recipient: str) -> str:
        """Say what is answered when a recipient is named."""
        before = self._named.get(recipient, 0)
        self._named[recipient] = before + 1
        return reply_to_rcpt(recipient, before)

    async def takes(self, server: Server, envelope: Envelope) -> str:
        """Take a mail, with the fault ordered next, if any, and those that its recipients stand for."""
        order = self.orders.popleft() if self.orders else Order(Fault.LATE)
        if (refusal := _refused(order)) is not None:
            return refusal
        raw = envelope.original_content or b""
        if wrong := _wrong_with(raw, envelope):
            return wrong
        taken = _understood(raw, envelope, server)
        again = any(each["message_id"] == taken["message_id"] for each in self.taken)
        self.taken.append(taken)
        happenings = [(each, what) for each in taken["recipients"] for what in story(each)]
        callbacks: list[Callback] = [
            partial(self._happens, taken, recipient, what)
            for recipient, what in happenings
            if self._is_told(taken, recipient, what)
        ]
        locals_ = {each.partition("@")[0] for each in taken["recipients"]}
        await self._tell(order, callbacks)
        if order.fault is Fault.HANGING:
            await asyncio.sleep(order.seconds or 30)
        if "slow" in locals_:
            await asyncio.sleep(SLOW)
        if order.fault is Fault.VANISHED or ("drop-after-dot" in locals_ and not again):
            return ""
        return f"250 2.0.0 Ok: queued as {taken['id']}"

    async def _tell(self, order: Order, callbacks: list[Callback]) -> None:
        if order.fault is Fault.REORDERED:
            callbacks.reverse()
        if order.fault is Fault.DUPLICATE:
            callbacks = [each for callback in callbacks for each in (callback, callback)]
        if order.fault is Fault.EARLY:
            await self._post_all(callbacks, 0.0)
        elif order.fault is not Fault.LOST:
            self.post(callbacks, delay=order.seconds if order.fault is Fault.LATE else 0.0)

    def _is_told(self, taken: Mapping[str, Any], recipient: str, what: Happening) -> bool:
        """Whether anybody says so: servers report what they were asked to."""
        needed = {"delivered": "SUCCESS", "relayed": "SUCCESS", "delayed": "DELAY", "failed": "FAILURE"}
        notify = taken["notify"].get(recipient, "FAILURE,DELAY").split(",")
        return needed.get(what.what, notify[0]) in notify

    def _connection(self) -> Server:
        self.connections += 1
        with warnings.catch_warnings():
            # That passwords may be said without TLS is as it should be here: it is this machine's loopback.
            warnings.simplefilter("ignore", UserWarning)
            return Server(self, self.settings, self.tls, self.missing)

    # -- what comes back ----------------------------------------------------------------------------------------------

    def _happens(self, taken: Mapping[str, Any], recipient: str, what: Happening) -> Post:
        path = str(taken["return_path"])
        match what.what:
            case deed if deed in REPORTED:
                return self._post(path, writing.report(taken, recipient, what), "")
            case "complains" | "complains-redacted":
                redacted = what.what.endswith("redacted")
                mail = writing.complaint(taken, recipient, kind=what.kind or "abuse", redacted=redacted)
                return self._post(str(self.settings.get("complaints") or path), mail, "fbl@loop.example")
            case "reads":
                return self._post(path, writing.disposition(taken, recipient), recipient)
            case "is-away":
                note = writing.note(taken, recipient, "I am away.", Subject="Away", Auto_Submitted="auto-replied")
                return self._post(path, note, "")
            case "unsubscribes-by-mail":
                to = next(iter(_MAILTO.findall(taken["list_unsubscribe"])), "")
                return self._post(to, writing.note({}, recipient, "", Subject="unsubscribe"), recipient)
            case "scans":
                return Post(self._link(taken), b"", {}, "GET")
            case "unsubscribes":
                return self._one_click(taken, multipart=what.kind == "multipart")
            case other:
                raise ValueError(f"Nobody does {other!r} with a mail.")

    def _link(self, taken: Mapping[str, Any]) -> str:
        return next(iter(_LINK.findall(taken["list_unsubscribe"])), "")

    def _one_click(self, taken: Mapping[str, Any], *, multipart: bool) -> Post:
        """Do as a mail program does whose reader clicks on Unsubscribe (RFC 8058), in either encoding."""
        if not multipart:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return Post(self._link(taken), b"List-Unsubscribe=One-Click", headers)
        body = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
        return Post(self._link(taken), body, {"Content-Type": "multipart/form-data; boundary=b"})

    def _post(self, to: str, mail: bytes, sender: str) -> Post:
        return Post(f"{LMTP}{to}", mail, {"mail-from": sender})

    async def _post_once(self, post: Post) -> int:
        if not post.url.startswith(LMTP):
            return await super()._post_once(post)
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(15):
                code = await hand_in(self.mail_door, post.headers["mail-from"], post.url.removeprefix(LMTP), post.body)
            return CODES.get(code, 403)
        return 0


async def hand_in(door: str, sender: str, recipient: str, mail: bytes) -> int:
    """Hand a mail in at a mail door, `host:port`, over LMTP; give the last code it said. Raises OSError, ValueError."""
    host, _, port = door.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        code = await _answer(reader)
        body = mail.replace(b"\r\n.", b"\r\n..")
        steps = (b"LHLO mx.example.net", b"MAIL FROM:<%s>" % sender.encode(), b"RCPT TO:<%s>" % recipient.encode())
        for step in (*steps, b"DATA", body.removesuffix(b"\r\n") + b"\r\n."):
            writer.write(step + b"\r\n")
            code = await _answer(reader)
            if code >= 400:
                return code
        return code
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    while True:
        line = await reader.readuntil(b"\n")
        if line[3:4] != b"-":
            return int(line[:3])


def _refused(order: Order) -> str | None:
    match order.fault:
        case Fault.REFUSED:
            return f"{order.code or '550 5.7.1'} Refused"
        case Fault.THROTTLED:
            return "421 4.7.0 Too many; try again later"
        case Fault.ERROR:
            return "451 4.3.0 Internal error"
        case Fault.DROPPED:
            return ""
        case _:
            return None


def _wrong_with(raw: bytes, envelope: Envelope) -> str:
    """Say why a careful server would not take a mail; empty where it would."""
    head = raw.partition(b"\r\n\r\n")[0]
    mail = message_from_bytes(raw, policy=policy.default)
    if not head.isascii() and not envelope.smtp_utf8:
        return "554 5.6.7 The head is not in ASCII"
    if missing := [name for name in _WITHOUT if len(mail.get_all(name, [])) != 1]:
        return f"550 5.6.0 {', '.join(missing)}: exactly one is needed"
    if "bcc" in mail or any(len(line) > 998 for line in raw.split(b"\r\n")):
        return "550 5.6.0 A Bcc header, or a line that is too long"
    one_click = "list-unsubscribe-post" in mail
    if one_click and len(_LINK.findall(str(mail["List-Unsubscribe"]))) != 1:
        return "550 5.6.0 One-click needs exactly one link"
    return ""


def _understood(raw: bytes, envelope: Envelope, server: Server) -> dict[str, Any]:
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("plain", "html"))
    return {
        "id": secrets.token_hex(6).upper(),
        "to": str(mail["To"]),
        "from": str(mail["From"]),
        "subject": str(mail["Subject"] or ""),
        "text": body.get_content() if body is not None else "",
        "message_id": str(mail["Message-ID"]),
        "reply_to": str(mail["Reply-To"] or mail["From"]),
        "list_unsubscribe": str(mail["List-Unsubscribe"] or ""),
        "return_path": envelope.mail_from or "",
        "recipients": list(envelope.rcpt_tos),
        "envelope_id": server.asked.get("ENVID", ""),
        "notify": {each: asked["NOTIFY"] for each, asked in server.asked_for.items() if "NOTIFY" in asked},
        "original": {each: asked["ORCPT"] for each, asked in server.asked_for.items() if "ORCPT" in asked},
        "head": raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace"),
        "mail": raw.decode("utf-8", "replace"),
    }
