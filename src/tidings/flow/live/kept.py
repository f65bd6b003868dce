"""What has happened in conversations as the store keeps it, read by its place among all that happens."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.flow.conversations.commands import key_of
from tidings.model.conversations import Happening
from tidings.store.statements import Row, Transaction, statement
from tidings.store.store import Store

STRETCH: Final = 10_000
"""Positions that are looked at in one go for what one profile may read: it may be in as many conversations."""

_decode = msgspec.json.Decoder(Happening).decode


class Stretch(Struct, frozen=True):
    """What a profile may read of a stretch, and the position where it ends."""

    happenings: Sequence[Happening]
    end: int


class StoredHappenings:
    """Reads what happened, in the order it was committed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def last(self) -> int:
        """The position of the last."""
        return await self._store.read(_last())

    async def after(self, position: int, limit: int) -> Sequence[Happening]:
        """Read what comes after a position."""
        return await self._store.read(_after(position, limit))

    async def members(self, workspace: str, conversation: str) -> frozenset[str]:
        """Read who takes part in a conversation, also in one that is deleted."""
        return await self._store.read(_members(key_of(workspace, conversation)))

    async def of_profile(self, workspace: str, profile: str, after: int, until: int, limit: int) -> Stretch:
        """Read what comes after a position in conversations that a profile is in, some way towards another one."""
        until = min(until, after + STRETCH)
        rows = await self._store.read(_of_profile(workspace, profile, after, until, limit))
        happenings = [_placed(row) for row in rows]
        return Stretch(happenings, happenings[-1].position if len(rows) == limit else until)


def _last() -> Transaction[int]:
    rows = yield statement("last_happening")()
    return int(rows[0][0])


def _after(position: int, limit: int) -> Transaction[Sequence[Happening]]:
    rows = yield statement("happenings_since")(after=position, limit=limit)
    return [_placed(row) for row in rows]


def _members(conversation: str) -> Transaction[frozenset[str]]:
    rows = yield statement("participants_of")(conversation=conversation)
    return frozenset(row[0] for row in rows)


# What it costs goes by the profile's own conversations, and not by all that happens meanwhile: thousands may come back
# at once. CROSS JOIN has SQLite begin with them.
def _of_profile(workspace: str, profile: str, after: int, until: int, limit: int) -> Transaction[Sequence[Row]]:
    return (
        yield statement("happenings_with")(workspace=workspace, profile=profile, after=after, until=until, limit=limit)
    )


def _placed(row: Row) -> Happening:
    position, body = row
    return replace(_decode(body), position=position)
