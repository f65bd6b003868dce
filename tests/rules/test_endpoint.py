"""When an endpoint is left alone, stopped, probed, announced and given up."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from tidings.rules.endpoint import (
    ANNOUNCED_AFTER,
    ANNOUNCED_BEFORE,
    GIVEN_UP_AFTER,
    LONGEST_REST,
    LONGEST_WAIT,
    REST,
    STOPS_AFTER,
    WELL,
    Condition,
    Failure,
    announced,
    failed,
    given_up_at,
    is_to_announce,
    probed,
)
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule

SCHEDULE = Schedule((5 * SECOND, 30 * SECOND, 2 * MINUTE, HOUR))
NOW = 1_790_000_000_000


def fail(
    condition: Condition,
    *positions: int,
    at: int = NOW,
    status: int = 500,
    asked: int | None = None,
    probe: bool = False,
) -> Condition:
    for position in positions:
        condition = failed(condition, Failure(position, at, status, asked, probe), SCHEDULE, 0.5)
    return condition


def test_one_event_that_fails_again_and_again_stops_nothing() -> None:
    condition = fail(WELL, *[7] * 50)
    assert not condition.is_stopped
    assert condition.streak == 1
    assert condition.wait(NOW) == 0


def test_several_different_events_in_a_row_stop_it() -> None:
    almost = fail(WELL, *range(1, STOPS_AFTER))
    assert not almost.is_stopped
    condition = fail(almost, STOPS_AFTER)
    assert condition.is_stopped
    assert condition.stopped_at == NOW
    assert condition.wait(NOW) == 5 * SECOND


def test_probes_follow_the_schedule_and_repeat_its_last_wait() -> None:
    condition = fail(WELL, *range(1, STOPS_AFTER + 1))
    waits, now = [], NOW
    for _ in range(6):
        wait = condition.wait(now)
        waits.append(wait)
        now += wait
        condition = fail(condition, 1, at=now, probe=True)
    assert waits == [5 * SECOND, 30 * SECOND, 2 * MINUTE, HOUR, HOUR, HOUR]
    assert condition.failing_since == NOW


def test_the_first_is_probed_every_other_time_and_the_others_in_turn() -> None:
    assert [probed(number, 4) for number in range(8)] == [0, 1, 0, 2, 0, 3, 0, 1]
    assert [probed(number, 1) for number in range(3)] == [0, 0, 0]
    assert probed(3, 0) == 0


def test_what_was_under_way_when_it_stopped_is_no_probe() -> None:
    condition = fail(WELL, *range(1, STOPS_AFTER + 1))
    later = fail(condition, 6, 7, 8, at=NOW + SECOND)
    assert (later.probes, later.probe_at) == (0, condition.probe_at)


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 4 * SECOND), (0.5, 5 * SECOND), (1.0, 6 * SECOND)])
def test_chance_spreads_the_probes(chance: float, wait: int) -> None:
    condition = WELL
    for position in range(STOPS_AFTER):
        condition = failed(condition, Failure(position + 1, NOW, 0, None), SCHEDULE, chance)
    assert condition.wait(NOW) == wait


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_endpoint_is_left_alone_a_little_longer_each_time(status: int) -> None:
    conditions = [WELL]
    for position in range(1, STOPS_AFTER):
        conditions.append(fail(conditions[-1], position, status=status))
    rests = [each.wait(NOW) for each in conditions[1:]]
    assert rests[0] == REST
    assert all(later == 2 * earlier for earlier, later in pairwise(rests))
    assert max(rests) <= LONGEST_REST


@pytest.mark.parametrize("status", [0, 400, 404, 500, 501])
def test_other_failures_leave_the_others_alone(status: int) -> None:
    assert fail(WELL, 1, status=status).wait(NOW) == 0


def test_what_the_endpoint_asks_for_is_kept_and_bounded() -> None:
    assert fail(WELL, 1, status=503, asked=90 * SECOND).wait(NOW) == 90 * SECOND
    assert fail(WELL, 1, status=500, asked=90 * SECOND).wait(NOW) == 90 * SECOND
    assert fail(WELL, 1, status=429, asked=30 * 24 * HOUR).wait(NOW) == LONGEST_WAIT
    earlier = fail(WELL, 1, status=429, asked=90 * SECOND)
    assert fail(earlier, 2, status=429, asked=10 * SECOND).wait(NOW) == 90 * SECOND


def test_a_probe_waits_as_long_as_the_endpoint_asks() -> None:
    condition = fail(WELL, *range(1, STOPS_AFTER + 1), status=503, asked=10 * MINUTE)
    assert condition.wait(NOW) == 10 * MINUTE


def test_failing_is_announced_when_it_stops_or_after_an_hour_and_only_once() -> None:
    assert not is_to_announce(WELL, NOW)
    one = fail(WELL, 1)
    assert not is_to_announce(one, NOW + ANNOUNCED_AFTER - 1)
    assert is_to_announce(one, NOW + ANNOUNCED_AFTER)
    stopped = fail(WELL, *range(1, STOPS_AFTER + 1))
    assert is_to_announce(stopped, NOW)
    assert not is_to_announce(announced(stopped, NOW), NOW + GIVEN_UP_AFTER)


def test_nothing_is_given_up_that_was_not_announced_a_day_before() -> None:
    stopped = fail(WELL, *range(1, STOPS_AFTER + 1))
    assert given_up_at(stopped) is None
    assert given_up_at(announced(stopped, NOW)) == NOW + GIVEN_UP_AFTER
    late = NOW + GIVEN_UP_AFTER
    assert given_up_at(announced(stopped, late)) == late + ANNOUNCED_BEFORE
    assert given_up_at(replace(announced(stopped, NOW), failing_since=None)) is None
