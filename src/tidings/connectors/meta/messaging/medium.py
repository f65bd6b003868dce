"""What tells Messenger and Instagram apart where they share the Send API."""

import re
from collections.abc import Mapping

from msgspec import Struct

HOUR = 3_600_000
"""Milliseconds."""
HUMAN_AGENT = "HUMAN_AGENT"
"""The tag of what a person writes on our side, for which the window is longer."""
HUMAN_WINDOW = 7 * 24 * HOUR


class Medium(Struct, frozen=True, kw_only=True):
    """One of the two: what it is called, and how much it takes."""

    platform: str
    object: str
    """What its webhooks are about, in Meta's word."""
    user_key: str
    """What the person's id is called where we tell what Meta answered."""
    address: re.Pattern[str]
    """Whom one can send to."""
    longest_text: int
    in_octets: bool = False
    """Whether a text's length is counted in octets rather than in characters."""
    largest: Mapping[str, int]
    """Octets of a file, by kind."""
    images_together: int = 1
    """How many pictures one message can hold."""
    button_kinds: frozenset[str]
    types_messages: bool = False
    """Whether every message says why it is sent (`messaging_type`)."""
    tags_messages: bool = False
    """Whether a message carries a text of ours that its echo gives back (`metadata`)."""

    def length(self, text: str) -> int:
        """How long a text is, as the platform counts."""
        return len(text.encode()) if self.in_octets else len(text)
