"""A stand-in for Postmark: its send API, its webhooks, and its inbound stream.

What becomes of a mail is said by the recipient's local part (`tidings.simulators.mail.stories`); whoever is called
`suppressed` or `opted-out` is on Postmark's list of inactive addresses.
"""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import partial
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from tidings.simulators.mail.mails import write
from tidings.simulators.mail.stories import Happening, story
from tidings.simulators.postmark.checking import people, wrong_with
from tidings.simulators.postmark.records import arrival_of, record_of
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

INACTIVE = frozenset({"suppressed", "opted-out"})
TEST_TOKEN = "POSTMARK_API_TEST"  # the published one, with which nothing is sent
RETRY_SECONDS = tuple(minutes * 0.01 for minutes in (1, 5, 10, 10, 10, 15, 30, 60, 120, 360))
"""Postmark's schedule, a minute of which lasts a hundredth of a second here."""


class Postmark(Simulator):
    """One server. Webhooks are logged in where the settings say how, else they bring the secret header."""

    name = "postmark"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "email": Demonstration(
            address="ada@example.com", deed="opened", told=("accepted", "sent", "delivered", "read", "opened")
        )
    }

    def __init__(
        self, settings: Mapping[str, Any], *, retry_seconds: Sequence[float] = RETRY_SECONDS, **more: Any
    ) -> None:
        super().__init__(settings, retry_seconds=retry_seconds, **more)

    def routes(self) -> Sequence[web.RouteDef]:
        """The send API, with templates and without."""
        return [web.post("/email", self._send), web.post("/email/withTemplate", self._send)]

    def refusal(self, code: str) -> web.Response:
        """Refuse a send request with an error code."""
        return _refuse(422, int(code or 300), "Refused as ordered.")

    def throttled(self, seconds: float) -> web.Response:
        """The answer to too many requests."""
        return _refuse(429, 429, "Rate limit exceeded.", {"Retry-After": f"{seconds:g}"})

    def tries_again(self, status: int) -> bool:
        """Whether a post is repeated: 200 is done, 403 means stop."""
        return status not in {200, 403}

    async def _send(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("X-Postmark-Server-Token")
        if token not in {self.settings["serverToken"], TEST_TOKEN}:
            return _refuse(
                401, 10, "The Server Token you provided in the X-Postmark-Server-Token request header is bad."
            )
        try:
            sent: dict[str, Any] = json.loads(await request.read())
            verified = parseaddr(str(self.settings["sender"]))[1].rpartition("@")[2].lower()
            code, text = wrong_with(sent, verified, template=request.path.endswith("withTemplate"))
        except (ValueError, AttributeError, TypeError, KeyError):
            code, text = 402, "Invalid JSON."
        if code:
            return _refuse(422, code, text)
        everybody = people(sent, "To", "Cc", "Bcc")
        inactive = [each for each in everybody if each.partition("@")[0] in INACTIVE]
        if inactive == everybody:
            why = "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
            return _refuse(422, 406, f"{why}{', '.join(inactive)}. Inactive recipients are ones that have bounced.")
        take = partial(self._take, sent, inactive, tested=token == TEST_TOKEN)
        return await self.serve_send(request, take)

    def _take(
        self, sent: Mapping[str, Any], inactive: Sequence[str], *, tested: bool
    ) -> tuple[web.Response, list[Callback]]:
        message = {
            "id": str(uuid.uuid4()),
            "to": people(sent, "To", "Cc", "Bcc"),
            "from": sent["From"],
            "subject": sent.get("Subject", ""),
            "text": sent.get("TextBody", ""),
            "tag": sent.get("Tag", ""),
            "metadata": sent.get("Metadata", {}),
            "stream": sent.get("MessageStream", "outbound"),
            "request": sent,
        }
        callbacks: list[Callback] = []
        if not tested:
            self.taken.append(message)
            for recipient in (each for each in message["to"] if each not in inactive):
                for happening in story(recipient):
                    callbacks += self._happen(message, recipient, happening)
        said = (
            f"Message OK, but will not deliver to these inactive addresses: {', '.join(inactive)}" if inactive else "OK"
        )
        at = datetime.now(UTC).isoformat()
        answer = {"To": sent["To"], "SubmittedAt": at, "MessageID": message["id"], "ErrorCode": 0, "Message": said}
        return web.json_response(answer), callbacks

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Let something happen to a mail taken, by a name of `Happening`; `more` as in it, and `recipient`."""
        taken = next(each for each in self.taken if each["id"] == message)
        recipient = more.pop("recipient", taken["to"][0])
        return self._happen(taken, recipient, msgspec.convert({"name": deed, **more}, Happening))

    def _happen(self, message: Mapping[str, Any], recipient: str, what: Happening) -> list[Callback]:
        record = record_of(message, recipient, what)
        return [] if record is None else [partial(self._post, record)]

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Let somebody write; `more` as in `write`, and `raw` for the whole mail beside its parts."""
        to = f"inbox@in.{parseaddr(str(self.settings['sender']))[1].rpartition('@')[2]}"
        return [partial(self._post, arrival_of(write(sender, text, to, more), text, more), by_url=True)]

    def _post(self, record: Mapping[str, Any], *, by_url: bool = False) -> Post:
        login, secret = (str(self.settings.get(name) or "") for name in ("webhookLogin", "webhookSecret"))
        headers = {"Content-Type": "application/json", "User-Agent": "Postmark"}
        if login:
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        elif not by_url:
            # The inbound stream knows no headers of ours.
            headers[str(self.settings.get("webhookHeader", "X-Tidings-Secret"))] = secret
        return Post(self.callback_url, json.dumps(record).encode(), headers)


def _refuse(status: int, code: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"ErrorCode": code, "Message": text}, status=status, headers=headers)
