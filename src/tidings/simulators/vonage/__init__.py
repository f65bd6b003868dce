"""A local stand-in for Vonage's SMS API and Messages API."""

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from tidings.rules.encoding import count, is_gsm7
from tidings.rules.keywords import is_start, is_stop
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator
from tidings.simulators.vonage import news
from tidings.simulators.vonage.checking import TEXTS, fault, wrong
from tidings.simulators.vonage.proof import is_known, sign, token_for, trouble_with

SOME_NUMBER = "447418340000"
"""The number that people write to where the channel has none."""
_DELIVERED = {"sms": ("buffered", "delivered"), "messages": ("submitted", "delivered")}
_FORM = "application/x-www-form-urlencoded"

Transport = Literal["get", "form", "json"]


class Vonage(Simulator):
    """An account at Vonage.

    `path` is the way of statuses a message goes after it was taken. `transport` is how the SMS API calls webhooks, and
    `version` the shape of the Messages API's; `signed` says whether webhooks are signed. `failing` names people, and
    the code that messages to them are lost with.
    """

    name: ClassVar[str] = "vonage"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "sms": Demonstration(address="+447700900123", told=("accepted", "sent", "delivered"))
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        path: Sequence[str] = (),
        transport: Transport = "form",
        version: Literal["v0.1", "v1"] = "v1",
        signed: bool = True,
        failing: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.api = str(settings.get("api", "sms"))
        self.path = tuple(path) or _DELIVERED[self.api]
        self.transport = transport
        self.version = version
        self.signed = signed
        self.failing = dict(failing or {})
        self.opted_out: set[str] = set()
        self._media: dict[str, bytes] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        """Both APIs, and the files that people sent."""
        return [
            web.post("/sms/json", self._by_sms),
            web.post("/v1/messages", self._by_messages),
            web.get("/v3/media/{media}", self._give_media),
        ]

    def refusal(self, code: str) -> web.Response:
        """An answer of the SMS API by its status, or of the Messages API by its error's number or an HTTP status."""
        if self.api == "sms":
            part = {"status": code, "error-text": TEXTS.get(code, f"Refused with {code}")}
            return web.json_response({"message-count": "1", "messages": [part]})
        return _problem(int(code)) if len(code) == 3 else _problem(422, number=code)

    def throttled(self, seconds: float) -> web.Response:
        """Status 1 with a wait in its text, or a 429."""
        if self.api == "sms":
            text = f"Throughput Rate Exceeded - please wait [ {round(seconds * 1000)} ] and retry"
            return web.json_response({"message-count": "1", "messages": [{"status": "1", "error-text": text}]})
        answer = _problem(429)
        answer.headers["Retry-After"] = f"{seconds:g}"
        return answer

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Vonage posts when a person writes.

        `to` is our number; `shuffled` has the parts of a long text come last first. Of the Messages API, `media` is a
        file's octets in base64, `kind` what it is, and the rest stands in the message.
        """
        number, to = sender.removeprefix("+"), str(more.pop("to", self.settings.get("sender") or SOME_NUMBER))
        if is_stop(text):
            self.opted_out.add(number)
        elif is_start(text):
            self.opted_out.discard(number)
        to, url = to.removeprefix("+"), self.callback_url
        if self.api == "messages":
            if "media" in more:
                kind = more.pop("kind", "image")
                more |= {"message_type": kind, kind: {"url": self._keep(more.pop("media"))}, "channel": "mms"}
            return [self._json(url, news.message(number, to, text, self.version, more))]
        parts = news.texts(number, to, text, str(self.settings["apiKey"]))
        return [self._fields(url, part) for part in (parts[::-1] if more.get("shuffled") else parts)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Vonage posts when a message gets a status (with a `code`), for every part; or the person a `stop`."""
        taken = next((each for each in self.taken if each["id"] == message), None)
        if taken is None:
            raise ValueError(f"no message {message}")
        if deed == "stop":
            return self.inbound(taken["to"], "STOP", to=taken["from"])
        return self._told(taken, deed, str(more.get("code", "")))

    def _told(self, taken: Mapping[str, Any], status: str, code: str) -> list[Callback]:
        fields = taken["fields"]
        if self.api == "messages":
            return [
                self._json(fields.get("webhook_url", self.callback_url), news.status(taken, status, code, self.version))
            ]
        if fields.get("status-report-req") == "0":
            return []
        account, url = str(self.settings["apiKey"]), fields.get("callback", self.callback_url)
        return [self._fields(url, news.receipt(taken, part, status, code, account)) for part in taken["parts"]]

    def _fields(self, url: str, fields: Mapping[str, str]) -> Callback:
        """Call a webhook of the SMS API; it is stamped and signed each time."""

        def post() -> Post:
            told = dict(fields)
            if self.signed:
                stamp = str(int(time.time()))
                told |= {"timestamp": stamp, "nonce": str(uuid.uuid4())}
                told["sig"] = sign(told, self.settings)
            if self.transport == "get":
                return Post(f"{url}{'&' if '?' in url else '?'}{urlencode(told)}", b"", {}, method="GET")
            if self.transport == "json":
                return Post(url, json.dumps(told).encode(), {"Content-Type": "application/json"})
            return Post(url, urlencode(told).encode(), {"Content-Type": _FORM})

        return post

    def _json(self, url: str, told: Mapping[str, Any]) -> Callback:
        """Call a webhook of the Messages API; its token is made each time."""
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()

        def post() -> Post:
            token = {"Authorization": f"Bearer {token_for(body, self.settings)}"} if self.signed else {}
            return Post(url, body, {"Content-Type": "application/json", **token})

        return post

    async def _by_sms(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        if request.content_type == "application/json":
            fields = {name: str(value) for name, value in json.loads(text).items()}
        else:
            fields = dict(parse_qsl(text, keep_blank_values=True))
        if code := trouble_with(fields, self.settings) or fault(fields):
            return self.refusal(code)
        return await self.serve_send(request, lambda: self._take_fields(fields))

    def _take_fields(self, fields: dict[str, str]) -> tuple[web.Response, list[Callback]]:
        text = fields.get("text", "")
        if fields.get("type", "text") == "text":
            # What the alphabet does not have comes out as a question mark, and nobody is told.
            text = "".join(character if is_gsm7(character) else "?" for character in text)
        parts = [news.new_id() for _ in range(count(text).segments)]
        taken = self._taken(parts[0], fields["to"], fields["from"], text, fields, parts=parts)
        return web.json_response(news.answer(parts, taken)), self._path(taken)

    async def _by_messages(self, request: web.Request) -> web.StreamResponse:
        if not is_known(request.headers.get("Authorization", ""), self.settings):
            return _problem(401)
        body = await request.json()
        if mistakes := wrong(body):
            return _problem(422, wrong=mistakes)
        return await self.serve_send(request, lambda: self._take_body(body))

    def _take_body(self, body: dict[str, Any]) -> tuple[web.Response, list[Callback]]:
        taken = self._taken(str(uuid.uuid4()), body["to"], body["from"], body["text"], body)
        return web.json_response({"message_uuid": taken["id"]}, status=202), self._path(taken)

    def _taken(
        self, id_: str, to: str, sender: str, text: str, fields: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        taken = {"id": id_, "to": to, "from": sender, "text": text, "fields": fields, **more}
        self.taken.append(taken)
        return taken

    def _path(self, taken: dict[str, Any]) -> list[Callback]:
        """The statuses of a message: all goes well, or it is lost with a code."""
        code = self.failing.get(taken["to"], "9" if taken["to"] in self.opted_out else "")
        if not code:
            return [each for status in self.path for each in self._told(taken, status, "")]
        if self.api == "messages":
            return self._told(taken, "rejected", news.ERRORS.get(code, code))
        return self._told(taken, "failed", code)

    def _keep(self, media: str) -> str:
        """Keep a file that a person sent; give its URL."""
        name = uuid.uuid4().hex
        self._media[name] = base64.b64decode(media)
        return f"{self.base_url}/v3/media/{name}"

    async def _give_media(self, request: web.Request) -> web.Response:
        if not is_known(request.headers.get("Authorization", ""), self.settings):
            return _problem(401)
        kept = self._media.get(request.match_info["media"])
        return _problem(404) if kept is None else web.Response(body=kept, content_type="image/jpeg")


_TITLES = {
    401: "Unauthorised",
    402: "Low balance",
    404: "Not Found",
    422: "The request was invalid",
    429: "Rate Limit Hit",
}


def _problem(status: int, *, number: str = "", wrong: Sequence[Mapping[str, str]] = ()) -> web.Response:
    """Write an error of the Messages API (RFC 7807)."""
    title = number or _TITLES.get(status, "Error")
    problem: dict[str, Any] = {
        "type": f"https://developer.vonage.com/api-errors/messages#{title.replace(' ', '-').lower()}",
        "title": title,
        "detail": f"Refused with {number or status}",
        "instance": str(uuid.uuid4()),
    }
    if wrong:
        problem["invalid_parameters"] = list(wrong)
    return web.json_response(problem, status=status, content_type="application/problem+json")
