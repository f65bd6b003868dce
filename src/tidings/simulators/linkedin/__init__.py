"""LinkedIn, as a member's app and the administrator of a page see it: three surfaces, and no receipts."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tidings.simulators.linkedin.archive import Archive
from tidings.simulators.linkedin.checking import refusal, wrong
from tidings.simulators.linkedin.social import Social
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

MINUTE = 0.01
"""Seconds that a minute of LinkedIn's takes here: notifications are repeated every five, for eight hours."""
RETRY_SECONDS = (5 * MINUTE,) * 96
STRIKES = 3
"""Challenges failed in a row after which an endpoint hears nothing more."""


class LinkedIn(Simulator):
    """One member of LinkedIn, the app that acts for them, and their page.

    `strangers` are no connections of the member: messages to them are refused. With `challenge_seconds` the callback
    URL is challenged again and again, and blocked after three failures in a row. Events are given out `most_events` at
    a time, whatever is asked for.
    """

    name: ClassVar[str] = "linkedin"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "linkedin": Demonstration(address="urn:li:person:hUbM3mb3r", told=("accepted", "sent"))
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        strangers: Collection[str] = (),
        challenge_seconds: float | None = None,
        most_events: int = 500,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.member = str(settings.get("member") or "urn:li:person:adm1n")
        self.token = str(settings.get("accessToken") or "")
        self.strangers = frozenset(strangers)
        self.challenge_seconds = challenge_seconds
        self.blocked = False
        """Whether the endpoint failed too many challenges; only somebody in the portal lets it in again."""
        self.archive = Archive(self.member, most_events)
        self.social = Social(str(settings.get("organization") or "urn:li:organization:90000017"), self.member)
        self._challenging: asyncio.Task[None] | None = None

    def routes(self) -> Sequence[web.RouteDef]:
        """Messages, compliance events, subscriptions, and the renewal of tokens."""
        return [
            web.post("/v2/messages", self._take_message),
            web.get("/v2/complianceEvents", self._give_events),
            web.get("/rest/complianceEvents", self._give_events),
            web.put("/rest/eventSubscriptions/{key}", self._subscribe),
            web.post("/oauth/v2/accessToken", self._renew),
        ]

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen on loopback, and challenge the endpoint from time to time; give the base URL."""
        url = await super().start(port, host)
        if self.challenge_seconds is not None:
            self._challenging = asyncio.get_running_loop().create_task(self._challenge_again())
        return url

    async def stop(self) -> None:
        """Challenge nobody any more, and stop listening."""
        if self._challenging is not None:
            self._challenging.cancel()
            await asyncio.gather(self._challenging, return_exceptions=True)
        await super().stop()

    @property
    def channel_settings(self) -> dict[str, Any]:
        """The settings of a channel whose provider this is; tokens are renewed here too."""
        return {**super().channel_settings, "oauthUrl": self.base_url}

    def refusal(self, code: str) -> web.Response:
        """An error with this status."""
        return refusal(int(code or 400), "Refused as ordered")

    def throttled(self, seconds: float) -> web.Response:
        """The member's quota of the day is used up."""
        return refusal(429, "Resource level throttle limit reached", headers={"Retry-After": f"{seconds:g}"})

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What LinkedIn posts when a person writes: a `kind` of comment, mention or share.

        With the kind `message`, or where the channel hears no notifications, they write to the member: nothing is
        posted, and it is among the events; `thread`, `subject` and `attachments` may be given.
        """
        hears = "org_social_webhook" in self.settings.get("drivers", ())
        kind = more.pop("kind", "comment" if hears else "message")
        if kind == "message":
            self.archive.write(sender, text, **more)
            return []
        return [self._posted([self.social.said(kind, sender, text, **more)])]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What LinkedIn posts when something happens to a post or a comment: `like`, `edit` with a `text`, `delete`.

        To a message nothing happens that anybody hears of.
        """
        return [self._posted([self.social.done(message, deed, **more)])]

    def batch(self, notifications: Sequence[dict[str, Any]]) -> list[Callback]:
        """What LinkedIn posts for several notifications: ten at a time."""
        return [self._posted(notifications[at : at + 10]) for at in range(0, len(notifications), 10)]

    async def challenge(self, url: str = "", code: str = "", **more: str) -> bool:
        """Challenge an endpoint, as LinkedIn does when it is registered and every two hours after."""
        code = code or str(uuid.uuid4())
        due = {"challengeCode": code, "challengeResponse": self._digest(code.encode())}
        asked = f"{url or self.callback_url}?{urlencode({'challengeCode': code, **more})}"
        timeout = aiohttp.ClientTimeout(total=3)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(asked) as response:
                is_json = response.content_type == "application/json"
                return response.status == 200 and is_json and await response.json() == due
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False

    async def _challenge_again(self) -> None:
        strikes = 0
        while not self.blocked:
            await asyncio.sleep(self.challenge_seconds or 0)
            strikes = 0 if await self.challenge() else strikes + 1
            self.blocked = strikes >= STRIKES

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        try:
            message = json.loads(await request.read())
        except ValueError:
            message = None
        if mistake := wrong(message, self.archive.threads):
            return refusal(422, mistake)
        if self.strangers & set(message.get("recipients", ())):
            return refusal(403, "The recipient is no connection of the member")
        return await self.serve_send(request, lambda: self._take(message))

    def _take(self, message: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        people = message.get("recipients") or self.archive.threads[message["thread"]]
        thread = message.get("thread") or self.archive.thread_with(people)
        id_ = self.archive.record(self.member, thread, message["body"], subject=message.get("subject", ""))
        self.taken.append({"id": id_, "to": people[0], "thread": thread, "body": message})
        return web.Response(status=201, headers={"X-RestLi-Id": id_}), []

    async def _give_events(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        if request.path.startswith("/rest/") and not request.headers.get("linkedin-version"):
            return refusal(400, "A version must be present")
        if request.query.get("q") != "memberAndApplication":
            return refusal(400, "There is no such finder")
        try:
            since, start, count = (int(request.query.get(name, 0)) for name in ("startTime", "start", "count"))
        except ValueError:
            return refusal(400, "A parameter is no number")
        return web.json_response(self.archive.page(since, start, count, now=round(time.time() * 1000)))

    async def _subscribe(self, request: web.Request) -> web.Response:
        """Subscribe an endpoint to the page, if it answers the challenge."""
        if (refused := self._unauthorized(request)) is not None:
            return refused
        url = (await request.json()).get("webhook", "")
        if not await self.challenge(url):
            return refusal(400, "The webhook did not answer the challenge")
        self.callback_url, self.blocked = url, False
        expires = round(time.time() * 1000) + 60 * 86_400_000
        return web.json_response({"webhook": url, "expiresAt": expires})

    async def _renew(self, request: web.Request) -> web.Response:
        form = await request.post()
        due = {
            "grant_type": "refresh_token",
            "refresh_token": self.settings.get("refreshToken"),
            "client_id": self.settings.get("clientId"),
            "client_secret": self.settings.get("clientSecret"),
        }
        if dict(form) != due:
            return web.json_response({"error": "invalid_grant", "error_description": "No such grant"}, status=400)
        self.token = secrets.token_urlsafe(24)
        return web.json_response({"access_token": self.token, "expires_in": 5_184_000})

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return refusal(401, "The token used in the request has expired", code="EXPIRED_ACCESS_TOKEN")

    def _posted(self, notifications: Sequence[dict[str, Any]]) -> Callback:
        notice = {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notifications}
        body = json.dumps(notice, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "X-LI-Signature": self._digest(b"hmacsha256=" + body)}
        return lambda: Post(self.callback_url, body, headers)

    def _digest(self, signed: bytes) -> str:
        return hmac.new(str(self.settings["clientSecret"]).encode(), signed, hashlib.sha256).hexdigest()

    async def _post_once(self, post: Post) -> int:
        return 0 if self.blocked else await super()._post_once(post)
