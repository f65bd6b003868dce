"""A local stand-in for Twilio's Messages API: it takes messages, posts signed statuses, hands over what people write.

Recipients with a meaning of their own: `+15005550001` to `…0009` are refused as Twilio's test credentials refuse them,
and `+150055` followed by an error code (`+15005530003`) takes the message and reports that code afterwards.
"""

import asyncio
import base64
import time
import uuid
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from tidings.rules.encoding import transliterate
from tidings.rules.keywords import is_start, is_stop
from tidings.simulators.simulator import Callback, Demonstration, Simulator, with_picture
from tidings.simulators.twilio import wording
from tidings.simulators.twilio.webhooks import FORM, Overrides, Signer

STATUS_OF_CODE: Final = {"20003": 401, "20404": 404, "20429": 429}
"""HTTP statuses of refusals; the others are 400."""
TEXTS: Final = {"20003": "Authenticate", "20404": "The requested resource was not found", "20429": "Too Many Requests"}
STATUSES: Final = frozenset(
    {"queued", "sending", "sent", "delivered", "partially_delivered", "undelivered", "failed", "read", "canceled"}
)


class Twilio(Simulator):
    """Twilio as a channel of ours sees it.

    `path` is the way of statuses a message goes after it was taken. `port_signed` says whether a port in the callback
    URL is signed along: Twilio does now one, now the other.
    """

    name = "twilio"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        platform: Demonstration(
            address="+447700900123",
            deed="clicked",
            more={"url": "https://shop.example.com/parcel"},
            told=("accepted", "sent", "delivered", "clicked"),
            body=body,
            writes=writes,
            usual=True,
        )
        for platform, body, writes in (
            ("sms", {}, {}),
            (
                "mms",
                with_picture("Your parcel", "https://shop.example.com/parcel.jpg"),
                {"media": [{"type": "text/plain", "data": "Beside the door, please."}]},
            ),
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        path: Sequence[str] = ("sent", "delivered"),
        port_signed: bool = True,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.path = tuple(path)
        self.account = str(settings["accountSid"])
        self.signer = Signer(str(settings["authToken"]), port_signed)
        self.opted_out: set[str] = set()
        self._media: dict[str, tuple[bytes, str]] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        """The Messages resource, and media behind Basic auth and a redirect."""
        messages = f"/{wording.VERSION}/Accounts/{{account}}/Messages"
        return [
            web.post(f"{messages}.json", self._create),
            web.get(f"{messages}.json", self._list),
            web.get(f"{messages}/{{sid}}.json", self._show),
            web.post(f"{messages}/{{sid}}.json", self._change),
            web.delete(f"{messages}/{{sid}}.json", self._delete),
            web.get(f"{messages}/{{sid}}/Media/{{media}}", self._redirect_to_media),
            web.get("/_media/{media}", self._give_media),
        ]

    def refusal(self, code: str) -> web.Response:
        """Twilio's error object, with the HTTP status that goes with the code."""
        status = STATUS_OF_CODE.get(code, 400)
        error = {
            "code": int(code or 0),
            "message": TEXTS.get(code, f"The request was refused with code {code}"),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        return web.json_response(error, status=status)

    def throttled(self, seconds: float) -> web.Response:
        """429 with code 20429."""
        answer = self.refusal("20429")
        answer.headers["Retry-After"] = f"{seconds:g}"
        return answer

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Post what a person writes.

        `to` is our number; `media` a list of `{type, data}` (text) or `{type, base64}` that are kept behind the media
        endpoint; `opt_out` an `OptOutType`; `packed` gives a joined text as base64; `method` may be GET; `fields` adds.
        """
        if is_stop(text):
            self.opted_out.add(sender)
        elif is_start(text):
            self.opted_out.discard(sender)
        media = more.get("media", [])
        message = wording.sid("MM" if media else "SM")
        to = more.get("to") or self.settings.get("sender") or wording.SOME_NUMBER
        fields = wording.written(message, self.account, sender, to, text)
        if more.get("packed"):
            fields["Body"] = base64.b64encode(text.encode()).decode()
        fields["NumMedia"] = str(len(media))
        for number, each in enumerate(media):
            fields[f"MediaUrl{number}"] = self._keep(message, each)
            fields[f"MediaContentType{number}"] = each["type"]
        if more.get("opt_out"):
            fields["OptOutType"] = more["opt_out"]
        fields |= more.get("fields", {})
        url, once, method = f"{self.callback_url}/inbound", str(uuid.uuid4()), more.get("method", "POST")
        return [lambda: self.signer.form(url, fields, once=once, method=method)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Post a status (`code` is its ErrorCode), `expired`, a `clicked` link (`url`, `user_agent`), or a `stop`."""
        taken = self._find(message)
        if taken is None:
            raise ValueError(f"no message {message}")
        if deed == "clicked":
            agent = more.get("user_agent", "Mozilla/5.0 (Linux; Android 16) Mobile")
            body = msgspec.json.encode([wording.clicked(taken, self.account, more.get("url", ""), agent)])
            return [lambda: self.signer.json(f"{self.callback_url}/events", body)]
        if deed == "stop":
            return self.inbound(taken["to"], "STOP", to=taken["from"], opt_out="STOP")
        status, code = ("undelivered", "30036") if deed == "expired" else (deed, str(more.get("code", "")))
        if status not in STATUSES:
            raise ValueError(f"no deed {deed}")
        return self._statuses(taken, [(status, code)])

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if not self._knows(request):
            return self.refusal("20003")
        fields = _fields(await request.text()) if request.content_type == FORM else {}
        if code := wording.fault(fields, self.opted_out):
            return self.refusal(code)
        return await self.serve_send(request, lambda: self._take(fields))

    def _take(self, fields: wording.Fields) -> tuple[web.Response, list[Callback]]:
        said = {name: values[0] for name, values in fields.items()}
        body, links = said.get("Body", ""), dict[str, str]()
        if said.get("SmartEncoded") == "true":
            body = transliterate(body)
        if said.get("ShortenUrls") == "true":
            body = wording.shorten(body, links)
        taken: dict[str, Any] = {
            "id": wording.sid("MM" if "MediaUrl" in said or said.get("SendAsMms") == "true" else "SM"),
            "to": said["To"],
            "from": said.get("From"),
            "messaging_service_sid": said.get("MessagingServiceSid"),
            "body": body,
            "media": fields.get("MediaUrl", []),
            "links": links,
            "status": "accepted" if "MessagingServiceSid" in said else "queued",
            "error_code": None,
            "date_created": int(time.time()),
            "date_sent": None,
            "fields": fields,
        }
        self.taken.append(taken)
        path = [(status, "") for status in self.path]
        if later := wording.LATER_FAILURE.fullmatch(taken["to"]):
            path = [("sent", ""), ("undelivered", later[1])]
        answer = web.json_response(wording.resource(taken, self.account), status=201)
        return answer, self._statuses(taken, path)

    def _statuses(self, taken: dict[str, Any], path: Sequence[tuple[str, str]]) -> list[Callback]:
        """Tell a message's statuses (with their error codes) where its request asked for that."""

        def callback(url: str, status: str, code: str, once: str) -> Callback:
            return lambda: self.signer.form(url, wording.told(taken, self.account, status, code), once=once)

        urls = taken["fields"].get("StatusCallback", [])
        return [callback(url, status, code, str(uuid.uuid4())) for url in urls[:1] for status, code in path]

    async def _post_until_taken(self, callback: Callback) -> None:
        """Call a webhook as often as the fragment of its URL asks for."""
        for turn in count():
            post = callback()
            overrides = Overrides.of(post.url)
            status = await self._post_once(post)
            self.answers.append(status)
            if turn >= overrides.retries or not overrides.again(status):
                return
            await asyncio.sleep(self.retry_seconds[min(turn, len(self.retry_seconds) - 1)])

    async def _list(self, request: web.Request) -> web.Response:
        """List messages, the newest first; those not sent yet have no DateSent, and no place in a list by it."""
        if not self._knows(request):
            return self.refusal("20003")
        wanted, since = request.query, request.query.get("DateSent>", "")
        found = [
            wording.resource(taken, self.account)
            for taken in reversed(self.taken)
            if wanted.get("To") in (None, taken["to"])
            and (not since or (taken["date_sent"] and _day(taken["date_sent"]) >= since))
        ]
        size = int(wanted.get("PageSize", "50"))
        more = f"{request.path}?Page=1&PageSize={size}" if len(found) > size else None
        return web.json_response({"messages": found[:size], "page": 0, "page_size": size, "next_page_uri": more})

    async def _show(self, request: web.Request) -> web.Response:
        taken = self._asked_for(request)
        if isinstance(taken, web.Response):
            return taken
        return web.json_response(wording.resource(taken, self.account))

    async def _change(self, request: web.Request) -> web.Response:
        """Redact a message (`Body=`), or cancel one that is not sent yet (`Status=canceled`)."""
        taken = self._asked_for(request)
        if isinstance(taken, web.Response):
            return taken
        fields = _fields(await request.text())
        if fields.get("Status") == ["canceled"]:
            self.post(self._statuses(taken, [("canceled", "")]))
        if fields.get("Body") == [""]:
            taken["body"] = ""
        return web.json_response(wording.resource(taken, self.account))

    async def _delete(self, request: web.Request) -> web.Response:
        taken = self._asked_for(request)
        if isinstance(taken, web.Response):
            return taken
        self.taken.remove(taken)
        return web.Response(status=204)

    async def _redirect_to_media(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return self.refusal("20003")
        return web.Response(status=307, headers={"Location": f"{self.base_url}/_media/{request.match_info['media']}"})

    async def _give_media(self, request: web.Request) -> web.Response:
        kept = self._media.get(request.match_info["media"])
        return web.Response(body=kept[0], content_type=kept[1]) if kept else self.refusal("20404")

    def _keep(self, message: str, media: Mapping[str, str]) -> str:
        """Keep a medium of an inbound message, and give its URL."""
        sid = wording.sid("ME")
        data = base64.b64decode(media["base64"]) if "base64" in media else media["data"].encode()
        self._media[sid] = (data, media["type"])
        return f"{self.base_url}/{wording.VERSION}/Accounts/{self.account}/Messages/{message}/Media/{sid}"

    def _find(self, sid: str) -> dict[str, Any] | None:
        return next((taken for taken in self.taken if taken["id"] == sid), None)

    def _asked_for(self, request: web.Request) -> dict[str, Any] | web.Response:
        """Find the message that a request names, or the answer to one that may not or does not."""
        if not self._knows(request):
            return self.refusal("20003")
        return self._find(request.match_info["sid"]) or self.refusal("20404")

    def _knows(self, request: web.Request) -> bool:
        """Whether a request names the account and carries its Auth Token or API key."""
        known = [(self.account, self.settings["authToken"])]
        if self.settings.get("apiKeySid"):
            known.append((self.settings["apiKeySid"], self.settings.get("apiKeySecret", "")))
        wanted = {f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" for user, password in known}
        return request.headers.get("Authorization") in wanted and request.match_info["account"] == self.account


def _fields(text: str) -> wording.Fields:
    fields: wording.Fields = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return fields


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
