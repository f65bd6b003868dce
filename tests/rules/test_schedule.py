import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule

SCHEDULE = Schedule((5 * SECOND, 2 * MINUTE, HOUR))


@pytest.mark.parametrize(
    ("failures", "chance", "wait"),
    [
        (1, 0.5, 5_000),
        (1, 0.0, 4_000),
        (1, 1.0, 6_000),
        (2, 0.5, 120_000),
        (2, 0.25, 108_000),
        (3, 0.5, 3_600_000),
        (3, 1.0, 4_320_000),
        (4, 0.5, None),
        (400, 0.5, None),
    ],
)
def test_each_failure_has_its_wait_until_they_are_used_up(failures: int, chance: float, wait: int | None) -> None:
    assert SCHEDULE.wait(failures, chance) == wait


def test_an_empty_schedule_never_tries_again() -> None:
    assert Schedule(()).wait(1, 0.5) is None


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_wait_strays_by_a_fifth_at_most(wait: int, chance: float) -> None:
    waited = Schedule((wait,)).wait(1, chance)
    assert waited is not None
    assert 0.8 * wait - 1 <= waited <= 1.2 * wait + 1
