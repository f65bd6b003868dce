import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.times import from_iso, to_iso

FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
"""The first millisecond of year 1 and the last of year 9999."""


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (1504171574798, "2017-08-31T09:26:14.798Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (FIRST, "0001-01-01T00:00:00.000Z"),
        (LAST, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_in_milliseconds(at: int, text: str) -> None:
    assert to_iso(at) == text


@pytest.mark.parametrize("at", [FIRST - 1, LAST + 1, 10**30])
def test_a_time_outside_the_calendar_cannot_be_written(at: int) -> None:
    with pytest.raises(OverflowError):
        to_iso(at)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-04-15T03:37:19Z", 1713152239000),
        ("2024-04-15T03:37:19.9Z", 1713152239900),
        ("2024-04-15T03:37:19.92Z", 1713152239920),
        ("2024-04-15T03:37:19.920Z", 1713152239920),
        ("2024-04-15T03:37:19.9209999Z", 1713152239920),
        ("2024-04-15T03:37:19.123456789012Z", 1713152239123),
        ("2024-04-15T03:37:19,92Z", 1713152239920),
        ("2024-04-15t03:37:19.92z", 1713152239920),
        ("2024-04-15 03:37:19.92 +0000", 1713152239920),
        ("2024-04-15 05:37:19 +0200", 1713152239000),
        (f"2024-04-15T03:37:19.{'9' * 10_000}Z", 1713152239999),
        ("2024-04-15T03:37:19", 1713152239000),
        ("2024-04-15T03:37:19.5", 1713152239500),
        ("2024-04-15T03:37Z", 1713152220000),
        ("2024-04-15", 1713139200000),
        (" 2024-04-15T03:37:19Z\n", 1713152239000),
        ("2024-04-15T05:37:19.5+02:00", 1713152239500),
        ("2024-04-15T05:37:19+0200", 1713152239000),
        ("2024-04-15T05:37:19+02", 1713152239000),
        ("2024-04-14T22:07:19.92-05:30", 1713152239920),
        ("20240415T033719Z", 1713152239000),
        ("1969-12-31T23:59:59.9995Z", -1),
    ],
)
def test_a_time_is_read_with_any_fraction_and_zone(text: str, at: int) -> None:
    assert from_iso(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024",
        "1713152239",
        "2024-13-15T03:37:19Z",
        "2024-04-15T24:00:00Z",
        "2024-04-15T03:37:60Z",
        "2024-04-15T03:37:19.Z",
        "2024-04-15T03:37:19.5.5Z",
        "2024-04-15T03:37:19.1²Z",
        "2024-04-15T03:37:19+25:00",
        "2024-04-15T03:37:19ZZ",
        "2024-04-15.5",
        "2024-04-15Z",
        "٢٠٢٤-٠٤-١٥",
        "2024-04-15T03:37:19\x00",
        "2024-04-15T03:37:19\ud800",
        "9" * 10_000,
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_iso(text)


@given(st.integers(FIRST, LAST), st.text("0123456789"))
def test_what_is_written_is_read_again(at: int, more_digits: str) -> None:
    assert from_iso(to_iso(at)) == at
    assert from_iso(f"{to_iso(at)[:-1]}{more_digits}Z") == at


@given(st.text() | st.from_regex(r"[0-9T:.,+Z -]{1,40}", fullmatch=True))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        at = from_iso(text)
    except ValueError:
        return
    assert from_iso(to_iso(at)) == at
