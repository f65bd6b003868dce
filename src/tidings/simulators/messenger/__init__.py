"""Facebook Messenger, as one page and its app see it."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.meta.checking import Rules
from tidings.simulators.meta.conversations import Conversations
from tidings.simulators.meta.graph import NO_OBJECT, OUTSIDE_WINDOW, refusal
from tidings.simulators.simulator import Callback, Demonstration


class Messenger(Conversations):
    """One page. Deliveries name the messages where `mids` says so; the time up to which they speak is always there."""

    name: ClassVar[str] = "messenger"
    object: ClassVar[str] = "page"
    outside_window: ClassVar[tuple[int, int]] = OUTSIDE_WINDOW
    rules: ClassVar[Rules] = Rules(
        longest_text=2000,
        typed=True,
        buttons=frozenset({"postback", "web_url", "phone_number"}),
        metadata=True,
    )
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "facebook": Demonstration(address="7300000000001924", writes_first=True, deed="read")
    }

    def __init__(self, settings: Mapping[str, Any], *, mids: bool = True, **more: Any) -> None:
        super().__init__(settings, **more)
        self.mids = mids
        self.public: list[dict[str, str]] = []
        """What the page has commented: where, and what."""

    @property
    def usual(self) -> tuple[str, ...]:
        """An echo, and the delivery."""
        return "echo", "delivered"

    @property
    def ours(self) -> str:
        """The page's id."""
        return str(self.settings["pageId"])

    @property
    def node(self) -> str:
        """The page's id."""
        return self.ours

    def new_id(self) -> str:
        """Make an id of a message."""
        return f"m_{secrets.token_urlsafe(60)}"

    def routes(self) -> Sequence[web.RouteDef]:
        """Conversations, and comments below comments."""
        return [*super().routes(), web.post("/{version}/{node}/comments", self._take_comment)]

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Meta posts when a person writes, or with `comment` (an id, or True) comments on the page."""
        if not more.get("comment"):
            return super().inbound(sender, text, **more)
        given = more.pop("comment")
        known = given if isinstance(given, str) else f"{self.ours}_{secrets.randbelow(10**9)}"
        return [self.entry(self._comment(known, sender, text, {"verb": "add", **more}))]

    def told(self, message: str, person: str, status: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write an echo, a delivery, or a read: the last two speak of all up to the time that the message went."""
        if status == "echo":
            said = {**self.message_of(message), "mid": message, "is_echo": True, "app_id": 910000000000017}
            return {"message": said}
        mark: dict[str, Any] = {"watermark": self.sent_at(message)}
        if status == "delivered" and more.get("mids", self.mids):
            mark["mids"] = [message]
        return {"delivery" if status == "delivered" else "read": mark}

    def _comment(self, known: str, author: str, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
        now = self.moment() // 1000
        self.comments.setdefault(known, self.clock())
        self.authors[known] = author
        value = {
            "item": "comment",
            "comment_id": known,
            "post_id": f"{self.ours}_77",
            "from": {"id": author, "name": "Somebody"},
            "message": text,
            "created_time": now,
            **more,
        }
        return {"changes": [{"field": "feed", "value": value}]}

    async def _take_comment(self, request: web.Request) -> web.StreamResponse:
        refused = self.unauthorized(request, *self.comments)
        body = await self.body_of(request)
        if refused is not None:
            return refused
        text = str((body or {}).get("message") or "")
        if not text:
            return refusal(*NO_OBJECT, text="message is needed.")

        def take() -> tuple[web.Response, Sequence[Callback]]:
            known = f"{self.ours}_{secrets.randbelow(10**9)}"
            self.public.append({"id": known, "below": request.match_info["node"], "message": text})
            # The page hears of its own comments too.
            own = self.entry(self._comment(known, self.ours, text, {"verb": "add"}))
            return web.json_response({"id": known}), [own]

        return await self.serve_send(request, take)
