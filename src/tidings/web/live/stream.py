"""Live as server-sent events: what happens in a profile's conversations, taken up again exactly where it broke off.

An event's id is its place among all that happens in conversations, so that one number says how far a client has come
in all of them. A device is connected before the past is read: whatever comes twice by that is left out the second time.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from tidings.flow.live.kept import StoredHappenings
from tidings.flow.live.line import End, Frame, Line
from tidings.model.conversations import Session
from tidings.model.errors import FieldError, Refused
from tidings.web import sse
from tidings.web.conversations.places import GROUP, actor_of
from tidings.web.door import Argument, Other, Stream, Visit, route
from tidings.web.live.arriving import check_origin, no_room, too_many

PAGE: Final = 100
"""How many past events are read at once."""
PIECE: Final = 32_768
"""Octets that are handed to a client at once; one event may be more."""
COME_AGAIN: Final = (1_000, 3_000)
"""Between how many milliseconds clients come again: not all at once where a hub was started anew."""


@route(
    "GET",
    "/apispaces/{space}/stream",
    auth="app",
    scope=None,
    group=GROUP,
    summary="Live events as server-sent events, with a session's token",
    gives={
        200: Other(
            sse.CONTENT_TYPE,
            "Server-sent events without an end: `event` is the event's name, `data` the event, `id` its place, which "
            "goes on over all conversations of the profile. What is not kept (typing) has no `id`.",
        ),
        403: "They are no device, or the page's origin is not let in.",
        429: "The profile has as many devices connected as it may.",
        503: "This process has as many devices connected as it takes.",
    },
    query=(Argument("Last-Event-ID", "The `id` last seen: what happened since then comes first.", place="header"),),
)
async def streamed(visit: Visit) -> Stream:
    """Answer with what happens, for as long as the client stays; raises Refused."""
    world, actor = visit.world, actor_of(visit)
    if actor.session is None:
        raise Refused("Only devices are told live: come with a session's token.", status=403)
    check_origin(world, actor.setting, visit.headers.get("origin"))
    following = Following(visit, actor.session, _asked(visit.headers.get(sse.LAST_ID, "")))
    line = await world.live.open(actor.session, actor.setting.settings.sockets_per_profile, following.wake)
    if isinstance(line, End):
        world.counts.add("sockets", "refused")
        raise _refusal(line)
    world.counts.add("sockets", "opened")

    def ended() -> None:
        world.live.close(line)
        world.counts.add("sockets", "ended")

    headers = (("x-accel-buffering", "no"),)
    return Stream(following.pieces(line, world.live.position), ended, sse.CONTENT_TYPE, headers)


class Following:
    """One client and how far it has come."""

    def __init__(self, visit: Visit, session: Session, after: int | None) -> None:
        self._world = visit.world
        self._session = session
        self._after = after
        self._something = asyncio.Event()

    def wake(self) -> None:
        """Hear that something waits for it, or that it is let go."""
        self._something.set()

    async def pieces(self, line: Line, position: int) -> AsyncGenerator[bytes]:
        """Write what happened since it was there last, up to a position, and what happens from then on."""
        soonest, latest = COME_AGAIN
        retry = soonest + round(self._world.chance.share() * (latest - soonest))
        # Beyond the end nothing ever happened: the hub was taken back to an earlier state.
        after = position if self._after is None else min(self._after, position)
        yield sse.beginning(retry, after)
        kept = StoredHappenings(self._world.store)
        who = self._session
        while after < position and line.end is None:
            stretch = await kept.of_profile(who.workspace, who.profile, after, position, PAGE)
            for piece in _joined(map(Frame, stretch.happenings), after):
                yield piece
            after = stretch.end
            if not stretch.happenings:
                yield sse.passed(after)
        async for piece in self._live(line, position):
            yield piece

    async def _live(self, line: Line, position: int) -> AsyncGenerator[bytes]:
        heartbeat = self._world.settings.stream_heartbeat
        while line.end is None:
            self._something.clear()
            while frames := line.take(PIECE):
                for piece in _joined(frames, position):
                    yield piece
                line.sent()
            try:
                async with asyncio.timeout(heartbeat):
                    await self._something.wait()
            except TimeoutError:
                yield sse.heartbeat()
        if line.end is End.SLOW:
            self._world.counts.add("sockets", "slow")


def _joined(frames: Iterable[Frame], after: int) -> Iterable[bytes]:
    """Write what comes after a position and what has none, as many together as make a piece."""
    written: list[bytes] = []
    size = 0
    for frame in frames:
        happening = frame.happening
        if happening.position and happening.position <= after:
            continue
        written.append(sse.event(happening.position, happening.name, frame.body))
        size += len(written[-1])
        if size >= PIECE:
            yield b"".join(written)
            written, size = [], 0
    if written:
        yield b"".join(written)


def _refusal(why: End) -> Refused:
    match why:
        case End.TOO_MANY:
            return too_many()
        case End.SESSION_ENDED | End.UNAUTHORISED:
            return Refused("The session was ended, or has expired.", status=401, kind="session")
        case _:
            return no_room()


def _asked(text: str) -> int | None:
    """Read how far a client has come; None: it begins now. Raises Refused where it is no id of ours."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    wrong = FieldError("Last-Event-ID", "It must be an id that the stream gave.", "range")
    raise Refused("The stream cannot go on from there.", errors=(wrong,))
