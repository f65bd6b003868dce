"""LINE's Messaging API, as one channel of it sees it."""

import json
import re
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from tidings.simulators.line.checking import wrong
from tidings.simulators.line.news import News, done, new_id, new_token, source_of
from tidings.simulators.simulator import Callback, Demonstration, Simulator, with_replies

_ADDRESS = re.compile(r"[UCR][0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")

MESSAGES = {
    "400": (400, "Failed to send messages"),
    "401": (401, "Authentication failed. Confirm that the access token in the authorization header is valid."),
    "403": (403, "Access to this API is not available for your account"),
    "404": (404, "Not found"),
    "422": (422, "The phone number is not that of a LINE user"),
    "429": (429, "The API rate limit has been exceeded. Try again later."),
    "500": (500, "The server encountered an internal error. Please try again."),
    "monthly": (429, "You have reached your monthly limit."),
    "reply": (400, "Invalid reply token"),
}
"""What a code of ours is answered with: an HTTP status, and LINE's words."""


class Line(Simulator):
    """One bot at LINE.

    `blocked` people are sent to like others, but nothing reaches them; `strangers` are phone numbers that no LINE user
    has. A reply token works once, for `reply_seconds`. `quota` is how many messages may be pushed this month, to how
    many people whatever. With `redelivery` off, a callback that is not taken is lost.
    """

    name: ClassVar[str] = "line"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "line": Demonstration(
            address="U4af4980629000000000000000000000a",
            body=with_replies("Did your parcel come?", "Yes", "No"),
            deed="postback",
            speaks=True,
            told=("accepted", "sent", "delivered", "clicked"),
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        blocked: Collection[str] = (),
        strangers: Collection[str] = (),
        reply_seconds: float = 60.0,
        quota: int | None = None,
        redelivery: bool = True,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.blocked = set(blocked)
        self.strangers = {sha256(phone.encode()).hexdigest() for phone in strangers}
        self.reply_seconds = reply_seconds
        self.quota = quota
        self.redelivery = redelivery
        self.read: list[str] = []
        """Tokens of people's messages that were marked as read."""
        self.files: dict[str, tuple[str, bytes]] = {}
        """Files of people: their type and themselves, by the message's id; without octets while they are prepared."""
        self._news = News(settings)
        self._reply_tokens: dict[str, tuple[float, str]] = {}
        """When they were given out, and where an answer goes."""
        self._marks: set[str] = set()
        self._accepted: dict[str, tuple[str, list[dict[str, str]]]] = {}
        """By retry key, the request's id and what was answered to it."""
        self._used = 0

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of the Messaging API that a bot needs."""
        return [
            web.post("/v2/bot/message/push", self._checked(self._push)),
            web.post("/v2/bot/message/reply", self._checked(self._reply)),
            web.post("/bot/pnp/push", self._checked(self._notify)),
            web.post("/v2/bot/message/validate/{kind}", self._checked(self._validate)),
            web.post("/v2/bot/chat/markAsRead", self._checked(self._mark_read)),
            web.get("/v2/bot/message/{message}/content", self._give_file),
            web.get("/v2/bot/message/quota", self._tell_quota),
            web.get("/v2/bot/message/quota/consumption", self._tell_consumption),
            web.put("/v2/bot/channel/webhook/endpoint", self._checked(self._set_endpoint)),
            web.post("/v2/bot/channel/webhook/test", self._checked(self._test_endpoint)),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error of LINE's: a status, `monthly` for the quota, `reply` for the reply token."""
        status, message = MESSAGES[code or "400"]
        return _answer({"message": message}, status=status)

    def tries_again(self, status: int) -> bool:
        """What is not taken comes again only where the channel has that switched on."""
        return self.redelivery and super().tries_again(status)

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What LINE posts when a person writes, in a group or room (`chat`) or alone with the bot.

        A `type` and its fields may be given instead of a text; `data` is the octets of a file, and `also` are more
        events of the same request, each a type and its object. `mode` is `standby` where another bot has the chat.
        """
        chat, mode, also = more.pop("chat", ""), more.pop("mode", "active"), more.pop("also", [])
        data = more.pop("data", None)
        message: dict[str, Any] = {
            "type": "text",
            "id": new_id(),
            "quoteToken": new_token(),
            "markAsReadToken": new_token(),
        }
        message |= more if "type" in more else {"text": text, **more}
        if message["type"] in ("image", "video", "audio"):
            message.setdefault("contentProvider", {"type": "line"})
        if data is not None:
            kind = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/x-m4a"}.get(message["type"], "")
            self.files[message["id"]] = (kind or "application/octet-stream", str(data).encode())
        self._marks.add(str(message.get("markAsReadToken")))
        reply_token = new_token()
        self._reply_tokens[reply_token] = (time.monotonic(), chat or sender)
        source = source_of(sender, chat)
        event = self._news.event("message", source, mode, replyToken=reply_token, message=message)
        others = [self._news.event(each["type"], each.get("source") or source, **_without(each)) for each in also]
        return [self._told([event, *others])]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What LINE posts when something happens, in the words of its event types.

        `postback` taps the first button of a message, or the one with a `label`, or has its own `data`;
        `videoPlayComplete`, `unsend` (of a person's message), `unfollow`, `follow`, `delivery` and any other type go
        with what they need. `sender` and `chat` say who did it and where.
        """
        unknown: dict[str, Any] = {"to": "", "messages": []}
        taken = next((each for each in self.taken if each["id"] == message), unknown)
        sender, chat = str(more.pop("sender", taken["to"])), str(more.pop("chat", ""))
        if deed == "postback" and "data" not in more:
            more["data"] = _data(taken["messages"], more.pop("label", ""))
        if deed == "videoPlayComplete" and "trackingId" not in more:
            more["trackingId"] = next(each["trackingId"] for each in taken["messages"] if "trackingId" in each)
        if deed == "delivery":
            more.setdefault("data", taken.get("tag") or sender)
        if deed == "unfollow":
            self.blocked.add(sender)
        source = None if deed == "delivery" else source_of(sender, chat)
        return [self._told([self._news.event(deed, source, **done(deed, message, more))])]

    async def try_endpoint(self) -> int:
        """Ask the callback URL whether it is there, as the console's button Verify does; give the answer's status."""
        return await self._post_once(self._told([])())

    # -- sending ---------------------------------------------------------------------------------------------------

    async def _push(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        key = request.headers.get("x-line-retry-key")
        if key is not None and not _is_uuid(key):
            return _answer({"message": "Invalid retry key"}, status=400)
        if key in self._accepted:
            accepted, sent = self._accepted[key]
            told = {"message": "The retry key is already accepted", "sentMessages": sent}
            return _answer(told, status=409, headers={"X-Line-Accepted-Request-Id": accepted})
        refused = self._refused(body, _ADDRESS)
        if refused is not None:
            return refused
        if self.quota is not None and self._used >= self.quota:
            return self.refusal("monthly")

        def take() -> tuple[web.Response, Sequence[Callback]]:
            self._used += 1
            response, sent = self._take(body["to"], body)
            if key is not None:
                self._accepted[key] = (response.headers["X-Line-Request-Id"], sent)
            return response, []

        return await self.serve_send(request, take)

    async def _reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if "x-line-retry-key" in request.headers:
            return _answer({"message": "Retry keys cannot be used here"}, status=400)
        refused = self._refused(body, None)
        if refused is not None:
            return refused
        since, to = self._reply_tokens.get(str(body.get("replyToken")), (0.0, ""))
        if not to or time.monotonic() - since > self.reply_seconds:
            return self.refusal("reply")

        def take() -> tuple[web.Response, Sequence[Callback]]:
            del self._reply_tokens[body["replyToken"]]
            return self._take(to, body)[0], []

        return await self.serve_send(request, take)

    async def _notify(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        """Take a notification message; it is told as delivered, by its tag or else the hashed number."""
        if "x-line-retry-key" in request.headers:
            return _answer({"message": "Retry keys cannot be used here"}, status=400)
        tag = request.headers.get("x-line-delivery-tag")
        if tag is not None and not 16 <= len(tag) <= 100:
            return _answer({"message": "Length of X-Line-Delivery-Tag must be between 16 and 100"}, status=400)
        refused = self._refused(body, _HASH)
        if refused is not None:
            return refused
        if body["to"] in self.strangers:
            return self.refusal("422")

        def take() -> tuple[web.Response, Sequence[Callback]]:
            _, sent = self._take(body["to"], body, tag or body["to"])
            reached = body["to"] not in self.blocked
            return _answer({}), self.act(sent[0]["id"], "delivery") if reached else []

        return await self.serve_send(request, take)

    def _take(self, to: str, body: dict[str, Any], tag: str = "") -> tuple[web.Response, list[dict[str, str]]]:
        sent = [{"id": new_id(), "quoteToken": new_token()} for _ in body["messages"]]
        taken = {"id": sent[0]["id"], "to": to, "messages": body["messages"], "body": body, "reached": True}
        self.taken.append({**taken, "tag": tag, "reached": to not in self.blocked})
        return _answer({"sentMessages": sent}), sent

    def _refused(self, body: dict[str, Any], address: re.Pattern[str] | None) -> web.Response | None:
        if address is not None and not address.fullmatch(str(body.get("to"))):
            return _answer({"message": "The property, 'to', in the request body is invalid (line: -, column: -)"}, 400)
        found = wrong(body.get("messages"))
        if not found:
            return None
        details = [{"message": what, "property": path} for path, what in found]
        return _answer({"message": f"The request body has {len(found)} error(s)", "details": details}, 400)

    async def _validate(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return self._refused(body, None) or _answer({})

    # -- beside sending --------------------------------------------------------------------------------------------

    async def _mark_read(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body.get("markAsReadToken") not in self._marks:
            return _answer({"message": "Invalid token"}, 400)
        self.read.append(body["markAsReadToken"])
        return _answer({})

    async def _give_file(self, request: web.Request) -> web.Response:
        kind, octets = self.files.get(request.match_info["message"], ("", b""))
        if not self._has_token(request):
            return self.refusal("401")
        if not kind:
            return self.refusal("404")
        return web.Response(body=octets, content_type=kind) if octets else web.Response(status=202)

    async def _tell_quota(self, request: web.Request) -> web.Response:
        limited = {"type": "none"} if self.quota is None else {"type": "limited", "value": self.quota}
        return _answer(limited) if self._has_token(request) else self.refusal("401")

    async def _tell_consumption(self, request: web.Request) -> web.Response:
        return _answer({"totalUsage": self._used}) if self._has_token(request) else self.refusal("401")

    async def _set_endpoint(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        url = str(body.get("endpoint", ""))
        if not url.startswith(("https://", "http://127.0.0.1")) or len(url) > 500:
            return _answer({"message": "Invalid webhook URL"}, 400)
        self.callback_url = url
        return _answer({})

    async def _test_endpoint(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        status = await self.try_endpoint()
        return _answer({"success": status == 200, "statusCode": status, "reason": "OK" if status == 200 else "ERROR"})

    # -- every request and callback --------------------------------------------------------------------------------

    def _checked(self, serve: Callable[..., Any]) -> Callable[[web.Request], Any]:
        """Serve only those who have the token and bring a JSON object."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if not self._has_token(request):
                return self.refusal("401")
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return _answer({"message": "The request body could not be parsed as JSON"}, 400)
            answer: web.StreamResponse = await serve(request, body)
            return answer

        return checked

    def _has_token(self, request: web.Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.settings['accessToken']}"

    def _told(self, events: Sequence[Mapping[str, Any]]) -> Callback:
        write = self._news.of(events)
        return lambda: msgspec.structs.replace(write(), url=self.callback_url)


def _answer(told: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    every = {"X-Line-Request-Id": str(uuid.uuid4()), **(headers or {})}
    return web.json_response(told, status=status, headers=every)


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def _without(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("type", "source")}


def _data(messages: Any, label: str) -> str:
    """Find what stands behind a button, wherever in a message it is."""
    if isinstance(messages, Mapping):
        if messages.get("type") == "postback" and label in ("", messages.get("label"), messages.get("displayText")):
            return str(messages["data"])
        messages = list(messages.values())
    found = (_data(each, label) for each in messages) if isinstance(messages, list) else ()
    return next(filter(None, found), "")
