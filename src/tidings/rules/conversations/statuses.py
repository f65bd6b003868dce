"""How far a message has come with those it is for: never backwards, and the first of several devices counts."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tidings.model.conversations import Said, Status

DELIVERED: Final = "delivered"
READ: Final = "read"
RANKS: Final = {DELIVERED: 1, READ: 2}
"""Statuses that a client may tell, each proving those below it."""


class Marked(Struct, frozen=True):
    """A message with a status that is news."""

    said: Said
    at: int
    first: bool
    """Whether nobody else had come so far: then the message as a whole has."""


def marked(said: Said, profile: str, status: str, at: int, now: int) -> Marked | None:
    """Take a profile's word on a message; None where it is no news, or its own message.

    `at` is what the client's clock says: no earlier than the message is, and no later than now.
    """
    if profile == said.author:
        return None
    rank = RANKS[status]
    before = said.statuses.get(profile)
    if before is not None and RANKS[before.status] >= rank:
        return None
    moment = max(said.sent_at, min(at, now))
    first = all(RANKS[each.status] < rank for each in said.statuses.values())
    statuses = {**said.statuses, profile: Status(status, moment)}
    return Marked(replace(said, statuses=statuses), moment, first)
