"""Meta's Cloud API for WhatsApp, as one business phone number and its app see it."""

import asyncio
import hashlib
import hmac
import json
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from tidings.simulators.meta.handshake import shake_hands
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator
from tidings.simulators.whatsapp_cloud.checking import FILES, wrong
from tidings.simulators.whatsapp_cloud.errors import refusal
from tidings.simulators.whatsapp_cloud.news import News, done, new_id

STATUSES = ("sent", "delivered", "read")
"""What is told of a message when nothing goes wrong."""


class WhatsAppCloud(Simulator):
    """One business phone number at Meta.

    `statuses` are told of every message, each after the pace and up to `jitter` seconds more. With `window_seconds`
    only templates reach people who have not written for so long. `undeliverable` names people (by number or user id)
    and the code with which messages to them fail; `user_ids` gives people of a number a user id besides.
    """

    name: ClassVar[str] = "whatsapp-cloud"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "whatsapp": Demonstration(
            address="+447700900123",
            deed="reaction",
            more={"emoji": "👍"},
            told=("accepted", "sent", "delivered", "read", "reaction"),
            usual=True,
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        statuses: Sequence[str] = STATUSES,
        jitter: float = 0.0,
        window_seconds: float | None = None,
        undeliverable: Mapping[str, int] | None = None,
        user_ids: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.statuses = tuple(statuses)
        self.jitter = jitter
        self.window_seconds = window_seconds
        self.undeliverable = dict(undeliverable or {})
        self.user_ids = dict(user_ids or {})
        self.read: list[str] = []
        """Messages of people that were marked as read."""
        self.files: dict[str, tuple[str, bytes]] = {}
        """Uploaded files: their type and themselves, by id."""
        self._news = News(settings, self.user_ids)
        self._wrote: dict[str, float] = {}
        self._received: set[str] = set()

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of the Graph API that a phone number needs."""
        return [
            web.post("/{version}/{number}/messages", self._take_message),
            web.post("/{version}/{number}/marketing_messages", self._take_message),
            web.post("/{version}/{number}/media", self._take_file),
            web.post("/{version}/{account}/subscribed_apps", self._subscribe),
            web.get("/{version}/{file}", self._name_file),
            web.get("/{version}/files/{file}", self._give_file),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error with the code, or that something went wrong."""
        return refusal(int(code or 131000))

    def throttled(self, seconds: float) -> web.Response:
        """The throughput of the number is used up."""
        return refusal(130429, status=429, headers={"Retry-After": f"{seconds:g}"})

    def tries_again(self, status: int) -> bool:
        """Anything but a 200 is repeated."""
        return status != 200

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Meta posts when a person (a number, or a user id) writes.

        A `type` and its object may be given instead of a text, and `context` (the id of a message) and `name`.
        """
        person = sender.removeprefix("+")
        self._wrote[person] = time.monotonic()
        context, name = more.pop("context", ""), more.pop("name", "Somebody")
        said = more if "type" in more else {"type": "text", "text": {"body": text}, **more}
        if context:
            said = {**said, "context": {"from": self._news.display, "id": context}}
        return [self._said(person, said, name)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Meta posts when something happens to a message.

        A deed is a status (`failed` with a `code`); what the person, or another `sender`, does: `reaction` with an
        `emoji`, `button` with `payload` and `text`, `button_reply` or `list_reply` with `id` and `title`, `nfm_reply`
        with `response`, `revoke`; or what they wish of marketing messages: `stop`, `resume`.
        """
        unknown: dict[str, Any] = {"to": "", "body": {}}
        taken = next((each for each in self.taken if each["id"] == message), unknown)
        person = str(more.pop("sender", taken["to"])).removeprefix("+")
        if deed in ("stop", "resume"):
            return [lambda: self._addressed(self._news.wish(person, deed))]
        said = done(deed, message, self._news.display, more)
        if said:
            return [self._said(person, said)]
        return [self._status(message, person, deed, taken["body"], int(more.get("code", 131026)))]

    async def shake_hands(self, url: str = "", verify_token: str = "") -> bool:
        """Ask a callback URL whether it is ours, as Meta does when it is written into the app's page."""
        return await shake_hands(url or self.callback_url, verify_token or self.settings["verifyToken"])

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return refusal(100, "The body is no JSON object.")
        if body.get("status") == "read":
            return self._mark_read(body)
        mistake = wrong(body) or self._wrong_file(body)
        if request.path.endswith("/marketing_messages") and body.get("type") != "template":
            mistake = mistake or (131009, "Only templates can be sent as marketing messages.")
        if mistake:
            return refusal(*mistake)
        return await self.serve_send(request, lambda: self._take(body))

    def _take(self, body: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        message = new_id()
        to = str(body.get("recipient") or body["to"]).removeprefix("+")
        self.taken.append({"id": message, "to": to, "type": body["type"], "body": body})
        contact = {"input": body.get("recipient") or body["to"], "wa_id": "" if "recipient" in body else to}
        user_id = to if "recipient" in body else self.user_ids.get(to)
        if user_id:
            contact["user_id"] = user_id
        told = {"id": message, **({"message_status": "accepted"} if body["type"] == "template" else {})}
        answer = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [told]}
        code = self.undeliverable.get(to) or self._outside_window(to, body["type"])
        statuses = ("failed",) if code else self.statuses
        return web.json_response(answer), [self._status(message, to, each, body, code) for each in statuses]

    def _outside_window(self, person: str, kind: str) -> int:
        """The window is counted from the person's last message; the refusal comes as a status, not as an answer."""
        if self.window_seconds is None or kind == "template":
            return 0
        wrote = self._wrote.get(person)
        return 0 if wrote is not None and time.monotonic() - wrote < self.window_seconds else 131047

    def _mark_read(self, body: dict[str, Any]) -> web.Response:
        if body.get("message_id") not in self._received:
            return refusal(131009, "The message to be marked as read is not known.")
        self.read.append(body["message_id"])
        return web.json_response({"success": True})

    def _wrong_file(self, body: dict[str, Any]) -> tuple[int, str] | None:
        file = body[body["type"]] if body["type"] in FILES else {}
        known = "id" not in file or file["id"] in self.files
        return None if known else (131009, "There is no such media.")

    async def _take_file(self, request: web.Request) -> web.Response:
        refused = self._unauthorized(request)
        if refused is not None:
            return refused
        form = await request.post()
        file = form.get("file")
        if form.get("messaging_product") != "whatsapp" or not isinstance(file, web.FileField):
            return refusal(100, "A file and messaging_product are needed.")
        known = str(secrets.randbelow(10**16))
        self.files[known] = (str(form.get("type") or file.content_type), file.file.read())
        return web.json_response({"id": known})

    async def _name_file(self, request: web.Request) -> web.Response:
        known = request.match_info["file"]
        kind, octets = self.files.get(known, ("", b""))
        if not self._has_token(request):
            return refusal(190)
        if not kind:
            return refusal(100, "There is no such object.", error_subcode=33)
        return web.json_response(
            {
                "url": f"{self.base_url}/{request.match_info['version']}/files/{known}",
                "mime_type": kind,
                "sha256": hashlib.sha256(octets).hexdigest(),
                "file_size": len(octets),
                "id": known,
                "messaging_product": "whatsapp",
            }
        )

    async def _give_file(self, request: web.Request) -> web.Response:
        kind, octets = self.files.get(request.match_info["file"], ("", b""))
        if not self._has_token(request):
            return refusal(190)
        return web.Response(body=octets, content_type=kind) if kind else web.Response(status=404)

    async def _subscribe(self, request: web.Request) -> web.Response:
        """Subscribe the app to the account; a callback URL of its own is asked first whether it is ours."""
        if not self._has_token(request):
            return refusal(190)
        wanted = json.loads(await request.read() or b"{}")
        url = wanted.get("override_callback_uri", "")
        if url and not await self.shake_hands(url, wanted.get("verify_token", "")):
            return refusal(100, "The callback URL did not answer the challenge.")
        self.callback_url = url or self.callback_url
        return web.json_response({"success": True})

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        if not self._has_token(request):
            return refusal(190)
        if request.match_info["number"] != self.settings["phoneNumberId"]:
            return refusal(100, "There is no such object.", error_subcode=33)
        secret, token = self.settings["appSecret"].encode(), self.settings["accessToken"].encode()
        if request.query.get("appsecret_proof") in (None, hmac.new(secret, token, hashlib.sha256).hexdigest()):
            return None
        return refusal(100, "Invalid appsecret_proof provided in the API argument.")

    def _has_token(self, request: web.Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.settings['accessToken']}"

    def _status(self, message: str, person: str, status: str, body: Mapping[str, Any], code: int) -> Callback:
        tag = body.get("biz_opaque_callback_data")
        return lambda: self._addressed(self._news.status(message, person, status, tag=tag, code=code))

    def _said(self, person: str, said: Mapping[str, Any], name: str = "Somebody") -> Callback:
        post = self._news.said(message := new_id(), person, name, said)
        self._received.add(message)
        return lambda: self._addressed(post)

    def _addressed(self, post: Post) -> Post:
        return msgspec.structs.replace(post, url=self.callback_url)

    async def _post_once(self, post: Post) -> int:
        await asyncio.sleep(random.uniform(0, self.jitter))
        return await super()._post_once(post)
