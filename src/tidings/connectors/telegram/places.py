"""How chats and messages are named.

A message's id is unique within its chat only, so that both make the reference. In the chats of a business account the
ids are that account's, so that its connection stands before them.
"""

import re

from msgspec import Struct

CHAT = re.compile(r"-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{3,31}")
"""A chat's id, which is a person's own in a private chat and negative in a group; or a public chat's name."""

_REFERENCE = re.compile(r"(?:(?:([A-Za-z0-9_-]{1,128})/)?(-?[0-9]{1,19}):)?([0-9]{1,19})")


class Named(Struct, frozen=True):
    """A message, by its reference."""

    number: int
    chat: str = ""
    """Empty where it is the chat that one speaks in."""
    connection: str = ""


def reference_of(chat: int | str, number: int, connection: str = "") -> str:
    """Name a message."""
    return f"{connection}/{chat}:{number}" if connection else f"{chat}:{number}"


def named_by(reference: str) -> Named | None:
    """Read a message's reference, or its number alone; None where it is neither."""
    found = _REFERENCE.fullmatch(reference)
    return Named(int(found[3]), found[2] or "", found[1] or "") if found else None


def chat_id(address: str) -> int | str:
    """Write a chat as Telegram does: an id is a number."""
    return address if address.startswith("@") else int(address)
