"""What happened in conversations is told as reports of their channel, each of it once.

It is written down with what happened, in one transaction, and told after; it goes once it is told. What a process that
died has left is told by whoever sweeps. What is told twice has the same key, and is taken once.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog

from tidings.connectors.app_messaging import BUSINESS, DOOR, HAPPENED
from tidings.flow.conversations.commands import Untold
from tidings.flow.conversations.setting import setting_of
from tidings.flow.receive import receive
from tidings.flow.world import World
from tidings.model.exchange import Callback
from tidings.store.statements import Transaction, statement

log = structlog.get_logger()

LEFT_AFTER: Final = 5_000
"""Milliseconds after which whoever wrote it is thought not to tell it any more."""
PAGE: Final = 500

_decode = msgspec.json.Decoder(Untold).decode


class Reporter:
    """Tells what happened, in the order that it did."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told = _Told()
        self._telling: set[str] = set()

    def tell(self, untold: Sequence[Untold]) -> None:
        """Tell what was just committed, in the background."""
        for each in untold:
            if each.id not in self._telling:
                self._telling.add(each.id)
                self._world.spawn(self._tell(each))

    async def sweep(self) -> int:
        """Tell what was left untold; give how much that was."""
        world = self._world
        left = await world.store.read(_left(world.clock.now() - LEFT_AFTER))
        self.tell(left)
        return len(left)

    async def _tell(self, untold: Untold) -> None:
        world = self._world
        try:
            setting = setting_of(world, untold.workspace)
            if setting is not None:
                callback = Callback(
                    method=HAPPENED,
                    url=DOOR,
                    headers={**untold.headers, BUSINESS: setting.settings.sender},
                    body=bytes(untold.body),
                    received_at=world.clock.now(),
                )
                await receive(world, setting.channel, callback)
            # Where nobody has such a channel any more, there is nobody to be told.
            await world.store.put(self._told, untold.id)
        except Exception:
            # It is on disk, and told by the next sweep.
            log.exception("what happened in a conversation could not be told", workspace=untold.workspace)
        finally:
            self._telling.discard(untold.id)


class _Told:
    """Takes out what is told."""

    rank = 3

    def transaction(self, items: Sequence[str]) -> Transaction[Sequence[Any]]:
        """Take it out."""
        yield statement("drop_untold").many([(each,) for each in sorted(items)])
        return items

    def committed(self, outcomes: Sequence[Any]) -> None:
        """Nobody waits for it."""

    def news(self, outcomes: Sequence[Any]) -> str:
        """And nobody need know."""
        return ""


def _left(before: int) -> Transaction[list[Untold]]:
    rows = yield statement("untold_before")(before=before, limit=PAGE)
    return [_decode(row[2]) for row in rows]
