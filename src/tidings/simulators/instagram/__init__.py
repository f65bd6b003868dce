"""Instagram, as one professional account and its app see it."""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.meta.checking import Rules
from tidings.simulators.meta.conversations import Conversations
from tidings.simulators.meta.graph import NO_OBJECT, OUTSIDE_WINDOW_ON_INSTAGRAM, refusal
from tidings.simulators.simulator import Callback, Demonstration

_MENTIONED = re.compile(r"mentioned_(?P<kind>comment|media)\.(?:comment|media)_id\((?P<id>[0-9]+)\)\{[a-z_,]+\}")


class Instagram(Conversations):
    """One professional account. It never tells of a delivery."""

    name: ClassVar[str] = "instagram"
    object: ClassVar[str] = "instagram"
    outside_window: ClassVar[tuple[int, int]] = OUTSIDE_WINDOW_ON_INSTAGRAM
    rules: ClassVar[Rules] = Rules(
        longest_text=1000,
        in_octets=True,
        buttons=frozenset({"postback", "web_url"}),
        several_images=True,
    )
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "instagram": Demonstration(address="5210000000000001", writes_first=True, deed="read")
    }

    def __init__(self, settings: Mapping[str, Any], **more: Any) -> None:
        super().__init__(settings, **more)
        self.public: list[dict[str, str]] = []
        """What the account has written where everybody sees it: where, and what."""
        self.stories: dict[str, bytes] = {}
        """Pictures of stories, by name, until they are over."""
        self.mentions: dict[str, dict[str, str]] = {}
        """What was written where the account was mentioned, by the comment's or else the media's id."""
        self.tokens: list[str] = []
        """The tokens given out instead of older ones."""

    @property
    def usual(self) -> tuple[str, ...]:
        """An echo."""
        return ("echo",)

    @property
    def ours(self) -> str:
        """The account's id."""
        return str(self.settings["accountId"])

    @property
    def node(self) -> str:
        """The id that messages are sent for: the page's, where the account is reached through one."""
        return str(self.settings.get("pageId") or self.ours)

    def new_id(self) -> str:
        """Make an id of a message."""
        return base64.urlsafe_b64encode(b"ig_" + secrets.token_bytes(60)).decode().rstrip("=")

    def routes(self) -> Sequence[web.RouteDef]:
        """Conversations, comments, mentions, stories and tokens."""
        return [
            web.get("/refresh_access_token", self._refresh),
            *super().routes(),
            web.post("/{version}/{node}/replies", self._take_reply),
            web.post("/{version}/{node}/mentions", self._take_answer),
            web.get("/cdn/{name}", self._give_story),
            web.get("/{version}/{node}", self._look_up),
        ]

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Meta posts when a person writes.

        With `comment` (an id, or True) they comment below a post, `mention` (an id, or True) in a comment elsewhere
        that names the account, with `caption` in a caption that does. With `story` they mention it in a story.
        `bare` writes a change without `changes` around it, as it comes with Instagram's login.
        """
        bare = more.pop("bare", False)
        if given := more.pop("comment", None):
            return [self._changed("comments", self._comment(_known(given), sender, text, more), bare=bare)]
        if given := more.pop("mention", None):
            known = _known(given)
            self.mentions[known] = {"id": known, "text": text, "username": "ana.pt"}
            return [self._changed("mentions", {"media_id": "18000000000004551", "comment_id": known}, bare=bare)]
        if given := more.pop("caption", None):
            known = _known(given)
            self.mentions[known] = {"id": known, "caption": text, "username": "ana.pt"}
            return [self._changed("mentions", {"media_id": known}, bare=bare)]
        if more.pop("story", None):
            name = secrets.token_hex(8)
            self.stories[name] = b"a picture"
            url = f"{self.base_url}/cdn/{name}"
            more["attachments"] = [{"type": "story_mention", "payload": {"url": url}}]
        return super().inbound(sender, text, **more)

    def told(self, message: str, person: str, status: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write an echo or a read, which names the last message that was seen."""
        if status == "echo":
            return {"message": {**self.message_of(message), "mid": message, "is_echo": True}}
        return {"read": {"watermark": self.sent_at(message)} if more.get("watermark") else {"mid": message}}

    def _changed(self, field: str, value: Mapping[str, Any], *, bare: bool) -> Callback:
        change = {"field": field, "value": value}
        return self.entry(change if bare else {"changes": [change]})

    def _comment(self, known: str, author: str, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
        self.comments.setdefault(known, self.clock())
        self.authors[known] = author
        media = {"id": "18000000000004550", "media_product_type": "FEED"}
        return {"id": known, "from": {"id": author, "username": "ana.pt"}, "media": media, "text": text, **more}

    async def _take_reply(self, request: web.Request) -> web.StreamResponse:
        refused = self.unauthorized(request, *self.comments)
        if refused is not None:
            return refused
        return await self._take_in_public(request, request.match_info["node"])

    async def _take_answer(self, request: web.Request) -> web.StreamResponse:
        refused = self.unauthorized(request, self.ours)
        body = await self.body_of(request) or {}
        below = str(body.get("comment_id") or body.get("media_id"))
        if refused is None and (below not in self.mentions or not body.get("media_id")):
            refused = refusal(*NO_OBJECT)
        return await self._take_in_public(request, below) if refused is None else refused

    async def _take_in_public(self, request: web.Request, below: str) -> web.StreamResponse:
        text = str((await self.body_of(request) or {}).get("message") or "")
        if not text:
            return refusal(100, text="message is needed.")

        def take() -> tuple[web.Response, Sequence[Callback]]:
            known = _known(given=True)
            self.public.append({"id": known, "below": below, "message": text})
            # The account hears of its own comments too.
            own = self._comment(known, self.ours, text, {"parent_id": below})
            return web.json_response({"id": known}), [self._changed("comments", own, bare=False)]

        return await self.serve_send(request, take)

    async def _look_up(self, request: web.Request) -> web.Response:
        refused = self.unauthorized(request, self.ours)
        if refused is not None:
            return refused
        asked = _MENTIONED.fullmatch(request.query.get("fields", ""))
        found = self.mentions.get(asked["id"]) if asked else None
        if asked is None or found is None:
            return refusal(*NO_OBJECT)
        return web.json_response({f"mentioned_{asked['kind']}": found, "id": self.ours})

    async def _give_story(self, request: web.Request) -> web.Response:
        picture = self.stories.get(request.match_info["name"])
        return web.Response(status=404) if picture is None else web.Response(body=picture, content_type="image/jpeg")

    async def _refresh(self, request: web.Request) -> web.Response:
        asked = request.query
        if asked.get("access_token") != self.settings["accessToken"] or asked.get("grant_type") != "ig_refresh_token":
            return refusal(190)
        self.tokens.append(f"IGAA-{secrets.token_hex(8)}")
        return web.json_response({"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 5_183_944})


def _known(given: str | bool) -> str:
    """Make an id of a comment, where none is given."""
    return given if isinstance(given, str) else str(18 * 10**15 + secrets.randbelow(10**12))
