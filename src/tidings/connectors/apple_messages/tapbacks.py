"""Reactions: to a business they come as texts that say them, in the language of the device. English ones are read."""

import re

from msgspec import Struct

EMOJI = {
    "Liked": "👍",
    "Loved": "❤️",
    "Disliked": "👎",
    "Laughed at": "😂",
    "Emphasized": "‼️",
    "Emphasised": "‼️",
    "Questioned": "❓",
}
"""By the word that a reaction begins with."""

TAKEN_BACK = {
    "a like": "👍",
    "a heart": "❤️",
    "a dislike": "👎",
    "a laugh": "😂",
    "an exclamation": "‼️",
    "a question mark": "❓",
}
"""By what was removed."""

# What was reacted to is quoted, or called by its kind; any other text is a sentence that happens to begin so.
_QUOTED = r"""(?:[“"](?P<said>.*)[”"]|an? (?P<kind>image|movie|attachment|audio message|sticker|link))"""
_REACTED = re.compile(rf"(?P<word>{'|'.join(EMOJI)}) {_QUOTED}", re.DOTALL)
_WITH = re.compile(rf"Reacted (?P<emoji>\S{{1,16}}) to {_QUOTED}", re.DOTALL)
_REMOVED = re.compile(
    rf"Removed (?P<word>{'|'.join(TAKEN_BACK)}|(?P<emoji>[^\sA-Za-z]{{1,16}})) from {_QUOTED}", re.DOTALL
)


class Tapback(Struct, frozen=True):
    """A reaction: which, whether it was put or taken back, and what it was put on, as it was said."""

    emoji: str
    action: str
    to: str


def tapback_of(text: str) -> Tapback | None:
    """Read a reaction; None where a text is none."""
    if found := _REACTED.fullmatch(text):
        return Tapback(EMOJI[found["word"]], "react", found["said"] or found["kind"] or "")
    if found := _WITH.fullmatch(text):
        return Tapback(found["emoji"], "react", found["said"] or found["kind"] or "")
    if found := _REMOVED.fullmatch(text):
        emoji = found["emoji"] or TAKEN_BACK[found["word"]]
        return Tapback(emoji, "unreact", found["said"] or found["kind"] or "")
    return None
