"""A provider outside the hub: it checks our signature, takes messages, and posts signed reports.

Signature  Standard Webhooks, both ways, by the `standardwebhooks` library
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
from aiohttp import web
from msgspec import UNSET, Struct, UnsetType
from standardwebhooks import Webhook, WebhookVerificationError

from tidings.model.platforms import PLATFORMS
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

SEGMENT = 160
"""Characters of a segment; what this provider calls one, whatever the alphabet."""

ADDRESSES = {"phonenumber": "+447700900123", "emailaddress": "ada@example.com"}
"""Somebody's address, by what identifies people on a platform."""

DEEDS = frozenset({"clicked", "opened", "reported-as-spam", "unsubscribe-request", "delete-request", "reaction"})
STATUSES = frozenset({"sent", "delivered", "read", "expired", "failed", "filtered"})


class HandedOver(Struct, rename={"message_id": "messageId", "status_url": "statusUrl"}):
    """What of a message this provider cannot do without; the rest is kept as it came."""

    message_id: str
    channel: str
    to: str
    hop: int
    body: str | UnsetType = UNSET
    status_url: str = ""


class CustomProvider(Simulator):
    """A provider of the operator's own.

    Every message taken is reported `sent` and `delivered`, or what `lives` says; a message is taken once, by its
    `webhook-id`, however often it comes, and is then answered as it was the first time.
    """

    name = "custom"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        name: Demonstration(address=ADDRESSES.get(each.identifier, "ada"), deed="read")
        for name, each in PLATFORMS.items()
    }

    def __init__(
        self, settings: Any, *, lives: Sequence[str] = ("sent", "delivered"), path: str = "/messages", **more: Any
    ) -> None:
        super().__init__(settings, **more)
        self.lives = tuple(lives)
        self.path = path
        self._hooks = Webhook(settings["signingKey"])
        self._reports = Webhook(settings.get("inboundKey") or settings["signingKey"])
        self._answered: dict[str, dict[str, Any]] = {}

    @property
    def channel_settings(self) -> dict[str, Any]:
        """The settings of a channel whose provider this is, once it listens."""
        return {**self.settings, "url": f"{self.base_url}{self.path}"}

    def routes(self) -> Sequence[web.RouteDef]:
        """Take messages at one path."""
        return [web.post(self.path, self._take)]

    def refusal(self, code: str) -> web.Response:
        """Answer 200, `successful: false` and a validation failure; or, for a number, with that HTTP status."""
        if code.isdigit() and 400 <= int(code) < 600:
            return web.json_response({"message": "refused"}, status=int(code))
        failure = {"property": "body", "failureCode": code, "details": "body field is not valid."}
        return web.json_response({"successful": False, "segmentCount": 0, "validationFailures": [failure]})

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Post what a person wrote; `more` are further fields of it (`to`, `messageParts`, `replyTo`, …)."""
        item = {"type": "inbound", "id": str(uuid4()), "from": sender, "body": text, "receivedOn": _now(), **more}
        return [partial(self._post, self.callback_url, item)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Post a receipt where `deed` is a status, else an interaction; `more` are further fields of it.

        `message` is the id of a message taken, or the hub's own, and then its newest hop here is meant.
        """
        taken = next(each for each in reversed(self.taken) if message in (each["id"], each["messageId"]))
        about = {"messageId": taken["messageId"], "hop": taken["hop"], "timestamp": _now()}
        if deed in STATUSES:
            item = {"type": "receipt", "status": deed, **about, **more}
        elif deed in DEEDS:
            item = {"type": "interaction", "id": str(uuid4()), "interaction": deed, **about, **more}
        else:
            raise ValueError(f"no such deed: {deed}")
        return [partial(self._post, taken.get("statusUrl") or self.callback_url, item)]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            self._hooks.verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, UnicodeDecodeError, ValueError) as error:
            return web.json_response({"message": f"signature refused: {error}"}, status=401)
        try:
            message = msgspec.json.decode(body, type=HandedOver)
        except msgspec.DecodeError as error:
            return web.json_response({"message": str(error)}, status=400)
        if (known := self._answered.get(request.headers["webhook-id"])) is not None:
            return web.json_response(known)
        if request.headers["webhook-id"] != f"{message.message_id}:{message.hop}":
            return web.json_response({"message": "webhook-id is not of this message"}, status=400)
        whole = msgspec.json.decode(body)
        return await self.serve_send(request, partial(self._answer, request.headers["webhook-id"], message, whole))

    def _answer(self, key: str, message: HandedOver, whole: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        answer: dict[str, Any] = {
            "to": message.to.removeprefix("+"),
            "successful": True,
            "clientRef": message.message_id,
        }
        if isinstance(message.body, str):
            answer["segmentCount"] = max(1, -(-len(message.body) // SEGMENT))
        self._answered[key] = answer
        self.taken.append({**whole, "id": key})
        callbacks = [each for status in self.lives for each in self.act(key, status)]
        return web.json_response(answer), callbacks

    def _post(self, url: str, item: dict[str, Any]) -> Post:
        """Write one report, signed for this moment."""
        body, key, now = msgspec.json.encode(item), str(uuid4()), datetime.now(UTC)
        return Post(
            url,
            body,
            {
                "content-type": "application/json",
                "webhook-id": key,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self._reports.sign(key, now, body.decode()),
            },
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
