"""Reading the log through a door: from which place, waiting or not, and as a stream."""

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Final

import structlog
from msgspec import Raw, Struct

from tidings.dialects.dialect import Telling
from tidings.flow.tail import NO_SUCH_MESSAGE, Shown, Stretch, Tail, Wish
from tidings.model.errors import FieldError, Refused
from tidings.store.log import last_position
from tidings.web import sse
from tidings.web.door import Argument, Other, Page, Stream, Visit, json_page, missing
from tidings.web.errors import Turned
from tidings.web.operator.lists import MOST, USUAL, limit_of

logger = structlog.get_logger()

LATEST: Final = "latest"
LONGEST_WAIT: Final = 60
"""Seconds."""
FIRST: Final = 10
STREAMED: Final = 100
"""How many events a stream reads at once, first and at most: as many as it keeps for a client that reads slowly."""
HEAVY: Final = 262_144
"""Octets of events beyond which fewer are read at once."""
PIECE: Final = 32_768
"""Octets after which events of a stream are handed to the client, and its key is looked at again."""
COME_AGAIN: Final = (1_000, 3_000)
"""Between how many milliseconds clients come again: not all at once where a hub was started anew."""
RENDER: Final = "render"
"""The error of an event that could not be put into words: our own fault."""

LIMIT: Final = Argument("limit", f"How many, 1 to {MOST}; {USUAL} where it is not said.", "integer")
WAIT: Final = Argument(
    "wait", f"Where there is nothing yet, wait so many seconds for it, at most {LONGEST_WAIT}.", "integer"
)
LAST_ID: Final = Argument("Last-Event-ID", "The `id` last seen: the stream goes on after it.", place="header")
STREAM: Final = Other(
    sse.CONTENT_TYPE,
    "Server-sent events without an end: `id` is the position, `event` the event's name, `data` what `results` has.",
)


class View(Struct, frozen=True):
    """What a client reads of the log, and what each event looks like to them."""

    wish: Callable[[], Wish]
    """What they may read as it stands now; raises Refused where that is nothing any more."""
    form: str
    """Names what events look like: it is the same for all who have the same one."""
    show: Callable[[Telling], Shown]


async def polled(visit: Visit, view: View, after: int | None) -> Page:
    """Answer with what is wanted after a position (None: the last), waiting for it where that is asked."""
    limit, wait = limit_of(visit), visit.integer("wait", 0, 0, LONGEST_WAIT)
    if after is None:
        after = await visit.world.store.read(last_position())
    found = await Tail(visit.world.pages, view.wish).wait(after, limit, wait)
    _check(found, view)
    results = [Raw(entry.form(view.form, view.show).body) for entry in found.entries]
    return json_page(200, {"results": results, "nextAfter": found.end})


async def streamed(visit: Visit, view: View, after: int | None) -> Stream:
    """Answer with what is wanted after a position, for as long as the client stays; None: after the last one.

    A client that comes again says by `Last-Event-ID` where it was. Raises Refused where it is no position, and where
    the workspace has as many streams as it may.
    """
    world = visit.world
    came = visit.headers.get(sse.LAST_ID)
    if came:
        after = _position(came)
    last = await world.store.read(last_position())
    # Beyond the end nothing was ever told: the log was taken back to an earlier state.
    after = last if after is None else min(after, last)
    if (named := view.wish().message) and (await Tail(world.pages, view.wish).read(after, 1)) is NO_SUCH_MESSAGE:
        raise missing("message", named)
    workspace = visit.tenant.id
    if not world.streams.open(workspace):
        world.counts.add("streams", "refused")
        most = world.settings.max_streams
        detail = f"This workspace has {most} streams open, which is as many as it may have here."
        raise Turned(detail, status=429, headers=(("retry-after", "5"),))
    world.counts.add("streams", "opened")

    def ended() -> None:
        world.streams.close(workspace)
        world.counts.add("streams", "ended")

    unbuffered = (("x-accel-buffering", "no"),)
    return Stream(_pieces(visit, view, after), ended, sse.CONTENT_TYPE, unbuffered)


async def _pieces(visit: Visit, view: View, after: int) -> AsyncGenerator[bytes]:
    world = visit.world
    tail = Tail(world.pages, view.wish, page=FIRST)
    soonest, latest = COME_AGAIN
    yield sse.beginning(soonest + round(world.chance.share() * (latest - soonest)), after)
    said = after
    try:
        while not world.log.closed:
            found = await tail.wait(after, tail.page, world.settings.stream_heartbeat)
            _check(found, view)
            octets = 0
            for piece in _joined(found, view):
                yield piece
                octets += len(piece)
            after = found.end
            if found.entries:
                tail.page = max(1, tail.page // 2) if octets > HEAVY else min(STREAMED, tail.page * 2)
                said = found.entries[-1].telling.event.position
            else:
                yield sse.heartbeat() if after == said else sse.passed(after)
                said = after
    except Refused:
        # The key, the subscription or the message is gone; whoever comes again is told.
        return


def _joined(found: Stretch, view: View) -> Iterator[bytes]:
    """Write events, as many together as make a piece; raises Refused where they may be read no more meanwhile."""
    written: list[bytes] = []
    size = 0
    for entry in found.entries:
        shown = entry.form(view.form, view.show)
        written.append(sse.event(entry.telling.event.position, shown.name, shown.body))
        size += len(written[-1])
        if size >= PIECE:
            yield b"".join(written)
            written, size = [], 0
            view.wish()
    if written:
        yield b"".join(written)


def place_argument(usual: str, *, more: str = "") -> Argument:
    """Describe the parameter that says after which position to read."""
    return Argument("after", f"The cursor: 0 is the beginning, `{LATEST}` the end{more}; {usual} where it is not said.")


def asked_place(visit: Visit, usual: int | None) -> int | None:
    """Read after which position is asked for; None: after the last there is. Raises Refused where it is none."""
    text = visit.query.get("after")
    if text is None:
        return usual
    return None if text == LATEST else visit.integer("after", 0, 0, 2**63 - 1)


def shown_safely(telling: Telling, show: Callable[[Telling], Shown], instead: Callable[[Telling], Shown]) -> Shown:
    """Show an event; one that cannot be is shown otherwise, so that nobody is kept from those behind it."""
    try:
        return show(telling)
    except Exception:
        logger.exception("an event cannot be told", id=telling.event.id)
        return instead(telling)


def _check(found: Stretch, view: View) -> None:
    if found is NO_SUCH_MESSAGE:
        raise missing("message", view.wish().message)


def _position(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    wrong = FieldError("Last-Event-ID", "It must be an id that the stream gave.", "range")
    raise Refused("The stream cannot go on from there.", errors=(wrong,))
