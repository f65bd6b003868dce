"""TikTok's Business Messaging API, as one business account and its app see it."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.simulator import Callback, Demonstration, Simulator
from tidings.simulators.tiktok.account import Account
from tidings.simulators.tiktok.answers import Wrong, answer, done
from tidings.simulators.tiktok.checking import ACTIONS, check_message
from tidings.simulators.tiktok.news import News

LARGEST_IMAGE = 3 * 1024 * 1024
_SIGNS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
"""How images begin, by their first octets."""


class TikTok(Simulator):
    """One business account.

    People are named by their conversation with it. They must write first; within `window_seconds` of that,
    `window_messages` may go to them. With `echoes` the account's own messages are told to it.
    """

    name: ClassVar[str] = "tiktok"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "tiktok": Demonstration(address="7300000000000000001", writes_first=True, deed="read")
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        window_seconds: float = 48 * 3600.0,
        window_messages: int = 10,
        echoes: bool = True,
    ) -> None:
        self.news = News(settings)
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.account = Account(settings, window_seconds=window_seconds, window_messages=window_messages)
        self.echoes = echoes

    @property
    def callback_url(self) -> str:
        """Where webhooks go, of all accounts of the app."""
        return self.news.url

    @callback_url.setter
    def callback_url(self, url: str) -> None:
        self.news.url = url

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of the API that messaging needs."""
        posts = {
            "business/message/send": self._send,
            "business/message/media/upload": self._upload,
            "business/message/media/download": self._download,
            "business/webhook/update": self._set_webhook,
            "tt_user/oauth2/refresh_token": self._renew,
        }
        return [
            *(web.post(f"/open_api/v1.3/{path}/", partial(self._call, handle)) for path, handle in posts.items()),
            web.get("/open_api/v1.3/business/get/", partial(self._call, self._show_account)),
            web.get("/open_api/v1.3/business/webhook/list/", partial(self._call, self._show_webhook)),
            web.get("/files/{image}", self._give_image),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error with a code; HTTP 200, as always."""
        return answer(int(code or 51065))

    def throttled(self, seconds: float) -> web.Response:
        """Too many requests; how long to wait is not said."""
        return answer(40100)

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What TikTok posts when a person writes in a conversation.

        `image`, an image in base64; `answers`, the id of a message; or a `type` and its object.
        """
        self.account.hear(sender)
        if octets := more.pop("image", ""):
            more = {
                "type": "image",
                "image": {"media_id": self.account.keep_image("", base64.b64decode(octets))},
                **more,
            }
        if answered := more.pop("answers", ""):
            more["referenced_message_info"] = {"referenced_message_id": answered}
        said = {"type": "text", "text": {"body": text}, **more}
        if said["type"] != "text":
            del said["text"]
        return [self._say(sender, said, by_us=False)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What TikTok posts when something happens in the conversation of a message.

        `read` up to the message, by the person, and `own_read` by our own side; `reaction` with an `emoji`, and
        `unreaction`; `tap` of the button with an `id`, whose `title` the person says; `app_message` with a `text`.
        """
        conversation = next(each["to"] for each in self.taken if each["id"] == message)
        emoji = {"type": "EMOJI", "emoji": more.get("emoji", "👍")}
        match deed:
            case "read" | "own_read":
                return [self.news.read(conversation, self.account.sent_at[message], by_us=deed == "own_read")]
            case "reaction" | "unreaction":
                operation = "ADD" if deed == "reaction" else "REMOVE"
                put = {"operation": operation, "original_msg_id": message, **emoji}
                return [self._say(conversation, {"type": "reaction", "reaction": [put]}, by_us=False)]
            case "tap":
                source = {"reply_source_msg_id": message, "reply_source_unique_id": more["id"]}
                return self.inbound(conversation, str(more.get("title", "")), reply_source_payload=source)
            case "app_message":
                said = {"type": "text", "text": {"body": more["text"]}, "message_tag": {"source": "APP"}}
                return [self._say(conversation, said, by_us=True)]
            case _:
                raise ValueError(f"Nobody does {deed!r} with a message of TikTok's.")

    def _say(self, conversation: str, said: Mapping[str, Any], *, by_us: bool) -> Callback:
        message, at = self.account.number()
        return self.news.said(conversation, {"message_id": message, "timestamp": at, **said}, by_us=by_us)

    async def _call(self, handle: Any, request: web.Request) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handle(request)
        except Wrong as wrong:
            return wrong.answer
        return response

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body = await self._body(request)
        conversation = str(body.get("recipient", ""))
        if body.get("recipient_type") != "CONVERSATION" or not conversation:
            raise Wrong(40002, "recipient: invalid")
        if body.get("message_type") == "SENDER_ACTION":
            return self._show(conversation, str(body.get("sender_action")))
        check_message(body)
        self.account.check_open(conversation)
        if body["message_type"] == "IMAGE" and body["image"]["media_id"] not in self.account.images:
            raise Wrong(40007, "The image does not exist.")
        answered = body.get("referenced_message_info", {}).get("referenced_message_id")
        if answered and answered not in self.account.sent_at:
            raise Wrong(40007, "The message does not exist.")
        return await self.serve_send(request, partial(self._take, conversation, body))

    def _take(self, conversation: str, body: Mapping[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        message, at = self.account.answer(conversation)
        kind = body["message_type"]
        text = body.get("text", {}).get("body", "")
        self.taken.append({"id": message, "to": conversation, "type": kind, "text": text, "body": dict(body)})
        said = {"message_id": message, "timestamp": at, "type": kind.lower(), "message_tag": {"source": "API"}}
        if kind in ("TEXT", "IMAGE"):
            said[kind.lower()] = body[kind.lower()]
        echo = [self.news.said(conversation, said, by_us=True)] if self.echoes else []
        return done(message={"message_id": message}), echo

    def _show(self, conversation: str, action: str) -> web.Response:
        if action not in ACTIONS:
            raise Wrong(40002, "sender_action: invalid")
        if conversation not in self.account.conversations:
            raise Wrong(40007, "The conversation does not exist.")
        self.account.actions.append((conversation, action))
        return done(message={"message_id": ""})

    async def _upload(self, request: web.Request) -> web.Response:
        self._authorize(request)
        form = await request.post()
        file = form.get("file")
        if form.get("business_id") != self.settings["businessId"]:
            raise Wrong(40001)
        if form.get("media_type") != "IMAGE" or not isinstance(file, web.FileField):
            raise Wrong(40002, "file: missing")
        octets = file.file.read()
        kind = next((kind for sign, kind in _SIGNS.items() if octets.startswith(sign)), "")
        if not kind or len(octets) > LARGEST_IMAGE:
            raise Wrong(40908)
        return done(media_id=self.account.keep_image(kind, octets))

    async def _download(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        image = body.get("media_id")
        if body.get("media_type") not in ("IMAGE", "VIDEO") or body.get("message_id") not in self.account.sent_at:
            raise Wrong(40002)
        if image not in self.account.images or body.get("conversation_id") not in self.account.conversations:
            raise Wrong(40007)
        return done(download_url=f"{self.base_url}/files/{image}")

    async def _give_image(self, request: web.Request) -> web.Response:
        kind, octets = self.account.images.get(request.match_info["image"], ("", b""))
        if request.headers.get("x-user") != self.account.access_token or not octets:
            return web.Response(status=403)
        return web.Response(body=octets, content_type=kind or "image/jpeg")

    async def _renew(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if body.get("grant_type") != "refresh_token":
            raise Wrong(40002, "grant_type: invalid")
        self._check_app(body.get("client_id"), body.get("client_secret"))
        return done(**self.account.renew(str(body.get("refresh_token"))), open_id=self.settings["businessId"])

    async def _set_webhook(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self._check_app(body.get("app_id"), body.get("secret"))
        if body.get("event_type") != "DIRECT_MESSAGE":
            raise Wrong(40002, "event_type: invalid")
        self.callback_url = body["callback_url"]
        return done(callback_url=self.callback_url)

    async def _show_webhook(self, request: web.Request) -> web.Response:
        self._check_app(request.query.get("app_id"), request.query.get("secret"))
        return done(callback_url=self.callback_url) if self.callback_url else done()

    async def _show_account(self, request: web.Request) -> web.Response:
        self._authorize(request)
        return done(username="shop", display_name="The shop")

    async def _body(self, request: web.Request) -> dict[str, Any]:
        """Read a call's JSON on behalf of the account; raises Wrong."""
        self._authorize(request)
        try:
            body = json.loads(await request.read())
        except ValueError as error:
            raise Wrong(40002, "The body is no JSON.") from error
        if not isinstance(body, dict):
            raise Wrong(40002, "The body is no object.")
        if body.get("business_id") != self.settings["businessId"]:
            raise Wrong(40001)
        return body

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get("access-token") != self.account.access_token:
            raise Wrong(40105)

    def _check_app(self, key: Any, secret: Any) -> None:
        if (key, secret) != (self.settings["clientKey"], self.settings["clientSecret"]):
            raise Wrong(40001)
