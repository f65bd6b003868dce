"""What TikTok knows of an account: its tokens, its conversations, the images there."""

import itertools
import secrets
import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tidings.simulators.tiktok.answers import Wrong

TOKEN_SECONDS = 86_400
REFRESH_SECONDS = 365 * 86_400


class Conversation(Struct):
    """What is said between the account and one person."""

    heard: float
    """When the person last wrote, by the clock that never goes back."""
    answered: int = 0
    """How many messages went to them since."""


class Account:
    """A business account, with the tokens that its consent has given."""

    def __init__(self, settings: Mapping[str, Any], *, window_seconds: float, window_messages: int) -> None:
        self.access_token = str(settings["accessToken"])
        self.refresh_token = str(settings.get("refreshToken") or "")
        self.conversations: dict[str, Conversation] = {}
        self.images: dict[str, tuple[str, bytes]] = {}
        """Images by their ids: type and octets."""
        self.actions: list[tuple[str, str]] = []
        """What was shown in which conversation."""
        self.sent_at: dict[str, int] = {}
        """When each message was sent, by the clock of TikTok, milliseconds."""
        self._window_seconds = window_seconds
        self._window_messages = window_messages
        self._numbers = itertools.count(7300000000000000701)
        self._last = 0

    def renew(self, refresh_token: str) -> dict[str, Any]:
        """Trade the refresh token, which is good once, for new tokens; raises Wrong."""
        if not self.refresh_token or refresh_token != self.refresh_token:
            raise Wrong(40103)
        self.access_token = f"act.{secrets.token_hex(12)}"
        self.refresh_token = f"rft.{secrets.token_hex(12)}"
        return {
            "access_token": self.access_token,
            "expires_in": TOKEN_SECONDS,
            "refresh_token": self.refresh_token,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "token_type": "Bearer",
        }

    def expire(self) -> None:
        """Let the access token be used up."""
        self.access_token = f"act.{secrets.token_hex(12)}"

    def hear(self, conversation: str) -> None:
        """Begin the window of a person who writes anew."""
        self.conversations[conversation] = Conversation(time.monotonic())

    def check_open(self, conversation: str) -> None:
        """Raise Wrong where nothing may be sent to a person now."""
        known = self.conversations.get(conversation)
        if known is None:
            raise Wrong(40007, "The conversation does not exist.")
        if time.monotonic() - known.heard >= self._window_seconds or known.answered >= self._window_messages:
            raise Wrong(40064)

    def answer(self, conversation: str) -> tuple[str, int]:
        """Send a message; gives its id, and when it was sent."""
        self.conversations[conversation].answered += 1
        return self.number()

    def number(self) -> tuple[str, int]:
        """Number a message, and say when it was sent: no two at the same time."""
        self._last = max(self._last + 1, int(time.time() * 1000))
        message = str(next(self._numbers))
        self.sent_at[message] = self._last
        return message, self._last

    def keep_image(self, kind: str, octets: bytes) -> str:
        """Keep an image; gives its id."""
        image = f"md-{secrets.token_hex(8)}"
        self.images[image] = (kind, octets)
        return image
