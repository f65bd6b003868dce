"""Joining the parts of a text that came one by one, in any order, perhaps to different processes.

Each part is parked when it comes, so that it is durable before the provider is answered. Whoever parks a part looks
whether that was the last one. Where two processes park the last two at the same time neither may see both: so they are
looked for from time to time as well, and with them the texts of which a part never came.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from tidings.flow.facts import Told
from tidings.flow.page import Waiting
from tidings.flow.parked import drop
from tidings.flow.world import World
from tidings.model.exchange import encode_raw
from tidings.model.reports import Fragment, Inbound
from tidings.model.workspaces import Channel
from tidings.store.statements import Row, Transaction, statement

log = structlog.get_logger()

PAGE: Final = 500
MOST: Final = 20_000
"""How many waiting parts one look reads."""

_Parts = Mapping[str, Inbound]
"""By the id that each is parked under, in the order they came."""


async def join(world: World, channel: Channel, group: str) -> None:
    """Tell a text as one message if all of its parts are there."""
    rows = await world.store.read(_waiting_for(channel.id, group))
    await _tell(world, channel, dict(_part(row[0], row[2]) for row in rows), overdue=False)


async def join_waiting(world: World) -> None:
    """Tell the texts whose parts are all there, and those that have waited long enough for the others."""
    groups: dict[tuple[str, str], dict[str, Inbound]] = {}
    heard: dict[tuple[str, str], int] = {}
    for id_, channel, group, body, at in await world.store.read(_waiting()):
        groups.setdefault((channel, group), {}).update([_part(id_, body)])
        heard[channel, group] = max(at, heard.get((channel, group), at))
    for (channel_id, group), parts in groups.items():
        try:
            channel = world.directory.channels.get(channel_id)
            if channel is None:
                await _drop(world, parts)
            else:
                await _tell(
                    world, channel, parts, overdue=_is_overdue(parts, world.clock.now() - heard[channel_id, group])
                )
        except Exception:
            log.exception("parts of a text could not be told", channel=channel_id)


async def _tell(world: World, channel: Channel, parts: _Parts, *, overdue: bool) -> None:
    by_number: dict[int, str] = {}
    for id_, part in parts.items():
        by_number.setdefault(_of(part).number, id_)
    if not parts or (not overdue and len(by_number) < _of(next(iter(parts.values()))).total):
        return
    chosen = [by_number[number] for number in sorted(by_number)]
    # Whoever else joins the same parts comes to the same key, and it is told once.
    key = f"text:{sha256(' '.join(chosen).encode()).hexdigest()[:32]}"
    await world.record(Told(channel, joined([parts[id_] for id_ in chosen], key), joined=tuple(parts)))


async def _drop(world: World, parts: _Parts) -> None:
    for id_ in parts:
        await world.store.write(partial(drop, id_))


def joined(parts: Sequence[Inbound], key: str) -> Inbound:
    """Make one message of the parts of a text, which are in order; it says so if some are missing."""
    first, total = parts[0], _of(parts[0]).total
    units = "".join(_halves(part) for part in parts)
    # Halves of one character that stood in two parts become one; half a character whose other half is missing is lost.
    text = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    extra = {name: value for part in parts for name, value in part.extra.items()}
    if len(parts) < total:
        extra |= {"partial": True, "parts": f"{len(parts)} of {total}"}
    return replace(
        first,
        key=key,
        reference="",
        raw=encode_raw([part.raw for part in parts]),
        content=replace(first.content, text=text),
        extra=extra,
        fragment=None,
    )


def _halves(part: Inbound) -> str:
    fragment = _of(part)
    before, after = (chr(unit) if unit else "" for unit in (fragment.before, fragment.after))
    return before + part.content.text + after


def _of(part: Inbound) -> Fragment:
    assert part.fragment is not None
    return part.fragment


def _is_overdue(parts: _Parts, silence: int) -> bool:
    """Whether it is longer than anybody waits, in milliseconds, since the last of them was heard."""
    return all(_of(part).patience <= silence for part in parts.values())


def _part(id_: str, body: bytes) -> tuple[str, Inbound]:
    report = msgspec.json.decode(body, type=Waiting).report
    assert isinstance(report, Inbound)
    return id_, report


def _waiting_for(channel: str, group: str) -> Transaction[list[Row]]:
    return (yield statement("parked_for")(channel=channel, references=[group]))


def _waiting() -> Transaction[list[Row]]:
    found: list[Row] = []
    while len(found) < MOST:
        rows = yield statement("fragments")(after=found[-1][0] if found else "", limit=PAGE)
        found += rows
        if len(rows) < PAGE:
            break
    return found
