"""Conversations at Meta, as a page or account and its app see them: what Messenger and Instagram share."""

import json
import secrets
import time
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.meta.checking import Rules, wrong
from tidings.simulators.meta.graph import BLOCKED, NO_OBJECT, NO_PERSON, coded, refusal, signed
from tidings.simulators.meta.handshake import shake_hands
from tidings.simulators.simulator import Callback, Simulator

COMMENT_SECONDS = 7 * 86_400.0
"""How long a comment may be answered in private."""


class Conversations(Simulator):
    """One page or account.

    `statuses` are told of every message by themselves: `echo`, `delivered`, `read`. With `window_seconds` only those
    can be written to who wrote so long ago at most. `blocked` people have blocked us; where `people` are given, there
    are no others. `in_seconds` writes the times of events in seconds, as has been seen.
    """

    object: ClassVar[str]
    """What the webhooks are about."""
    rules: ClassVar[Rules]
    outside_window: ClassVar[tuple[int, int]]

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        statuses: Sequence[str] | None = None,
        window_seconds: float | None = None,
        blocked: Collection[str] = (),
        people: Collection[str] | None = None,
        in_seconds: bool = False,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.statuses = self.usual if statuses is None else tuple(statuses)
        self.window_seconds = window_seconds
        self.blocked = set(blocked)
        self.people = None if people is None else set(people)
        self.in_seconds = in_seconds
        self.standby = False
        """Whether another app has the conversations; events then come under another name."""
        self.acts: list[dict[str, Any]] = []
        """Sender actions, reactions among them, as they were asked for."""
        self.files: dict[str, tuple[str, bytes]] = {}
        """Uploaded files: their type and themselves, by id."""
        self.comments: dict[str, float] = {}
        """When people commented, by the id of the comment."""
        self.authors: dict[str, str] = {}
        """Who commented, by the id of the comment."""
        self._answered: set[str] = set()
        self._wrote: dict[str, float] = {}
        self._sent_at: dict[str, int] = {}
        self._now = 0

    @property
    @abstractmethod
    def usual(self) -> tuple[str, ...]:
        """What is told of a message when nothing goes wrong and nobody reads it."""

    @property
    @abstractmethod
    def ours(self) -> str:
        """The id of our own side."""

    @property
    @abstractmethod
    def node(self) -> str:
        """The id that messages are sent for."""

    @abstractmethod
    def new_id(self) -> str:
        """Make an id of a message."""

    @abstractmethod
    def told(self, message: str, person: str, status: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write what is said of a message of ours: the fields beside sender, recipient and timestamp."""

    def routes(self) -> Sequence[web.RouteDef]:
        """The routes of the Graph API that a page or account needs."""
        return [
            web.post("/{version}/{node}/messages", self._take_message),
            web.post("/{version}/{node}/message_attachments", self._take_file),
            web.post("/{version}/{node}/subscribed_apps", self._subscribe),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error with the code, `551` or `10/2018278`."""
        return coded(code)

    def throttled(self, seconds: float) -> web.Response:
        """The rate limit is used up."""
        return refusal(613, status=429, headers={"Retry-After": f"{seconds:g}"})

    def tries_again(self, status: int) -> bool:
        """Anything but a 200 is repeated."""
        return status != 200

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Meta posts when a person writes: `more` are fields of the message, such as attachments or reply_to."""
        self._wrote[sender] = self.clock()
        said = {"mid": self.new_id(), **({"text": text} if text else {}), **more}
        return [self.event(sender, {"message": said})]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Meta posts when something happens to a message, of ours or (by a `sender`) of a person's.

        `echo`, `delivered`, `read`; `reaction` with an `emoji` and its name as `reaction`, `unreact`; `quick_reply`
        and `postback` with `title` and `payload`; `deleted`; `edited` with `text` and `num_edit`; `stop`.
        """
        taken = next((each for each in self.taken if each["id"] == message), {"to": ""})
        person = str(more.pop("sender", taken["to"]))
        match deed:
            case "reaction" | "unreact":
                action = {"action": "react" if deed == "reaction" else deed, "mid": message}
                return [self.event(person, {"reaction": {**action, **more}})]
            case "quick_reply":
                return self.inbound(person, more["title"], quick_reply={"payload": more["payload"]})
            case "postback":
                self._wrote[person] = self.clock()
                return [self.event(person, {"postback": {"mid": self.new_id(), **more}})]
            case "deleted":
                return [self.event(person, {"message": {"mid": message, "is_deleted": True}})]
            case "edited":
                return [self.event(person, {"message_edit": {"mid": message, **more}})]
            case "stop":
                stopped = {"notification_messages_status": "STOP_NOTIFICATIONS"}
                return [self.event(person, {"optin": {"type": "notification_messages", **stopped}})]
            case _:
                return [self.status(message, person, deed, more)]

    def status(self, message: str, person: str, status: str, more: Mapping[str, Any] | None = None) -> Callback:
        """What Meta posts when a message of ours comes further."""
        is_echo = status == "echo"
        fields = self.told(message, person, status, more or {})
        at = self._sent_at.get(message) if is_echo else None
        return self.event(person, fields, at=at, outgoing=is_echo)

    def event(
        self, person: str, fields: Mapping[str, Any], *, at: int | None = None, outgoing: bool = False
    ) -> Callback:
        """Write an event of a conversation; `at` is in milliseconds, now where it is None."""
        at = self.moment() if at is None else at
        sender, recipient = (self.ours, person) if outgoing else (person, self.ours)
        event = {
            "sender": {"id": sender},
            "recipient": {"id": recipient},
            "timestamp": at // 1000 if self.in_seconds else at,
            **fields,
        }
        return self.entry({"standby" if self.standby else "messaging": [event]})

    def entry(self, fields: Mapping[str, Any]) -> Callback:
        """Write a webhook with one entry."""
        notice = {"object": self.object, "entry": [{"id": self.ours, "time": self.moment(), **fields}]}
        return lambda: signed(self.callback_url, notice, self.settings["appSecret"])

    def moment(self) -> int:
        """The time in milliseconds, never the same twice: messages have an order."""
        self._now = max(self._now + 1, round(time.time() * 1000))
        return self._now

    def clock(self) -> float:
        """Seconds, of which only differences say anything."""
        return time.monotonic()

    def sent_at(self, message: str) -> int:
        """When a message went, by Meta's clock; now, of one that nobody knows."""
        return self._sent_at.get(message) or self.moment()

    def message_of(self, message: str) -> dict[str, Any]:
        """What a message of ours said; nothing, of one that nobody knows."""
        return next((dict(each["body"]["message"]) for each in self.taken if each["id"] == message), {})

    async def shake_hands(self, url: str = "", verify_token: str = "") -> bool:
        """Ask a callback URL whether it is ours, as Meta does when it is written into the app's page."""
        return await shake_hands(url or self.callback_url, verify_token or self.settings["verifyToken"])

    def unauthorized(self, request: web.Request, *nodes: str) -> web.Response | None:
        """Refuse a request without our token, or for an object that is none of these."""
        if request.headers.get("authorization") != f"Bearer {self.settings['accessToken']}":
            return refusal(190)
        return None if request.match_info["node"] in nodes else refusal(*NO_OBJECT)

    async def body_of(self, request: web.Request) -> dict[str, Any] | None:
        """Read a JSON object; None where there is none."""
        try:
            body = json.loads(await request.read())
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        refused = self.unauthorized(request, self.node)
        if refused is not None:
            return refused
        body = await self.body_of(request)
        mistake = "The body is no JSON object." if body is None else wrong(body, self.rules, self.files)
        if body is None or mistake:
            return refusal(100, text=mistake)
        if "sender_action" in body:
            self.acts.append(body)
            return web.json_response({"recipient_id": body["recipient"].get("id", "")})
        code = self._unreachable(body)
        if code is not None:
            return refusal(*code)
        return await self.serve_send(request, lambda: self._take(body))

    def _unreachable(self, body: Mapping[str, Any]) -> tuple[int, int] | None:
        recipient = body["recipient"]
        if comment := recipient.get("comment_id"):
            return self._unanswerable(comment)
        person = recipient.get("id", "")
        if self.people is not None and person and person not in self.people:
            return NO_PERSON
        if person in self.blocked:
            return BLOCKED
        free = not person or body.get("tag") or body.get("messaging_type") == "UTILITY"
        if self.window_seconds is None or free:
            return None
        wrote = self._wrote.get(person)
        return None if wrote is not None and self.clock() - wrote <= self.window_seconds else self.outside_window

    def _unanswerable(self, comment: str) -> tuple[int, int] | None:
        """A comment is answered in private once, and not for ever."""
        if comment not in self.comments:
            return NO_OBJECT
        if comment in self._answered:
            return 10900, 0
        return self.outside_window if self.clock() - self.comments[comment] > COMMENT_SECONDS else None

    def _take(self, body: dict[str, Any]) -> tuple[web.Response, Sequence[Callback]]:
        message, recipient = self.new_id(), body["recipient"]
        person = self._person(recipient)
        if "comment_id" in recipient:
            self._answered.add(recipient["comment_id"])
        self._sent_at[message] = self.moment()
        self.taken.append({"id": message, "to": person, "body": body})
        answer = {"message_id": message, **({} if "user_ref" in recipient else {"recipient_id": person})}
        return web.json_response(answer), [self.status(message, person, each) for each in self.statuses]

    def _person(self, recipient: Mapping[str, str]) -> str:
        return recipient.get("id") or self.authors.get(recipient.get("comment_id", ""), "7" * 16)

    async def _take_file(self, request: web.Request) -> web.Response:
        refused = self.unauthorized(request, self.node)
        if refused is not None:
            return refused
        form = await request.post()
        file = form.get("filedata")
        if not isinstance(file, web.FileField) or "attachment" not in json.loads(str(form.get("message", "{}"))):
            return refusal(100, text="A file and a message with its attachment are needed.")
        known = str(secrets.randbelow(10**16))
        self.files[known] = (file.content_type, file.file.read())
        return web.json_response({"attachment_id": known})

    async def _subscribe(self, request: web.Request) -> web.Response:
        refused = self.unauthorized(request, self.node, self.ours)
        fields = set(request.query.get("subscribed_fields", "").split(","))
        if refused is None and not fields - {""}:
            refused = refusal(100, text="subscribed_fields are needed.")
        return web.json_response({"success": True}) if refused is None else refused
