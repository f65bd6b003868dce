"""The delivery log: attempts to tell a workspace's subscriptions, by whatever is asked of them, newest first."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tidings.flow.attempts import decode_headers
from tidings.flow.look import Tried
from tidings.model.subscriptions import Attempt, Fault, Verdict, error_of
from tidings.store.log import events_at
from tidings.store.statements import Row, Statement, Transaction, statement

LOOKED_AT: Final = 10_000
"""How many attempts one look takes in where few of them pass the filter; the next page goes on from there."""
LEAST_LOOKED_AT: Final = 500
"""Of each subscription, where there are many."""

FOR_EVER: Final = 2**62
"""Later than every attempt."""

SUCCESS: Final = range(200, 300)
"""Statuses that mean in every vocabulary that the event was taken, and no others do."""


HIGHEST: Final = 999
"""No status is higher."""


class Place(Struct, frozen=True, order=True):
    """Where an attempt stands in the order of the log, which is that of time."""

    at: int
    subscription: int = 0
    position: int = 0
    number: int = 0


END: Final = Place(FOR_EVER)
"""Sorts after every attempt."""


class Asked(Struct, frozen=True, kw_only=True):
    """Which attempts are asked for."""

    subscriptions: Sequence[int]
    """Serials."""
    verdict: Verdict | None = None
    fault: Fault | None = None
    status: int | None = None
    since: int = 0
    """Milliseconds: not before this time …"""
    until: int = FOR_EVER
    """… and before this one."""
    before: Place = END
    limit: int

    @property
    def start(self) -> Place:
        """What they all stand before."""
        return min(self.before, Place(self.until))

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """The verdicts that can pass."""
        wanted = tuple(Verdict) if self.verdict is None else (self.verdict,)
        failed = self.fault is not None or (self.status is not None and self.status not in SUCCESS)
        return [each for each in wanted if not (failed and each is Verdict.DONE)]

    @property
    def is_picky(self) -> bool:
        """Whether a great many may have to be looked at for the few that pass."""
        return not (self.verdict is None and self.fault is None and self.status is None)

    def passes(self, attempt: Attempt) -> bool:
        """Whether an attempt is one of them."""
        return (
            attempt.verdict in self.verdicts
            and (self.fault is None or attempt.error == error_of(self.fault))
            and self.status in (None, attempt.status)
            and self.since <= attempt.at
            and _place(attempt) < self.start
        )


class Found(Struct, frozen=True):
    """A page of attempts, and where the next one begins; None after the last."""

    tried: Sequence[Tried]
    following: Place | None


def attempts_like(asked: Asked) -> Transaction[Found]:
    """Read the newest attempts that are asked for.

    A page may have fewer than the limit, or none, and yet another one after it: nobody looks at everything at once.
    """
    floor = (yield from _floor(asked)) if asked.is_picky else 0
    since = max(asked.since, floor)
    found: list[Attempt] = []
    for subscription in asked.subscriptions:
        rows = yield _newest(asked, "attempts_newest", "attempts_failed")(
            **_from(asked, subscription, since),
            verdicts=[verdict.value for verdict in asked.verdicts],
            lowest=0 if asked.status is None else asked.status,
            highest=HIGHEST if asked.status is None else asked.status,
            any_error=asked.fault is None,
            error="" if asked.fault is None else error_of(asked.fault),
            limit=asked.limit + 1,
        )
        found += map(_attempt, rows)
    return (yield from _page(asked, found, Place(floor) if floor > asked.since else None))


def attempts_about(asked: Asked, positions: Sequence[int]) -> Transaction[Found]:
    """Read the newest attempts that are asked for, of those to tell some events."""
    rows = yield statement("attempts_at")(subscriptions=list(asked.subscriptions), positions=list(positions))
    return (yield from _page(asked, [each for each in map(_attempt, rows) if asked.passes(each)], None))


def _newest(asked: Asked, among_all: str, among_failures: str) -> Statement:
    """Name the query that has the fewest rows to look at."""
    return statement(among_all if Verdict.DONE in asked.verdicts else among_failures)


def _from(asked: Asked, subscription: int, since: int) -> dict[str, Any]:
    """Say which stretch of a subscription's attempts is meant."""
    start = asked.start
    at, position, number = start.at, start.position, start.number
    if subscription != start.subscription:
        # Of the same millisecond, subscriptions come in the order of their numbers.
        position, number = (FOR_EVER, 0) if subscription < start.subscription else (0, 0)
    return {"subscription": subscription, "at": at, "position": position, "number": number, "since": since}


def _floor(asked: Asked) -> Transaction[int]:
    """Tell how far back one look goes; 0 where it takes everything in."""
    ends = [0]
    count = max(LEAST_LOOKED_AT, LOOKED_AT // max(1, len(asked.subscriptions)))
    for subscription in asked.subscriptions:
        query = _newest(asked, "attempts_end", "attempts_failed_end")
        rows = yield query(**_from(asked, subscription, asked.since), count=count)
        ends += [row[0] for row in rows]
    return max(ends)


def _page(asked: Asked, found: list[Attempt], following: Place | None) -> Transaction[Found]:
    """Take the page of what was found, and read what belongs to it."""
    found.sort(key=_place, reverse=True)
    page = found[: asked.limit]
    if len(found) > asked.limit:
        following = _place(page[-1])
    subscriptions, positions = {each.subscription for each in page}, {each.position for each in page}
    rows = yield statement("answers_to")(subscriptions=list(subscriptions), positions=list(positions))
    answers = {tuple(row[:3]): (row[3], row[4]) for row in rows}
    told = {event.position: (event, message) for event, message in (yield from events_at(list(positions)))}
    tried = []
    for attempt in page:
        # An attempt that was under way while its event was forgotten has nothing to tell.
        if attempt.position in told:
            response, headers = answers[attempt.subscription, attempt.position, attempt.number]
            whole = replace(attempt, response=response, headers=decode_headers(headers))
            tried.append(Tried(whole, *told[attempt.position]))
    return Found(tried, following)


def _place(attempt: Attempt) -> Place:
    return Place(attempt.at, attempt.subscription, attempt.position, attempt.number)


def _attempt(row: Row) -> Attempt:
    return Attempt(
        subscription=row[0],
        position=row[1],
        number=row[2],
        at=row[3],
        took_ms=row[4],
        status=row[5],
        verdict=Verdict(row[6]),
        error=row[7],
    )
