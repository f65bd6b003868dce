"""How fast a bind goes."""

import pytest

from tidings.rules.smpp.throttle import Throttle


def gone(throttle: Throttle, since: float, seconds: float) -> int:
    """Go as often as that may be; say how often."""
    now, count = since, 0
    while now < since + seconds:
        if pause := throttle.wait(now):
            now += pause
        else:
            throttle.went()
            count += 1
    return count


@pytest.mark.parametrize(("rate", "seconds"), [(10.0, 10), (1000.0, 2), (0.5, 20)])
def test_rate_is_kept(rate: float, seconds: float) -> None:
    assert gone(Throttle(rate), 0.0, seconds) == pytest.approx(rate * seconds, rel=0.12, abs=1)


def test_throttling_pauses_longer_each_time_until_something_is_taken() -> None:
    throttle, now, pauses = Throttle(100.0), 0.0, []
    for _ in range(7):
        throttle.throttled(now)
        pauses.append(throttle.wait(now))
        now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    throttle.taken(now)
    throttle.throttled(now)
    assert throttle.wait(now) == 1


def test_all_that_were_under_way_together_throttle_once() -> None:
    throttle = Throttle(100.0)
    for _ in range(50):
        throttle.throttled(0.0)
    assert throttle.rate == 50
    throttle.taken(0.5)
    throttle.throttled(1.0)
    assert throttle.wait(1.0) == 2


def test_rate_is_halved_and_comes_back_slowly() -> None:
    throttle = Throttle(100.0)
    throttle.throttled(0.0)
    assert throttle.rate == 50
    throttle.wait(1.0)
    throttle.wait(11.0)
    assert throttle.rate == pytest.approx(70)
    throttle.wait(60.0)
    assert throttle.rate == 100


def test_contract_of_less_than_one_a_second_is_kept() -> None:
    throttle = Throttle(0.5)
    throttle.throttled(0.0)
    assert throttle.rate == 0.5
