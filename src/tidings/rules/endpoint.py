"""How an endpoint is doing, and what follows from it: whether to go on, rest, stand still, or give it up.

One event that fails says something of that event; several different ones in a row say something of the endpoint. Then
nothing more is told until a probe is answered: no storm of retries, and no event used up on a house where nobody is in.
"""

from msgspec import Struct
from msgspec.structs import replace

from tidings.rules.schedule import HOUR, SECOND, Schedule

STOPS_AFTER = 5
"""How many different events must fail in a row, none told in between."""
GIVEN_UP_AFTER = 5 * 24 * HOUR
"""Milliseconds of nothing but failure after which a subscription is disabled."""
ANNOUNCED_BEFORE = 24 * HOUR
"""Milliseconds for which it must have been announced by then."""
ANNOUNCED_AFTER = HOUR
"""Milliseconds of nothing but failure after which an endpoint is announced that has too few events to stand still."""
LONGEST_WAIT = 24 * HOUR
"""Milliseconds: as far as an endpoint's `Retry-After` is believed."""
REST = SECOND
"""Milliseconds that an endpoint is left alone which says that it is busy, and not for how long."""
LONGEST_REST = 60 * SECOND

BUSY = frozenset({429, 502, 503, 504})
"""Statuses that say something of the whole endpoint: too much, or nobody behind it."""


class Condition(Struct, frozen=True, omit_defaults=True):
    """How an endpoint is doing. It is kept with the cursor, so that every process knows it, also after a restart."""

    failing_since: int | None = None
    """When the first of the failures since the last success was; None: the last attempt was a success."""
    streak: int = 0
    """How many different events failed in a row."""
    last: int = 0
    """The position of the one that failed last."""
    stopped_at: int | None = None
    """Since when the cursor stands still; None: it does not."""
    probes: int = 0
    """How many probes were not answered since then."""
    probe_at: int = 0
    """When the next one is due."""
    rest_until: int = 0
    """Until when the endpoint is left alone, because it asked to be."""
    announced_at: int | None = None
    """When its failing was announced."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing but probes goes to it."""
        return self.stopped_at is not None

    def wait(self, now: int) -> int:
        """Milliseconds for which nothing at all goes to it."""
        return max(0, (self.probe_at if self.is_stopped else self.rest_until) - now)


class Failure(Struct, frozen=True):
    """One attempt that failed."""

    position: int
    """Of the event, or the first of several."""
    at: int
    status: int
    """0 where no answer came."""
    asked: int | None
    """Milliseconds that the endpoint asks us to wait; None where it does not."""
    probe: bool = False
    """Whether it was a probe; else, where the cursor stands still, it was under way already."""


WELL = Condition()
"""Of an endpoint that answers, and of one that nobody has tried."""


def failed(condition: Condition, failure: Failure, schedule: Schedule, chance: float) -> Condition:
    """Take one more failure; `chance` from 0 to 1 spreads the probes of many endpoints behind one outage."""
    now = failure.at
    streak = condition.streak + (failure.position != condition.last)
    since = now if condition.failing_since is None else condition.failing_since
    asked = now + min(failure.asked or 0, LONGEST_WAIT)
    changed = replace(condition, failing_since=since, streak=streak, last=failure.position)
    if condition.is_stopped and not failure.probe:
        return changed
    if condition.is_stopped:
        probes = condition.probes + 1
        return replace(changed, probes=probes, probe_at=max(asked, now + _wait(probes, schedule, chance)))
    if streak >= STOPS_AFTER:
        return replace(changed, stopped_at=now, probes=0, probe_at=max(asked, now + _wait(0, schedule, chance)))
    if failure.asked is None and failure.status in BUSY:
        asked = now + min(REST << (streak - 1), LONGEST_REST)
    return replace(changed, rest_until=max(asked, condition.rest_until))


def probed(probes: int, candidates: int) -> int:
    """Choose which of the candidates is tried after so many probes: the first, and in turn with it the others.

    The first waits the longest; but it may be the very one that the endpoint cannot take.
    """
    if candidates < 2 or probes % 2 == 0:
        return 0
    return 1 + probes // 2 % (candidates - 1)


def is_to_announce(condition: Condition, now: int) -> bool:
    """Whether it should be told now that an endpoint is failing, and when it will be given up."""
    if condition.announced_at is not None or condition.failing_since is None:
        return False
    return condition.is_stopped or now - condition.failing_since >= ANNOUNCED_AFTER


def announced(condition: Condition, now: int) -> Condition:
    """Note that an endpoint's failing was announced."""
    return replace(condition, announced_at=now)


def given_up_at(condition: Condition) -> int | None:
    """When a subscription is disabled if nothing but failure goes on; None while nothing fails or nobody was told."""
    if condition.failing_since is None or condition.announced_at is None:
        return None
    return max(condition.failing_since + GIVEN_UP_AFTER, condition.announced_at + ANNOUNCED_BEFORE)


def _wait(probes: int, schedule: Schedule, chance: float) -> int:
    """The wait after so many probes; the schedule's last one is repeated."""
    wait = schedule.wait(min(probes + 1, len(schedule.waits)), chance)
    assert wait is not None
    return wait
