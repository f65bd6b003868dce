"""Telegram's Bot API, as one bot sees it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.simulator import Callback, Demonstration, Simulator
from tidings.simulators.telegram.answers import WORDS, Wrong, done, refused
from tidings.simulators.telegram.bot import Bot
from tidings.simulators.telegram.checking import SENDING, check_message
from tidings.simulators.telegram.flood import Flood
from tidings.simulators.telegram.methods import Methods
from tidings.simulators.telegram.parameters import Parameters, read_parameters
from tidings.simulators.telegram.people import People
from tidings.simulators.telegram.posting import Updates

ALLOWED = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "message_reaction"),
    *("my_chat_member", "business_message", "edited_business_message", "deleted_business_messages"),
)
"""The updates that the webhook is set up for at first."""

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_SENDING = {method.lower(): method for method in SENDING}


class Telegram(Simulator):
    """One bot.

    `people` have started it, as everybody has who writes to it; `flood` says whether there is flood control. The
    webhook is the callback URL until `setWebhook` says otherwise; where the settings ask for polling, or there is
    none, updates wait for `getUpdates`.
    """

    name: ClassVar[str] = "telegram"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "telegram": Demonstration(
            address="5210000001",
            writes_first=True,
            deed="reaction",
            more={"emoji": "👍"},
            told=("accepted", "sent", "delivered", "reaction"),
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        people: Iterable[int] = (),
        flood: bool = True,
    ) -> None:
        secret, polled = str(settings.get("webhookSecret") or ""), bool(settings.get("pollSeconds"))
        self.updates = Updates(callback_url, secret, ALLOWED, polled=polled)
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.bot = Bot(int(str(settings["botToken"]).partition(":")[0]), people)
        self.methods = Methods(self.bot, self.updates)
        self._people = People(self.bot)
        self._flood = Flood() if flood else None

    @property
    def callback_url(self) -> str:
        """Where updates are posted; empty: nowhere."""
        return self.updates.url

    @callback_url.setter
    def callback_url(self, url: str) -> None:
        self.updates.url = url

    def routes(self) -> Sequence[web.RouteDef]:
        """Every method, by any of the ways to call it, and the files."""
        return [
            web.route("*", "/bot{token}/{method}", self._call),
            web.get("/file/bot{token}/documents/{file}", self._give_file),
        ]

    def refusal(self, code: str) -> web.Response:
        """An error with a code, and with other words than its usual ones where some stand after it."""
        number, _, words = code.partition(" ")
        return refused(int(number or 400), words)

    def throttled(self, seconds: float) -> web.Response:
        """Flood control."""
        wait = max(1, round(seconds))
        return refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Telegram tells when somebody writes in a chat.

        `name`; `person`, where it is a group; `reply_to`, a message's number; `edits`, the number of a message that
        is written anew; `connection`, of a business account; `file`, a kind, with its `type` and `data` in base64.
        What else is given stands in the message as it is.
        """
        return self.updates.tell(*self._people.write(int(sender), text, more))

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Telegram tells when somebody does something with a message, by its reference `<chat>:<number>`.

        `reaction` with an `emoji`, or none to take it back; `callback_query` with the `data` of its button; `blocked`
        and `came_back`; `deleted` in the chat of a business account, with the `connection`.
        """
        chat, number = (int(each) for each in message.split(":"))
        return self.updates.tell(*self._people.do(chat, number, deed, more))

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._unauthorized(request):
            return refusal
        name = request.match_info["method"].lower()
        try:
            given = await read_parameters(request)
            if name in _SENDING:
                return await self._send(request, _SENDING[name], given)
            method = self.methods.by_name.get(name)
            if method is None:
                raise Wrong("Not Found: method not found", 404)
            return await method(given)
        except Wrong as wrong:
            return wrong.answer

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        token = request.match_info["token"]
        if token == self.settings["botToken"]:
            return None
        return refused(401, WORDS[401]) if _TOKEN.fullmatch(token) else refused(404, WORDS[404])

    async def _send(self, request: web.Request, method: str, given: Parameters) -> web.StreamResponse:
        chat = self.bot.chat(given)
        check_message(method, given)
        self.bot.check_answered(chat, given)
        files = self.bot.files_of(given)
        if self._flood:
            self._flood.check(chat, paid=bool(given.get("allow_paid_broadcast")))
        return await self.serve_send(request, partial(self._take, method, chat, given, files))

    def _take(
        self, method: str, chat: int, given: Parameters, files: Sequence[Mapping[str, str]]
    ) -> tuple[web.Response, Sequence[Callback]]:
        made = self.bot.say(chat, given, files)
        for message in made:
            said = {"text": message.get("text") or message.get("caption", ""), "body": given.values}
            self.taken.append({"id": f"{chat}:{message['message_id']}", "to": str(chat), "method": method, **said})
        if method == "copyMessage":
            return done({"message_id": made[0]["message_id"]}), ()
        return done(made if method == "sendMediaGroup" else made[0]), ()

    async def _give_file(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorized(request):
            return refusal
        known = self.bot.files.get(request.match_info["file"])
        if known is None:
            return refused(404, WORDS[404])
        return web.Response(body=known[1], content_type=known[0])
