"""A stand-in for Amazon SES with all that belongs to it: the send API, an SNS topic, and a bucket for incoming mails.

What becomes of a mail is said by the recipient's local part (`tidings.simulators.mail.stories`).
"""

import asyncio
import base64
import json
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.utils import parseaddr
from functools import partial
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from tidings.rules.times import to_iso
from tidings.simulators.mail.mails import write
from tidings.simulators.mail.stories import Happening, story
from tidings.simulators.ses.checking import recipients, wrong_with, wrong_with_signature
from tidings.simulators.ses.telling import arrival_of, event_of
from tidings.simulators.ses.topic import CERTIFICATE, Topic, as_text, trial
from tidings.simulators.simulator import Callback, Demonstration, Simulator

CONFIRMED_WITHIN = 5.0
"""Seconds that the topic waits for its subscription to be confirmed before it gives up."""
STATUSES = {"NotFoundException": 404, "TooManyRequestsException": 429}
LEISURE = 3000
"""Milliseconds by which a mail is older than it is: what people do here at once would else be hastier than people."""
LARGEST_PUBLISHED = 150 * 1024
"""Octets of an incoming mail that comes within the notice."""


class Ses(Simulator):
    """One account in one region, with the first topic of the settings.

    Nothing is posted before the subscription is confirmed, which the topic asks for at the first event. `version` is
    that of the signatures; `raw` turns raw message delivery on.
    """

    name = "ses"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "email": Demonstration(
            address="ada@example.com", deed="opened", told=("accepted", "sent", "delivered", "read", "opened")
        )
    }

    def __init__(self, settings: Mapping[str, Any], *, version: str = "2", raw: bool = False, **more: Any) -> None:
        super().__init__(settings, **more)
        self.topic = Topic(str(settings["topics"][0]), version=version, raw=raw)
        self.bucket: dict[str, bytes] = {}
        """Incoming mails, by their keys."""
        self._subscribing = asyncio.Lock()
        self._confirmed = asyncio.Event()

    def routes(self) -> Sequence[web.RouteDef]:
        """The send API; what SNS and S3 have, which are elsewhere in the world."""
        return [
            web.post("/v2/email/outbound-emails", self._send),
            web.get(CERTIFICATE, self._give_certificate),
            web.get("/", self._confirm),
            web.get("/{bucket}/{key:.+}", self._give_object),
        ]

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen on loopback; give the base URL."""
        self.topic.origin = await super().start(port, host)
        return self.topic.origin

    def refusal(self, code: str) -> web.Response:
        """Refuse a send request with an exception."""
        kind, _, text = (code or "BadRequestException").partition(" ")
        return _refuse(kind, text or "Refused as ordered.")

    def throttled(self, seconds: float) -> web.Response:
        """The answer to too many requests; SES never says how long to wait."""
        return _refuse("TooManyRequestsException", "Maximum sending rate exceeded.")

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if wrong := wrong_with_signature(request, body, self.settings, "ses"):
            return _refuse(wrong, "The request signature we calculated does not match.", 403)
        try:
            sent: dict[str, Any] = json.loads(body)
            verified = parseaddr(str(self.settings["sender"]))[1].rpartition("@")[2].lower()
            kind, text = wrong_with(sent, verified)
        except (ValueError, AttributeError, TypeError, KeyError):
            kind, text = "BadRequestException", "The request is not of the API's shape."
        return _refuse(kind, text) if kind else await self.serve_send(request, partial(self._take, sent))

    def _take(self, sent: Mapping[str, Any]) -> tuple[web.Response, list[Callback]]:
        message = _understood(sent)
        self.taken.append(message)
        callbacks: list[Callback] = []
        for recipient in message["to"]:
            for happening in (Happening("sent"), *story(recipient)):
                callbacks += self._happen(message, recipient, happening)
        return web.json_response({"MessageId": message["id"]}), callbacks

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Let something happen to a mail taken, by a name of `Happening`; `more` as in it, and `recipient`."""
        taken = next(each for each in self.taken if each["id"] == message)
        recipient = more.pop("recipient", taken["to"][0])
        return self._happen(taken, recipient, msgspec.convert({"name": deed, **more}, Happening))

    def _happen(self, message: Mapping[str, Any], recipient: str, what: Happening) -> list[Callback]:
        event = event_of(message, recipient, what)
        return [] if event is None else [self._published(event)]

    def _published(self, event: Any) -> Callback:
        id_ = str(uuid.uuid4())
        return lambda: self.topic.notification(self.callback_url, id_, as_text(event))

    def try_out(self) -> list[Callback]:
        """What SES publishes when an event destination is set up."""
        return [lambda: trial(self.callback_url, self.topic)]

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Let somebody write; `more` as in `write`, and `how`: `base64`, `utf8` or `s3`."""
        to = f"inbox@in.{parseaddr(str(self.settings['sender']))[1].rpartition('@')[2]}"
        mail, how = write(sender, text, to, more), more.get("how", "base64")
        if how == "s3" or len(mail.raw) > LARGEST_PUBLISHED:
            key = f"mail/{secrets.token_hex(12)}"
            self.bucket[key] = mail.raw
            action = {"type": "S3", "bucketName": self.settings.get("inboxBucket", "inbox"), "objectKey": key}
            return [self._published(arrival_of(mail, action))]
        action = {"type": "SNS", "topicArn": self.topic.arn, "encoding": how.upper()}
        content = base64.b64encode(mail.raw).decode() if how == "base64" else mail.raw.decode("utf-8", "replace")
        return [self._published({**arrival_of(mail, action), "content": content})]

    async def _post_all(self, callbacks: Sequence[Callback], delay: float) -> None:
        if callbacks and await self._subscribed():
            await super()._post_all(callbacks, delay)

    async def _subscribed(self) -> bool:
        """Have the subscription confirmed, if it is not yet; say whether it is."""
        async with self._subscribing:
            if not self.topic.confirmed:
                await self._post_until_taken(lambda: self.topic.confirmation(self.callback_url))
                try:
                    await asyncio.wait_for(self._confirmed.wait(), CONFIRMED_WITHIN)
                except TimeoutError:
                    return False
        return True

    async def _confirm(self, request: web.Request) -> web.Response:
        right = self.topic.confirm(request.query)
        if self.topic.confirmed:
            self._confirmed.set()
        return web.Response(status=200 if right else 400)

    async def _give_certificate(self, request: web.Request) -> web.Response:
        return web.Response(body=self.topic.certificate)

    async def _give_object(self, request: web.Request) -> web.Response:
        if wrong := wrong_with_signature(request, b"", self.settings, "s3"):
            return web.Response(status=403, text=wrong)
        found = self.bucket.get(request.match_info["key"])
        right = request.match_info["bucket"] == self.settings.get("inboxBucket") and found is not None
        return web.Response(body=found) if right else web.Response(status=404)


def _understood(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a send request asks for."""
    content: dict[str, Any] = sent["Content"]
    raw = base64.b64decode(content["Raw"]["Data"]) if "Raw" in content else b""
    mail = message_from_bytes(raw)
    return {
        "id": f"0102{secrets.token_hex(6)}-{uuid.uuid4()}-000000",
        "to": recipients(sent),
        "from": sent["FromEmailAddress"],
        "content": content,
        "subject": str(mail["Subject"] or ""),
        "headers": dict(mail.items()),
        "raw": raw.decode("utf-8", "replace"),
        "tags": {tag["Name"]: [tag["Value"]] for tag in sent.get("EmailTags", [])},
        "configuration_set": sent.get("ConfigurationSetName", ""),
        "taken_at": to_iso(round(time.time() * 1000) - LEISURE),
    }


def _refuse(kind: str, text: str, status: int = 0) -> web.Response:
    headers = {"x-amzn-ErrorType": kind}
    return web.json_response({"message": text}, status=status or STATUSES.get(kind, 400), headers=headers)
