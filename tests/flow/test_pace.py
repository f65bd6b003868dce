"""The pace of a channel: never faster than it may, and as fast as it may."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tidings.flow.pace import Pace

SECOND = 1000


def sent(pace: Pace, wishes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Send what is wished, each after a pause and as soon as it may; give when which address was sent to."""
    now, went = 0, []
    for pause, address in wishes:
        now += pause
        while wait := pace.wait(address, now):
            now += wait
        pace.went(address, now)
        went.append((now, address))
    return went


WISHES = st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc")), min_size=1, max_size=80)


@given(WISHES, st.integers(1, 20))
def test_in_no_second_more_go_than_may(wishes: list[tuple[int, str]], rate: int) -> None:
    times = [when for when, _ in sent(Pace(rate, None), wishes)]
    assert all(times[i + rate] - times[i] >= SECOND for i in range(len(times) - rate))


@given(WISHES, st.floats(0.1, 20))
def test_a_broken_rate_holds_in_the_time_that_so_many_take(wishes: list[tuple[int, str]], rate: float) -> None:
    times = [when for when, _ in sent(Pace(rate, None), wishes)]
    count = max(1, int(rate))
    assert all(times[i + count] - times[i] >= count * SECOND / rate for i in range(len(times) - count))


@given(WISHES, st.floats(0.05, 3))
def test_nobody_gets_two_within_the_gap(wishes: list[tuple[int, str]], seconds: float) -> None:
    went = sent(Pace(None, seconds), wishes)
    for address in "abc":
        times = [when for when, to in went if to == address]
        assert all(later - earlier >= round(seconds * 1000) for earlier, later in pairwise(times))


@given(WISHES, st.integers(1, 20), st.floats(0.05, 3))
def test_rate_and_gap_hold_together_and_no_wait_is_longer_than_needed(
    wishes: list[tuple[int, str]], rate: int, seconds: float
) -> None:
    pace, now = Pace(rate, seconds), 0
    went: list[tuple[int, str]] = []
    for pause, address in wishes:
        now += pause
        before = [when for when, to in went if to == address]
        soonest = max(
            now,
            went[-rate][0] + SECOND if len(went) >= rate else 0,
            before[-1] + round(seconds * 1000) if before else 0,
        )
        assert now + pace.wait(address, now) == soonest
        now = soonest
        pace.went(address, now)
        went.append((now, address))


@given(st.integers(1, 200))
def test_the_full_rate_is_reached(rate: int) -> None:
    went = sent(Pace(rate, None), [(0, "a")] * (5 * rate))
    assert went[-1][0] == 4 * SECOND


def test_a_rate_below_one_a_second() -> None:
    assert [when for when, _ in sent(Pace(0.25, None), [(0, "a")] * 3)] == [0, 4000, 8000]


def test_without_limits_everything_goes_at_once() -> None:
    pace = Pace(None, None)
    assert sent(pace, [(0, "a")] * 100) == [(0, "a")] * 100
    assert pace.wait("a", 0) == 0


def test_others_need_not_wait_for_the_one_who_just_got_one() -> None:
    pace = Pace(None, 2)
    pace.went("a", 100)
    assert (pace.wait("a", 100), pace.wait("a", 2099), pace.wait("b", 100), pace.wait("a", 2100)) == (2000, 1, 0, 0)


def test_who_got_one_long_ago_is_forgotten() -> None:
    pace = Pace(None, 1)
    for number in range(50):
        pace.went(f"+44{number}", number * SECOND)
    assert list(pace._last) == ["+4448", "+4449"]


def test_a_stop_holds_everything_and_is_never_shortened() -> None:
    pace = Pace(100, None)
    pace.stop_until(500)
    pace.stop_until(300)
    assert (pace.wait("a", 0), pace.wait("b", 499), pace.wait("a", 500)) == (500, 1, 0)
