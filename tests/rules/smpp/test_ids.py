"""How an SMSC writes ids, and how that is learnt."""

import pytest

from tidings.rules.smpp import ids
from tidings.rules.smpp.ids import Bases, reported_as, taken_as

ANN, BOB = "447700900001", "447700900002"


@pytest.mark.parametrize(
    ("taken", "reported", "base"),
    [
        ("1A2B3C4D", "1a2b3c4d", "same"),
        ("0001A", "1A", "same"),
        ("7", "0000000007", "same"),
        ("550e8400-e29b-41d4", "550E8400-E29B-41D4", "same"),
        ("1A2B3C4D", "439041101", "resp_hex_receipt_dec"),
        ("001a2b3c4d", "0439041101", "resp_hex_receipt_dec"),
        ("439041101", "1A2B3C4D", "resp_dec_receipt_hex"),
        ("0439041101", "1a2b3c4d", "resp_dec_receipt_hex"),
        ("x-7", "X-7", "resp_hex_receipt_dec"),
        ("000", "0", "same"),
    ],
)
def test_two_writings_of_an_id_are_one(taken: str, reported: str, base: str) -> None:
    assert taken_as(taken) == reported_as(reported, base)


def test_one_receipt_shows_that_ids_are_written_the_same() -> None:
    bases = Bases()
    assert bases.taken("1A2B3C4D", ANN) is None
    assert bases.reported("1a2b3c4d", ANN) == "same"


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("base", ["resp_hex_receipt_dec", "resp_dec_receipt_hex"])
def test_another_base_is_shown_by_several(base: str, early: bool) -> None:
    bases, shown = Bases(), []
    for number in range(0xABC0001, 0xABC0001 + 3):
        as_hex, as_decimal = f"{number:X}", str(number)
        taken, reported = (as_hex, as_decimal) if base == "resp_hex_receipt_dec" else (as_decimal, as_hex)
        first = bases.reported(reported, ANN) if early else bases.taken(taken, ANN)
        second = bases.taken(taken, ANN) if early else bases.reported(reported, ANN)
        shown.append((first, second))
    assert shown == [(None, None), (None, None), (None, base)]


def test_receipt_of_somebody_else_shows_nothing() -> None:
    bases = Bases()
    for number in range(5):
        bases.taken(f"{0xABC0001 + number:X}", ANN)
        assert bases.reported(str(0xABC0001 + number), BOB) is None


def test_id_that_fits_in_several_ways_shows_nothing() -> None:
    bases = Bases()
    bases.taken("10", ANN)
    bases.taken("16", ANN)
    assert bases.reported("16", ANN) is None


def test_not_more_is_remembered_than_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "REMEMBERED", 2)
    bases = Bases()
    for number in range(9):
        bases.taken(f"X{number}", ANN)
        bases.reported(f"Y{number}", ANN)
    assert bases.reported("X0", ANN) is None
    assert bases.taken("Y0", ANN) is None
    assert bases.reported("X8", ANN) == "same"
