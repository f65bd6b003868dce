"""What a check finds."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How a check came out."""

    GOOD = "good"
    DOUBT = "doubt"
    WRONG = "wrong"


class Finding(Struct, frozen=True):
    """What one check found, and what to do about it."""

    subject: str
    level: Level
    text: str
    advice: str = ""
