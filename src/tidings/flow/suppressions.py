"""Suppressions and opt-ins as somebody with a key sees and changes them."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from tidings.model.suppressions import Cited, Ground, Suppression
from tidings.rules.suppression import suppression_id
from tidings.store.statements import Transaction, statement
from tidings.store.suppressions import decode_suppression, suppression_row

FIRST: Final = ("", "")
"""Sorts before every address and id."""
_BEYOND: Final = "\U0010ffff"
"""Sorts after whatever else an address may go on with."""


class Asked(Struct, frozen=True):
    """Which of a tenant's are asked for; what is empty is not asked about."""

    grounds: tuple[Ground, ...]
    platform: str = ""
    channel: str = ""
    prefix: str = ""
    """What the address begins with."""


def listed(workspace: str, asked: Asked, after: tuple[str, str], limit: int) -> Transaction[list[Suppression]]:
    """Read what stands and is asked for, by address; `after` is the address and id of the last that is known."""
    rows = yield statement("suppressions_in")(
        workspace=workspace,
        address=after[0],
        id=after[1],
        prefix=asked.prefix,
        beyond=asked.prefix + _BEYOND,
        stands=True,
        grounds=[each.value for each in asked.grounds],
        any_platform=not asked.platform,
        platform=asked.platform,
        any_channel=not asked.channel,
        channel=asked.channel,
        limit=limit,
    )
    return [decode_suppression(row) for row in rows]


def one(workspace: str, id_: str, grounds: Sequence[Ground]) -> Transaction[Suppression | None]:
    """Read one that stands, on one of some grounds; None where a tenant has no such one."""
    rows = yield statement("suppressions_by_id")(workspace=workspace, suppressions=[id_], stands=True)
    found = [decode_suppression(row) for row in rows]
    return next((each for each in found if each.ground in grounds), None)


def add(workspace: str, added: Sequence[Suppression]) -> Transaction[set[str]]:
    """Add some of one tenant's; give the ids of those that stood already, which stay as they are.

    Whoever is added as unsubscribed has not opted in any more.
    """
    # As the pen does: whoever holds the log's head writes suppressions alone, in whatever order they come.
    yield statement("take_positions")(count=0)
    by_id = {suppression_id(each): each for each in added}
    rows = yield statement("suppressions_by_id")(workspace=workspace, suppressions=list(by_id), stands=True)
    known = {suppression_id(decode_suppression(row)) for row in rows}
    yield statement("add_suppression").many([suppression_row(id_, each) for id_, each in by_id.items()])
    left = [each for each in by_id.values() if each.ground is Ground.UNSUBSCRIBED]
    if left:
        ids = [suppression_id(msgspec.structs.replace(each, ground=Ground.OPTED_IN)) for each in left]
        yield from _lift(workspace, ids, left[0].at, left[0].cited)
    return known


def lift(workspace: str, id_: str, grounds: Sequence[Ground], at: int, cited: Cited) -> Transaction[bool]:
    """Take one off the list; False where none such stood there. It is the latest word, also against late reports."""
    yield statement("take_positions")(count=0)
    if (yield from one(workspace, id_, grounds)) is None:
        return False
    return bool((yield from _lift(workspace, [id_], at, cited)))


def _lift(workspace: str, ids: Sequence[str], at: int, cited: Cited) -> Transaction[Sequence[object]]:
    asked = statement("lift_suppressions")
    return (yield asked(at=at, body=msgspec.json.encode(cited), suppressions=ids, workspace=workspace))
