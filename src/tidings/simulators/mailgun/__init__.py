"""A stand-in for Mailgun: its send API, both generations of its webhooks, its inbound routes and its events.

What becomes of a message is said by the recipient's local part (`stories.py`): `hard-5.1.1@…`, `temp-then-old@…`.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from email.utils import parseaddr
from functools import partial
from typing import Any, ClassVar, Literal

from aiohttp import web
from aiohttp.web import FileField

from tidings.simulators.mailgun.checks import addresses, wrong_with
from tidings.simulators.mailgun.posts import as_form, as_mime
from tidings.simulators.mailgun.stories import TESTED, Happening, as_event, as_legacy_fields, matches, story
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

SECONDS_A_MINUTE = 0.01
"""How long a minute of Mailgun's schedule lasts here."""
RETRY_SECONDS = tuple(minutes * SECONDS_A_MINUTE for minutes in (5, 10, 15, 60, 120, 240))


class Mailgun(Simulator):
    """Mailgun, one domain.

    `generation` says how events are posted: today's JSON, or the form of before 2018 in either encoding.
    """

    name = "mailgun"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "email": Demonstration(
            address="ada@example.com",
            deed="opened",
            told=("accepted", "sent", "delivered", "read", "opened"),
            usual=True,
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        generation: Literal["json", "legacy", "legacy-multipart"] = "json",
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.generation = generation
        self.log: list[dict[str, Any]] = []
        """Every event, as the Events API lists it."""
        self._pages: dict[str, tuple[Mapping[str, str], int]] = {}
        self._stored: dict[str, tuple[str, bytes]] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        """The provider's own routes; whatever else is asked is answered as Mailgun answers a wrong URL."""
        return [
            web.post("/v3/{domain}/messages", self._send),
            web.post("/v3/{domain}/messages.mime", self._send),
            web.get("/v3/{domain}/events", self._events),
            web.get("/v3/{domain}/events/{page}", self._events),
            web.get("/v3/domains/{domain}/messages/{key}/attachments/{number}", self._attachment),
            web.route("*", "/{tail:(?!_simulator/).*}", _magnificent),
        ]

    def refusal(self, code: str) -> web.Response:
        """Refuse a send request with an HTTP status."""
        return _refuse(int(code or 400), "Refused as ordered")

    def tries_again(self, status: int) -> bool:
        """Whether a post is repeated: 200 is done, 406 means stop."""
        return status not in {200, 406}

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if answer := self._unauthorized(request):
            return answer
        if (request.content_length or 0) > 25 * 2**20:
            return _refuse(413, "Request Entity Too Large")
        form = await request.post()
        fields: dict[str, list[str]] = {}
        files: list[tuple[str, FileField]] = []
        for name, value in form.items():
            if isinstance(value, FileField):
                files.append((name, value))
            else:
                fields.setdefault(name, []).append(str(value))
        mime = request.path.endswith(".mime")
        if wrong := wrong_with(fields, [name for name, _ in files], mime=mime):
            return _refuse(400, wrong)
        return await self.serve_send(request, partial(self._take, fields, files))

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        expected = base64.b64encode(f"api:{self.settings['apiKey']}".encode()).decode()
        if not hmac.compare_digest(given, expected):
            return web.Response(status=401, text="Forbidden")
        if (domain := request.match_info["domain"]) != self.settings["domain"]:
            return _refuse(404, f"Domain not found: {domain}")
        return None

    def _take(
        self, fields: Mapping[str, list[str]], files: Iterable[tuple[str, FileField]]
    ) -> tuple[web.Response, list[Callback]]:
        first = {name: values[0] for name, values in fields.items()}
        own = f"<{time.strftime('%Y%m%d%H%M%S')}.1.{secrets.token_hex(8).upper()}@{self.settings['domain']}>"
        given = next((value for name, value in first.items() if name.lower() == "h:message-id"), own)
        message = {
            "id": f"<{given.strip('<>')}>",
            **{name: addresses(fields.get(name, [])) for name in ("to", "cc", "bcc")},
            **{name: first.get(name, "") for name in ("from", "subject", "text", "html", "amp-html", "template")},
            "template-variables": json.loads(first.get("t:variables", "{}")),
            "tags": fields.get("o:tag", []),
            "options": {name: value for name, value in first.items() if name[:2] in {"o:", "t:"}},
            "headers": {name[2:]: value for name, value in first.items() if name.startswith("h:")},
            "variables": {name[2:]: value for name, value in first.items() if name.startswith("v:")},
            "files": [{"field": name, "name": file.filename, "type": file.content_type} for name, file in files],
        }
        self.taken.append(message)
        callbacks: list[Callback] = []
        tested = first.get("o:testmode") == "yes"
        for recipient in [*message["to"], *message["cc"], *message["bcc"]]:
            happenings = (TESTED,) if tested else story(recipient)
            for happening in (Happening("accepted"), *happenings):
                callbacks += self._happen(message, recipient, happening)
        return web.json_response({"id": message["id"], "message": "Queued. Thank you."}), callbacks

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Let an event of today's name happen to a message taken; `more` as in `Happening`, and `recipient`."""
        taken = next(each for each in self.taken if each["id"].strip("<>") == message.strip("<>"))
        recipient = more.pop("recipient", taken["to"][0])
        return self._happen(taken, recipient, Happening(deed, **more))

    def _happen(self, message: Mapping[str, Any], recipient: str, happening: Happening) -> list[Callback]:
        event = as_event(message, recipient, happening)
        self.log.append(event)
        token = secrets.token_hex(25)
        if self.generation == "json":
            return [partial(self._json_post, event, token)]
        if not happening.legacy:
            return []
        return [partial(self._legacy_post, message, recipient, happening, token)]

    def _proof(self, token: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        key = str(self.settings["signingKey"]).encode()
        signature = hmac.new(key, (timestamp + token).encode(), "sha256").hexdigest()
        return {"timestamp": timestamp, "token": token, "signature": signature}

    def _json_post(self, event: Mapping[str, Any], token: str) -> Post:
        body = json.dumps({"signature": self._proof(token), "event-data": event}).encode()
        return Post(self.callback_url, body, {"Content-Type": "application/json"})

    def _legacy_post(self, message: Mapping[str, Any], recipient: str, what: Happening, token: str) -> Post:
        pairs = [("domain", str(self.settings["domain"])), *as_legacy_fields(message, recipient, what)]
        multipart = self.generation == "legacy-multipart"
        return as_form(self.callback_url, [*pairs, *self._proof(token).items()], multipart=multipart)

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Let somebody write.

        `more`: `to`, `subject`, `html`, `headers` (a mapping), `attachments` (each with `name`, `type`, and `data` in
        base64), and `how`: `forward`, `store` or `mime`.
        """
        return [partial(self._route_post, sender, text, secrets.token_hex(25), more)]

    def _route_post(self, sender: str, text: str, token: str, more: Mapping[str, Any]) -> Post:
        how, attachments = more.get("how", "forward"), more.get("attachments", [])
        name, address = parseaddr(sender)
        to, subject = more.get("to", f"inbox@{self.settings['domain']}"), more.get("subject", "")
        written = f"{name} <{address}>" if name else address
        headers = {"From": written, "To": to, "Subject": subject, "Message-Id": f"<{secrets.token_hex(8)}@example.com>"}
        headers |= more.get("headers", {})
        pairs = [("recipient", to), ("sender", address), ("subject", subject), ("from", written)]
        if how == "mime":
            pairs.append(("body-mime", as_mime(headers, text)))
            return as_form(f"{self.callback_url}/inbound/mime", [*pairs, *self._proof(token).items()])
        pairs += [*headers.items(), ("message-headers", json.dumps(list(headers.items())))]
        pairs += [*self._proof(token).items(), ("body-plain", text), ("stripped-text", text)]
        pairs += [("body-html", more["html"])] if "html" in more else []
        files = [(each["name"], each.get("type", ""), base64.b64decode(each["data"])) for each in attachments]
        if how == "store":
            pairs += self._store(files)
            return as_form(f"{self.callback_url}/inbound", pairs)
        pairs += [("attachment-count", str(len(files)))] if files else []
        return as_form(f"{self.callback_url}/inbound", pairs, files)

    def _store(self, files: Sequence[tuple[str, str, bytes]]) -> list[tuple[str, str]]:
        key = secrets.token_hex(8)
        url = f"{self.base_url}/v3/domains/{self.settings['domain']}/messages/{key}"
        listed = []
        for number, (name, kind, data) in enumerate(files):
            self._stored[f"{key}/{number}"] = (kind, data)
            listed.append({"url": f"{url}/attachments/{number}", "name": name, "size": len(data), "content-type": kind})
        return [("message-url", url), ("attachments", json.dumps(listed))]

    async def _attachment(self, request: web.Request) -> web.Response:
        if answer := self._unauthorized(request):
            return answer
        found = self._stored.get(f"{request.match_info['key']}/{request.match_info['number']}")
        return web.Response(body=found[1], content_type=found[0]) if found else _refuse(404, "Message not found")

    async def _events(self, request: web.Request) -> web.Response:
        if answer := self._unauthorized(request):
            return answer
        query, start = self._pages.get(request.match_info.get("page", ""), (dict(request.query), 0))
        limit = min(int(query.get("limit", 100)), 300)
        found = [event for event in self.log if matches(event, query)]
        if query.get("ascending") != "yes":
            found.reverse()
        page = secrets.token_urlsafe(12)
        self._pages[page] = (query, min(start + limit, len(found)))
        following = f"{self.base_url}/v3/{self.settings['domain']}/events/{page}"
        return web.json_response({"items": found[start : start + limit], "paging": {"next": following}})


async def _magnificent(_request: web.Request) -> web.Response:
    return web.Response(text="Mailgun Magnificent API")


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
