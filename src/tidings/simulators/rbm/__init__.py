"""Google's RCS for Business, as one agent and its service account see it."""

import base64
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import aiohttp
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tidings.simulators.rbm.checking import wrong
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

STATUSES = ("DELIVERED", "READ")
"""What is told of a message when nothing goes wrong."""
LASTS = 3600
"""Seconds."""
LEEWAY = 86_400
"""Seconds: tests set the hub's clock forward, and not ours."""
_TTL = re.compile(r"([0-9]{1,7})s")
_ERRORS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class Rbm(Simulator):
    """One agent.

    `unreachable` are phones without RCS. A message that is taken a second time by the same id is one message. `revoke`
    says that its time is up instead of `statuses`.
    """

    name: ClassVar[str] = "rbm"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "rcs": Demonstration(
            address="+447700900123",
            deed="tap",
            more={"text": "Yes", "payload": "yes"},
            speaks=True,
            told=("accepted", "sent", "delivered", "read", "clicked"),
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
        unreachable: Sequence[str] = (),
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.statuses = tuple(statuses)
        self.unreachable = frozenset(unreachable)
        self.tokens: set[str] = {str(settings["accessToken"])} if settings.get("accessToken") else set()
        """Access tokens that are good."""
        self.revoked: list[str] = []
        """Messages that were taken back."""

    def routes(self) -> Sequence[web.RouteDef]:
        """The token door, and the API's."""
        return [
            web.post("/token", self._give_token),
            web.post("/v1/phones/{phone}/agentMessages", self._take_message),
            web.delete("/v1/phones/{phone}/agentMessages/{message}", self._revoke),
            web.get("/v1/phones/{phone}/capabilities", self._tell_capabilities),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error as Google writes it; 404 where no status is named."""
        status = int(code or 404)
        return _error(status, "Requested entity was not found." if status == 404 else "It is refused.")

    def throttled(self, seconds: float) -> web.Response:
        """The quota is used up."""
        answer = _error(429, "Quota exceeded.")
        answer.headers["Retry-After"] = f"{seconds:g}"
        return answer

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What is pushed when a person writes; `userFile` or `location` may be given instead of a text."""
        said = more or {"text": text}
        return [self._pushed({"senderPhoneNumber": sender, "messageId": _new_id("Mx"), **said}, "message")]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What is pushed when something happens to a message.

        A deed is an event type; or `tap`, of the button with this `text` and `payload`, or of a link with a `url` too;
        or `stop`, with the word that comes along.
        """
        taken = next((each for each in self.taken if each["id"] == message), {"to": more.pop("sender", "")})
        person = taken["to"]
        if deed == "stop":
            return [*self._event("UNSUBSCRIBE", person, ""), *self.inbound(person, more.get("text", "STOP"))]
        if deed == "tap":
            return [self._tapped(taken, more)]
        return self._event(deed, person, message)

    def expire(self, message: str) -> list[Callback]:
        """Say that a message's time was up before its phone could be reached."""
        return self.act(message, "TTL_EXPIRATION_REVOKED")

    async def shake_hands(self, url: str = "", client_token: str = "") -> bool:
        """Ask a callback URL whether it is ours, as Google does when it is saved."""
        secret = str(secrets.randbelow(10**9))
        asked = {"clientToken": client_token or self.settings["clientToken"], "secret": secret}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url or self.callback_url, json=asked) as response,
        ):
            return response.status == 200 and await response.text() == secret

    async def _give_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        key = load_pem_private_key(self.settings["privateKey"].encode(), password=None).public_key()
        assert isinstance(key, RSAPublicKey)
        given, here = str(form.get("assertion", "")), f"{self.base_url}/token"
        try:
            claims = jwt.decode(given, key, algorithms=["RS256"], audience=here, leeway=LEEWAY)
        except jwt.PyJWTError as error:
            return web.json_response({"error": "invalid_grant", "error_description": str(error)}, status=400)
        if claims["iss"] != self.settings["clientEmail"] or claims["exp"] - claims["iat"] > LASTS:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens.add(token)
        return web.json_response({"access_token": token, "expires_in": LASTS, "token_type": "Bearer"})

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        phone, id_ = request.match_info["phone"], request.query.get("messageId", "")
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if mistake := wrong(body, id_):
            return _error(400, mistake)
        if phone in self.unreachable:
            return _error(404, "Requested entity was not found.")
        if any(each["id"] == id_ for each in self.taken):
            return _error(409, "Message already exists.")
        return await self.serve_send(request, lambda: self._take(phone, id_, body))

    def _take(self, phone: str, id_: str, body: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        self.taken.append({"id": id_, "to": phone, "body": body, "text": body["contentMessage"].get("text", "")})
        now = time.time()
        ttl = _TTL.fullmatch(str(body.get("ttl", "")))
        answer = {
            "name": f"phones/{phone}/agentMessages/{id_}",
            "sendTime": _written(now),
            "contentMessage": body["contentMessage"],
            **({"expireTime": _written(now + int(ttl[1]))} if ttl else {}),
        }
        return web.json_response(answer), [each for kind in self.statuses for each in self._event(kind, phone, id_)]

    async def _revoke(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        id_ = request.match_info["message"]
        if not any(each["id"] == id_ for each in self.taken):
            return _error(404, "Requested entity was not found.")
        self.revoked.append(id_)
        return web.json_response({})

    async def _tell_capabilities(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        if request.match_info["phone"] in self.unreachable:
            return _error(404, "Requested entity was not found.")
        return web.json_response({"features": ["RICHCARD_STANDALONE", "RICHCARD_CAROUSEL", "ACTION_OPEN_URL"]})

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error(401, "Invalid credentials.")
        if request.query.get("agentId") != self.settings["agentId"]:
            return _error(403, "The caller does not have permission.")
        return None

    def _event(self, kind: str, phone: str, message: str) -> list[Callback]:
        whose = "phoneNumber" if kind.startswith("TTL_") else "senderPhoneNumber"
        told = {whose: phone, "eventType": kind, "eventId": _new_id("Ms")}
        return [self._pushed({**told, "messageId": message} if message else told, "event")]

    def _tapped(self, taken: Mapping[str, Any], more: Mapping[str, Any]) -> Callback:
        """Push the tap of a button that the message has, or else of one that is made up."""
        data = _postback(taken.get("body"), str(more.get("text", "")))
        kind = "ACTION" if more.get("url") else "REPLY"
        said = {"postbackData": data or str(more.get("payload", "")), "type": kind, "text": more.get("text", "")}
        told = {"senderPhoneNumber": taken["to"], "messageId": _new_id("Mx"), "suggestionResponse": said}
        return self._pushed(told, "message")

    def _pushed(self, told: Mapping[str, Any], kind: str) -> Callback:
        agent = self.settings["agentId"].partition("@")[0]
        octets = json.dumps({**told, "sendTime": _written(time.time()), "agentId": agent}).encode()
        id_ = str(secrets.randbelow(10**16))
        at = _written(time.time())
        message = {
            "data": base64.b64encode(octets).decode(),
            "attributes": {"type": kind, "product": "RBM", "business_id": f"{agent}@rbm.goog"},
            **dict.fromkeys(("messageId", "message_id"), id_),
            **dict.fromkeys(("publishTime", "publish_time"), at),
        }
        body = json.dumps({"message": message, "subscription": "projects/rbm/subscriptions/rbm-agent"}).encode()
        digest = hmac.digest(self.settings["clientToken"].encode(), octets, "sha512")
        headers = {"content-type": "application/json", "x-goog-signature": base64.b64encode(digest).decode()}
        return lambda: Post(self.callback_url, body, headers)


def _postback(body: Any, text: str) -> str:
    """Find what a button with a text brings back, wherever in a message it stands."""
    if isinstance(body, dict):
        if body.get("text") == text and "postbackData" in body:
            return str(body["postbackData"])
        body = list(body.values())
    if isinstance(body, list):
        return next((found for each in body if (found := _postback(each, text))), "")
    return ""


def _error(status: int, text: str) -> web.Response:
    error = {"code": status, "message": text, "status": _ERRORS.get(status, "UNKNOWN"), "details": []}
    return web.json_response({"error": error}, status=status)


def _new_id(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:22]}"


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
