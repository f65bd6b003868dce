"""Updates: numbered, kept for a day, and posted to a webhook or given to whoever asks for them."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tidings.simulators.simulator import Callback, Post
from tidings.simulators.telegram.answers import Wrong

UNASKED = ("message_reaction", "message_reaction_count", "chat_member")
"""Updates that come only to whoever names them."""
KEPT_SECONDS = 24 * 3600


class Updates:
    """The updates of one bot: `allowed` are those that come, all but some where it is empty.

    They are posted to the `url` of the webhook, unless there is none or the bot is `polled`.
    """

    def __init__(self, url: str, secret: str, allowed: Sequence[str], *, polled: bool) -> None:
        self.url = url
        self.secret = secret
        self.allowed = tuple(allowed)
        self.polled = polled
        self.waiting: list[tuple[float, dict[str, Any]]] = []
        """Those that nobody has asked for yet, and since when."""
        self._last = 873_000_000
        self._came = asyncio.Event()

    @property
    def pushes(self) -> bool:
        """Whether updates are posted rather than kept."""
        return bool(self.url) and not self.polled

    def number(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Number an update; None where nobody wants to hear of its kind."""
        wanted = kind in self.allowed if self.allowed else kind not in UNASKED
        if not wanted:
            return None
        self._last += 1
        return {"update_id": self._last, kind: body}

    def tell(self, kind: str, body: Mapping[str, Any]) -> list[Callback]:
        """Tell an update to the webhook, or keep it for whoever asks."""
        update = self.number(kind, body)
        if update is None:
            return []
        if self.pushes:
            return [self._posted(update)]
        self.waiting.append((time.monotonic(), update))
        self._came.set()
        return []

    def _posted(self, update: Mapping[str, Any]) -> Callback:
        """Write an update as a webhook; the secret is the one that is set when it goes."""
        body = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()

        def write() -> Post:
            secret = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
            return Post(self.url, body, {"Content-Type": "application/json", **secret})

        return write

    def forget_before(self, offset: int) -> None:
        """Forget what was confirmed, and what is older than a day; a negative offset leaves so many of the last."""
        fresh = [(at, each) for at, each in self.waiting if time.monotonic() - at < KEPT_SECONDS]
        if offset < 0:
            self.waiting = fresh[offset:]
        else:
            self.waiting = [(at, each) for at, each in fresh if each["update_id"] >= offset]

    async def asked(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """Give the next updates; where there are none, wait for one for so long. Raises Wrong."""
        if not 1 <= limit <= 100:
            raise Wrong("Bad Request: limit must be from 1 to 100")
        self.forget_before(offset)
        if not self.waiting and seconds:
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), seconds)
        return [each for _, each in self.waiting[:limit]]
