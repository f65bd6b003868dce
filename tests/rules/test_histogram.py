"""Values counted by the bounds they are within."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis.strategies import floats, lists

from tidings.rules.histogram import Histogram

BOUNDS = (0.1, 1.0, 10.0)


def test_a_new_histogram_is_empty() -> None:
    empty = Histogram(BOUNDS)
    assert (len(empty), empty.at_most, empty.total) == (0, (0, 0, 0, 0), 0.0)
    assert not empty


def test_a_value_on_a_bound_is_within_it() -> None:
    histogram = Histogram(BOUNDS)
    for value in (0.1, 0.11, 1.0, 10.0, 10.1):
        histogram.add(value)
    assert histogram.at_most == (1, 3, 4, 5)


@given(lists(floats(min_value=0, max_value=1e6)))
def test_every_value_is_counted_once_at_its_bound_and_above(values: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    ordered = sorted(values)
    assert histogram.at_most == (*(bisect_right(ordered, bound) for bound in BOUNDS), len(values))
    assert len(histogram) == len(values)
    assert histogram.total == pytest.approx(sum(values))
