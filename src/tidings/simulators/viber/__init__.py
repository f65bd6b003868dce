"""Viber's bot API, as one bot sees it."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import aiohttp
import msgspec
from aiohttp import web

from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator
from tidings.simulators.viber.checking import BAD_DATA, LARGEST_REQUEST, MISSING_DATA, failure, wrong

STATUSES = ("delivered", "seen")
"""What is told of a message when nothing goes wrong."""

WORDS = {
    1: "invalidUrl",
    2: "invalidAuthToken",
    3: "badData",
    4: "missingData",
    5: "receiverNotRegistered",
    6: "notSubscribed",
    7: "publicAccountBlocked",
    10: "webhookNotSet",
    12: "tooManyRequests",
    13: "apiVersionNotSupported",
    21: "unsupportedCountry",
    23: "freeMessagesExceeded",
    24: "noBalance",
}
"""What Viber calls its statuses."""

SELECTABLE = frozenset({"delivered", "seen", "failed", "conversation_started"})
"""Events that a bot may do without; the others always come."""

_HOST = "SN-CHAT-01_"


class Viber(Simulator):
    """One bot at Viber.

    `statuses` are told of every message, by each of a person's `devices`. `refusing` names people and the status that
    messages to them are answered with; `failing` those whose messages are taken and fail then, and why.
    `unsubscribed` people are refused until they write.
    """

    name: ClassVar[str] = "viber"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {"viber": Demonstration(address="4Tnr0uKz8Gk1aWv0Zq3nEQ==")}

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        statuses: Sequence[str] = STATUSES,
        devices: int = 1,
        refusing: Mapping[str, int] | None = None,
        failing: Mapping[str, str] | None = None,
        unsubscribed: Collection[str] = (),
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.statuses = tuple(statuses)
        self.devices = devices
        self.refusing = dict(refusing or {})
        self.failing = dict(failing or {})
        self.unsubscribed = set(unsubscribed)
        self.welcomes: list[dict[str, Any]] = []
        """What people were welcomed with."""
        self.events = SELECTABLE
        """The events that the bot wants of those it may do without."""
        self._tracking: dict[str, str] = {}
        """By person, the tracking data that their next message comes with."""

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of the bot API."""
        return [
            web.post("/send_message", self._take_message),
            web.post("/set_webhook", self._set_webhook),
            web.post("/get_account_info", self._tell_account),
        ]

    def refusal(self, code: str) -> web.Response:
        """A status that is not 0; like everything, it comes as a 200."""
        return _answer(int(code or BAD_DATA))

    def throttled(self, seconds: float) -> web.Response:
        """Status 12; Viber does not say how long to wait."""
        return _answer(12)

    def tries_again(self, status: int) -> bool:
        """Anything but a 200 is repeated."""
        return status != 200

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Viber posts when a person writes, and that the message arrived at the bot.

        A `type` and its fields may be given instead of a text, and `name`, `silent` and `chat_id`.
        """
        name, silent, chat = more.pop("name", "Somebody"), more.pop("silent", False), more.pop("chat_id", "")
        self.unsubscribed.discard(sender)
        said = dict(more) if "type" in more else {"type": "text", "text": text, **more}
        if sender in self._tracking:
            said.setdefault("tracking_data", self._tracking.pop(sender))
        token = _new_token()
        told = {"sender": _person(sender, name), "message": said, "silent": silent}
        told |= {"chat_id": chat} if chat else {}
        arrived = [self._told("delivered", token, user_id=sender)] if "delivered" in self.events else []
        return [self._told("message", token, **told), *arrived]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Viber posts when something happens to a message, in the words of its events.

        `delivered`, `seen`, and `failed` with a `desc`; `reply` is a person who taps the first button, or the one with
        a `label`; `subscribed`, `unsubscribed` and `conversation_started` are people who come and go. `sender` says
        who, where it is not the message's recipient.
        """
        unknown: dict[str, Any] = {"to": "", "body": {}}
        taken = next((each for each in self.taken if each["id"] == message), unknown)
        sender = str(more.pop("sender", taken["to"]))
        if deed == "reply":
            button = _button(taken["body"], more.pop("label", ""))
            return self.inbound(sender, str(button["ActionBody"]), silent=bool(button.get("Silent")), **more)
        if deed in ("subscribed", "conversation_started"):
            return [self._told(deed, _new_token(), user=_person(sender, more.pop("name", "Somebody")), **more)]
        if deed == "unsubscribed":
            self.unsubscribed.add(sender)
            return [self._told(deed, _new_token(), user_id=sender)]
        if deed in SELECTABLE - self.events:
            return []
        return [self._told(deed, int(message or 0), user_id=sender, **more) for _ in range(self.devices)]

    async def start_conversation(self, person: str) -> dict[str, Any]:
        """Let a person open the chat; give the welcome message, if there is one."""
        [callback] = self.act("", "conversation_started", sender=person, type="open", subscribed=False)
        _, body = await _exchange(callback())
        welcome: dict[str, Any] = json.loads(body) if body else {}
        if welcome and wrong(welcome) is None:
            self.welcomes.append(welcome)
        return welcome

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        body = await self._read(request)
        if isinstance(body, web.Response):
            return body
        receiver = body.get("receiver")
        if not isinstance(receiver, str) or not receiver:
            return _answer(MISSING_DATA, "receiver")
        if not self.callback_url:
            return _answer(10)
        if receiver in self.refusing or receiver in self.unsubscribed:
            return _answer(self.refusing.get(receiver, 6))
        mistake = wrong(body)
        if mistake:
            return _answer(*mistake)
        return await self.serve_send(request, lambda: self._take(receiver, body))

    def _take(self, receiver: str, body: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        token = _new_token()
        self.taken.append({"id": str(token), "to": receiver, "type": body["type"], "body": body})
        if "tracking_data" in body:
            self._tracking[receiver] = body["tracking_data"]
        failed = self.failing.get(receiver) or failure(body)
        if failed:
            callbacks = self.act(str(token), "failed", desc=failed)
        else:
            callbacks = [each for status in self.statuses for each in self.act(str(token), status)]
        return _answer(0, message_token=token, chat_hostname=_HOST, billing_status=1), callbacks

    async def _set_webhook(self, request: web.Request) -> web.Response:
        """Set the callback URL, which must answer while the bot still waits; an empty one removes it."""
        body = await self._read(request)
        if isinstance(body, web.Response):
            return body
        url, wanted = str(body.get("url", "")), body.get("event_types")
        if url:
            post = msgspec.structs.replace(self._told("webhook", _new_token())(), url=url)
            if (await _exchange(post))[0] != 200:
                return _answer(1)
        self.callback_url = url
        self.events = SELECTABLE if wanted is None else SELECTABLE & frozenset(wanted)
        return _answer(0, event_types=sorted({*self.events, "message", "subscribed", "unsubscribed"}))

    async def _tell_account(self, request: web.Request) -> web.Response:
        body = await self._read(request)
        if isinstance(body, web.Response):
            return body
        return _answer(0, id="pa:1", name=self.settings["senderName"], uri="shop", webhook=self.callback_url)

    async def _read(self, request: web.Request) -> dict[str, Any] | web.Response:
        """Read a request's object; the token stands in a header or in it."""
        octets = await request.read()
        try:
            body = json.loads(octets)
        except ValueError:
            body = None
        if len(octets) > LARGEST_REQUEST or not isinstance(body, dict):
            return _answer(BAD_DATA)
        token = request.headers.get("x-viber-auth-token") or body.get("auth_token")
        return body if token == self.settings["authToken"] else _answer(2)

    def _told(self, event: str, token: int, **more: Any) -> Callback:
        told = {"event": event, "timestamp": int(time.time() * 1000), "chat_hostname": _HOST, "message_token": token}
        body = json.dumps({**told, **more}, separators=(",", ":"), ensure_ascii=False).encode()
        signature = hmac.new(self.settings["authToken"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Viber-Content-Signature": signature}
        return lambda: Post(self.callback_url, body, headers)


async def _exchange(post: Post) -> tuple[int, bytes]:
    """Make a callback whose answer matters."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(post.url, data=post.body, headers=post.headers) as response,
    ):
        return response.status, await response.read()


def _answer(status: int, field: str = "", **more: Any) -> web.Response:
    word = "ok" if status == 0 else WORDS.get(status, "generalError")
    return web.json_response({"status": status, "status_message": f"{word} {field}".rstrip(), **more})


def _new_token() -> int:
    """Make a token, which is larger than many a language's numbers."""
    return 5 * 10**18 + secrets.randbelow(10**18)


def _person(person: str, name: str) -> dict[str, Any]:
    avatar = "https://media-direct.cdn.viber.com/avatar"
    return {"id": person, "name": name, "avatar": avatar, "country": "PT", "language": "pt", "api_version": 10}


def _button(body: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    """Find a button of a message that does something."""
    held = [*body.get("keyboard", {}).get("Buttons", ()), *body.get("rich_media", {}).get("Buttons", ())]
    return next(each for each in held if each.get("ActionType") != "none" and label in ("", each.get("Text")))
