"""A stand-in for SendGrid: its send API, its signed event webhook, and its Inbound Parse.

What becomes of a mail is said by the recipient's local part (`tidings.simulators.mail.stories`).
"""

import base64
import json
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from functools import partial
from typing import Any, ClassVar

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tidings.simulators.mail.mails import Written, write
from tidings.simulators.mail.stories import Happening, story
from tidings.simulators.sendgrid.checking import recipients, wrong_with
from tidings.simulators.sendgrid.events import as_late_bounce, event_of
from tidings.simulators.sendgrid.parsing import form_of
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

KEY = derive_private_key(0x1F2E3D4C5B6A79880011223344556677889900AABBCCDDEEFF01020304050607, SECP256R1())
"""What every such stand-in signs with; nobody's secret. The channel's `publicKey` must be the one of this key."""


class SendGrid(Simulator):
    """One account.

    With `batched`, all that is told of a request comes in one post, in no order and with one event twice; else each
    event in a post of its own. `signed_parse` signs inbound posts instead of logging them in.
    """

    name = "sendgrid"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "email": Demonstration(
            address="ada@example.com", deed="opened", told=("accepted", "sent", "delivered", "read", "opened")
        )
    }

    def __init__(
        self, settings: Mapping[str, Any], *, batched: bool = False, signed_parse: bool = False, **more: Any
    ) -> None:
        super().__init__(settings, **more)
        self.batched = batched
        self.signed_parse = signed_parse
        self._chance = random.Random(7)

    def routes(self) -> Sequence[web.RouteDef]:
        """The send API."""
        return [web.post("/v3/mail/send", self._send)]

    def refusal(self, code: str) -> web.Response:
        """Refuse a send request with an HTTP status."""
        return _refuse(int(code or 400), ("Refused as ordered.", None))

    def throttled(self, seconds: float) -> web.Response:
        """The answer to too many requests: it says when the limit begins anew."""
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time() + seconds) + 1)}
        return _refuse(429, ("too many requests", None), headers=headers)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.settings['apiKey']}":
            return _refuse(401, ("The provided authorization grant is invalid, expired, or revoked", None))
        try:
            sent: dict[str, Any] = json.loads(await request.read())
            wrong = wrong_with(sent)
        except (ValueError, AttributeError, TypeError, KeyError):
            wrong = [("Bad Request", None)]
        if wrong:
            return _refuse(400, *wrong)
        if sent.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return web.Response(status=200)
        return await self.serve_send(request, partial(self._take, sent))

    def _take(self, sent: Mapping[str, Any]) -> tuple[web.Response, list[Callback]]:
        message = {
            "id": secrets.token_urlsafe(16),
            "to": recipients(sent),
            "from": sent["from"],
            "subject": sent.get("subject", ""),
            "categories": sent.get("categories", []),
            "custom_args": sent["personalizations"][0].get("custom_args", {}),
            "request": sent,
        }
        self.taken.append(message)
        events = [
            event
            for recipient in message["to"]
            for happening in (Happening("sent"), *story(recipient))
            if (event := event_of(message, recipient, happening))
        ]
        if self.batched:
            events.append(events[0])
            self._chance.shuffle(events)
            callbacks = [self._posted(events)]
        else:
            callbacks = [self._posted([event]) for event in events]
        return web.Response(status=202, headers={"X-Message-Id": message["id"]}), callbacks

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Let something happen to a mail taken, by a name of `Happening`; `more` as in it.

        And `recipient`, and `late`, for a bounce that comes without ids.
        """
        taken = next(each for each in self.taken if each["id"] == message)
        recipient, late = more.pop("recipient", taken["to"][0]), more.pop("late", False)
        event = event_of(taken, recipient, msgspec.convert({"name": deed, **more}, Happening))
        return [] if event is None else [self._posted([as_late_bounce(event) if late else event])]

    def _posted(self, events: Sequence[Mapping[str, Any]]) -> Callback:
        body = json.dumps(events).encode() + b"\r\n"
        return lambda: Post(self.callback_url, body, {"Content-Type": "application/json", **_signature(body)})

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Let somebody write; `more` as in `write` and `form_of`."""
        to = f"inbox@in.{parseaddr(str(self.settings['sender']))[1].rpartition('@')[2]}"
        return [partial(self._parse_post, write(sender, text, to, more), text, more)]

    def _parse_post(self, mail: Written, text: str, more: Mapping[str, Any]) -> Post:
        kind, body = form_of(mail, text, more)
        login = base64.b64encode(str(self.settings.get("inboundLogin", "")).encode()).decode()
        proof = _signature(body) if self.signed_parse else {"Authorization": f"Basic {login}"}
        return Post(f"{self.callback_url}/inbound", body, {"Content-Type": kind, **proof})


def _signature(body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    signature = KEY.sign(timestamp.encode() + body, ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def _refuse(status: int, *wrong: tuple[str, str | None], headers: Mapping[str, str] | None = None) -> web.Response:
    errors = [{"message": message, "field": field, "help": None} for message, field in wrong]
    return web.json_response({"errors": errors}, status=status, headers=headers)
