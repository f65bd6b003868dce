"""A local stand-in for Infobip's SMS API, versions 3 and 2."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from tidings.rules.keywords import is_start, is_stop
from tidings.simulators.infobip import words
from tidings.simulators.infobip.checking import read, refusal
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

BUCKET = 100
"""Reports that one post has at most."""
ORDINARY = (7, 2, 5)
"""Ids of the statuses that a message goes through, where intermediate reports are asked for."""


class Infobip(Simulator):
    """An account at Infobip.

    `path` are the ids of the statuses of every message. `rejecting` names people and the status that messages to them
    are answered with; `failing` people, and the status and error that messages to them end with. `signed` says whether
    a notification profile proves the webhooks that were not asked for with a message.
    """

    name: ClassVar[str] = "infobip"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "sms": Demonstration(address="+447700900123", deed="clicked", told=("accepted", "sent", "delivered", "clicked"))
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        path: Sequence[int] = ORDINARY,
        rejecting: Mapping[str, int] | None = None,
        failing: Mapping[str, tuple[int, int]] | None = None,
        signed: bool = True,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.version = str(settings.get("apiVersion", "3"))
        self.path = tuple(path)
        self.rejecting = dict(rejecting or {})
        self.failing = dict(failing or {})
        self.signed = signed
        self.opted_out: set[str] = set()
        self.log: dict[str, dict[str, Any]] = {}
        """The newest status of every message id there was, refused ones too."""
        self._waiting: dict[str, list[dict[str, Any]]] = {"reports": [], "inbox": []}
        """What waits until it is asked for, and is given once."""
        self._media: dict[str, bytes] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of both versions."""
        older = self.version == "2"
        return [
            web.post("/sms/2/text/advanced" if older else "/sms/3/messages", self._send),
            web.get("/sms/1/reports" if older else "/sms/3/reports", self._give_reports),
            web.get("/sms/1/logs" if older else "/sms/3/logs", self._give_logs),
            web.get("/sms/1/inbox/reports", self._give_inbox),
            web.get("/mms/1/media/{media}", self._give_media),
        ]

    def refusal(self, code: str) -> web.Response:
        """A status within an answer of 200 by its id, or an HTTP status with Infobip's error object."""
        if len(code) == 3:
            return _problem(int(code))
        answered = {"messageId": "refused", "status": words.status(int(code)), "destination": ""}
        return web.json_response({"bulkId": "1", "messages": [answered]})

    def throttled(self, seconds: float) -> web.Response:
        """429, with a wait."""
        answer = _problem(429)
        answer.headers["Retry-After"] = f"{seconds:g}"
        return answer

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Infobip posts when a person writes; `media` is a picture in base64, the rest stands in the message."""
        number = sender.removeprefix("+")
        if is_stop(text):
            self.opted_out.add(number)
        elif is_start(text):
            self.opted_out.discard(number)
        to = str(more.pop("to", self.settings.get("sender") or "447418340000")).removeprefix("+")
        if "media" in more:
            picture = {"contentType": "image/jpeg", "url": self._keep(more.pop("media"))}
            more["message"] = [picture, *([{"contentType": "text/plain", "value": text}] if text else [])]
        return self._tell("inbox", "", [words.written(number, to, text, more)])

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Infobip posts when something happens to a message.

        A status by its name (`code` is the error's id), a `clicked` link (`url`), or the person's `stop`.
        """
        return self.act_on([message], deed, **more)

    def act_on(self, messages: Sequence[str], deed: str, **more: Any) -> list[Callback]:
        """The same of several messages, whose reports come together."""
        taken = [each for each in self.taken if each["id"] in messages]
        if not taken:
            raise ValueError(f"no message {messages}")
        if deed == "stop":
            return self.inbound(taken[0]["to"], "STOP", to=taken[0]["from"])
        if deed == "clicked":
            told = words.click(taken[0], more.get("url", "https://shop.example.test/track/42"))
            return [self._post(taken[0]["tracking"] or self._profile(), told)]
        number = next(each for each, (_, name) in words.STATUSES.items() if name == deed)
        return self._report(taken, number, int(more.get("code", 0)))

    def _report(self, taken: Sequence[dict[str, Any]], number: int, code: int = 0) -> list[Callback]:
        reports = [words.report(each, number, code, self.version) for each in taken]
        self.log |= {report["messageId"]: report for report in reports}
        return self._tell("reports", taken[0]["url"], reports)

    def _tell(self, kind: str, url: str, items: list[dict[str, Any]]) -> list[Callback]:
        """Post items by the bucket; those that nobody wants posted wait to be asked for."""
        if not url and self.settings.get("pollSeconds"):
            self._waiting[kind] += items
            return []
        buckets = [items[place : place + BUCKET] for place in range(0, len(items), BUCKET)]
        count = {"messageCount": len(items), "pendingMessageCount": 0} if kind == "inbox" else {}
        return [self._post(url or self._profile(), {"results": bucket, **count}) for bucket in buckets]

    def _profile(self) -> str:
        """Where a subscription's webhooks go."""
        token = self.settings.get("callbackToken")
        return f"{self.callback_url}?token={token}" if token else self.callback_url

    def _post(self, url: str, told: Mapping[str, Any]) -> Callback:
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **(self._proof(body) if self.signed else {})}
        return lambda: Post(url, body, headers)

    def _proof(self, body: bytes) -> dict[str, str]:
        if self.settings.get("hmacSecret"):
            algorithm = self.settings.get("hmacAlgorithm", "sha256")
            digest = hmac.new(self.settings["hmacSecret"].encode(), body, getattr(hashlib, algorithm)).digest()
            written = (
                base64.b64encode(digest).decode() if self.settings.get("hmacEncoding") == "base64" else digest.hex()
            )
            return {self.settings.get("hmacHeader", "X-Hub-Signature"): written}
        if self.settings.get("webhookUser"):
            user = f"{self.settings['webhookUser']}:{self.settings['webhookPassword']}"
            return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
        return {}

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if not self._knows(request):
            return _problem(401)
        try:
            taken = read(await request.json(), self.version)
        except (ValueError, KeyError, AttributeError) as error:
            return _problem(400, str(error))
        number = 23 if taken["id"] in self.log else refusal(taken) or self.rejecting.get(taken["to"], 0)
        if number:
            self.log.setdefault(taken["id"], {"messageId": taken["id"], "status": words.status(number)})
            return self._answer(taken, number)
        return await self.serve_send(request, lambda: self._take(taken))

    def _take(self, taken: dict[str, Any]) -> tuple[web.Response, list[Callback]]:
        taken["bulk"] = str(uuid.uuid4().int)[:19]
        self.taken.append(taken)
        self.log[taken["id"]] = words.report(taken, 26, 0, self.version)
        status, code = self.failing.get(taken["to"], (9, 603) if taken["to"] in self.opted_out else (0, 0))
        if status:
            return self._answer(taken, 26), self._report([taken], status, code)
        told = [callback for number in self.path for callback in self._report([taken], number)]
        return self._answer(taken, 26), told

    def _answer(self, taken: Mapping[str, Any], number: int) -> web.Response:
        answered: dict[str, Any] = {"messageId": taken["id"], "status": words.status(number)}
        if self.version == "2":
            answered |= {"to": taken["to"], "smsCount": taken["parts"]}
        else:
            answered |= {"destination": taken["to"], "details": {"messageCount": taken["parts"]}}
        return web.json_response({"bulkId": taken.get("bulk", "1"), "messages": [answered]})

    async def _give_reports(self, request: web.Request) -> web.Response:
        return self._give(request, "reports")

    async def _give_inbox(self, request: web.Request) -> web.Response:
        return self._give(request, "inbox")

    def _give(self, request: web.Request, kind: str) -> web.Response:
        """Give what waits, once."""
        if not self._knows(request):
            return _problem(401)
        most, waiting = int(request.query.get("limit", "50")), self._waiting[kind]
        given, self._waiting[kind] = waiting[:most], waiting[most:]
        pending = {"messageCount": len(given), "pendingMessageCount": len(waiting) - len(given)}
        return web.json_response({"results": given, **(pending if kind == "inbox" else {})})

    async def _give_logs(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return _problem(401)
        found = self.log.get(request.query.get("messageId", ""))
        return web.json_response({"results": [found] if found else []})

    def _keep(self, media: str) -> str:
        name = uuid.uuid4().hex
        self._media[name] = base64.b64decode(media)
        return f"{self.base_url}/mms/1/media/{name}"

    async def _give_media(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return _problem(401)
        kept = self._media.get(request.match_info["media"])
        return _problem(404) if kept is None else web.Response(body=kept, content_type="image/jpeg")

    def _knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"App {self.settings['apiKey']}"


_CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "TOO_MANY_REQUESTS"}


def _problem(status: int, wrong: str = "") -> web.Response:
    """Write Infobip's error object."""
    code = _CODES.get(status, "GENERAL_ERROR")
    exception: dict[str, Any] = {"messageId": code, "text": code.replace("_", " ").capitalize()}
    if wrong:
        where, _, what = wrong.partition(": ")
        exception["validationErrors"] = {where: [what]}
    return web.json_response({"requestError": {"serviceException": exception}}, status=status)
