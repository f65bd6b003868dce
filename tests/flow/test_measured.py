"""What a process measures as it works."""

import asyncio
import time

import pytest

from support.waiting import until
from tidings.flow.lag import Lag
from tidings.flow.measured import EndpointTally, Measured
from tidings.model.subscriptions import Fault, Verdict
from tidings.wire.http import Result

DONE, RETRY, REFUSED = Verdict.DONE, Verdict.RETRY, Verdict.REFUSED


def test_attempts_are_told_by_verdict_and_class_however_the_wire_calls_it() -> None:
    tally = EndpointTally()
    tally.tried(DONE, Result(204, 3), 1)
    tally.tried(RETRY, Result(503, 3), 2)
    tally.tried(RETRY, Result(0, 3, error="reset"), 1)
    tally.tried(RETRY, Result(0, 3, error="something new"), 1)
    tally.tried(REFUSED, Result(400, 3), 1)
    assert tally.attempts == {
        (DONE, None): 1,
        (RETRY, Fault.STATUS): 2,
        (RETRY, Fault.RESET): 2,
        (REFUSED, Fault.STATUS): 1,
    }


@pytest.mark.parametrize(
    ("result", "timed"),
    [
        (Result(204, 30), 1),
        (Result(500, 30), 1),
        (Result(0, 10_000, error="timeout"), 1),
        (Result(0, 2, error="connect"), 0),
        (Result(0, 0, error="render", sent=False), 0),
    ],
)
def test_only_what_says_how_long_an_endpoint_takes_is_timed(result: Result, timed: int) -> None:
    tally = EndpointTally()
    tally.tried(RETRY, result, 5)
    assert len(tally.seconds) == timed
    assert tally.seconds.total == timed * result.took_ms / 1000


def test_what_is_no_more_is_forgotten() -> None:
    measured = Measured()
    for each in ("a", "b"):
        measured.endpoints[each].given_up += 1
        measured.channels[each].callbacks["taken"] += 1
    measured.keep({"a"}, {"b"})
    assert (list(measured.endpoints), list(measured.channels)) == (["a"], ["b"])


async def test_whoever_keeps_the_event_loop_busy_is_seen() -> None:
    lag = Lag(every=0.01)
    lag.start()
    await until(lambda: len(lag.seconds) > 2)
    idle = lag.seconds.total
    time.sleep(0.2)
    seen = len(lag.seconds)
    await until(lambda: len(lag.seconds) > seen)
    assert lag.seconds.total - idle > 0.15
    lag.stop()
    stopped = len(lag.seconds)
    await asyncio.sleep(0.03)
    assert len(lag.seconds) == stopped
    lag.stop()
