"""Texts as octets, and the header in front of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.encoding import BASIC, EXTENSION
from tidings.rules.smpp.alphabets import (
    LANGUAGES,
    PORTUGUESE,
    SPANISH,
    TURKISH,
    Coding,
    coding_of,
    decode,
    encode_gsm7,
    has_septets,
    septets,
)
from tidings.rules.smpp.header import Concatenation, Header, split_header


@given(st.text(st.sampled_from(BASIC + EXTENSION)))
def test_every_gsm7_text_comes_back(text: str) -> None:
    octets = encode_gsm7(text)
    assert len(octets) == septets(text)
    assert decode(octets, "gsm7") == text


@pytest.mark.parametrize(
    ("language", "text"), [("turkish", "ĞİŞçğış €"), ("spanish", "ÁÍÓÚáíóú ç"), ("portuguese", "êçÔôÁáÊÀÍÓÚÃÕÂíóúãõâ")]
)
def test_national_characters_come_back(language: str, text: str) -> None:
    single = LANGUAGES[language]
    assert not has_septets(text)
    assert has_septets(text, single=single)
    assert decode(encode_gsm7(text, single=single), "gsm7", single=single) == text


def test_locking_tables_change_what_stands_in_front_of_the_escape() -> None:
    assert decode(b"\x04\x0b\x1c\x40", "gsm7", locking=TURKISH) == "€ĞŞİ"
    assert decode(b"\x09\x15\x5b\x60\x1e", "gsm7", locking=PORTUGUESE) == "ç∞Ã~Ê"
    assert decode(b"\x09", "gsm7", locking=SPANISH) == "Ç"


def test_character_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="Ж"):
        encode_gsm7("Ж")


def test_code_behind_the_escape_that_nobody_knows_is_the_plain_one() -> None:
    assert decode(b"a\x1bbc\x1b\x1bd\x1b", "gsm7") == "abc d"


def test_half_a_pair_at_the_end_stays_half() -> None:
    assert decode(bytes.fromhex("0416d83dff"), "utf-16-be") == "Ж\ud83d"


def test_what_is_none_of_the_alphabet_is_shown_so() -> None:
    assert decode(b"a\xff", "ascii") == "a\ufffd"


@pytest.mark.parametrize(
    ("data_coding", "alphabet", "message_class"),
    [
        (0x00, "gsm7", None),
        (0x01, "ascii", None),
        (0x03, "latin-1", None),
        (0x04, "octets", None),
        (0x08, "utf-16-be", None),
        (0x10, "gsm7", 0),
        (0x15, "octets", 1),
        (0x18, "utf-16-be", 0),
        (0xF1, "gsm7", 1),
        (0xF6, "octets", 2),
        (0xE0, "utf-16-be", None),
        (0xC8, "gsm7", None),
    ],
)
def test_data_coding_says_the_alphabet(data_coding: int, alphabet: str, message_class: int | None) -> None:
    assert coding_of(data_coding) == Coding(alphabet, message_class)


def test_default_is_what_the_smsc_means_by_it() -> None:
    assert coding_of(0, "latin-1") == Coding("latin-1")


@pytest.mark.parametrize("wide", [False, True])
def test_header_is_read_as_it_was_written(wide: bool) -> None:
    header = Header(Concatenation(200, 3, 2), 1, 3)
    assert split_header(header.octets(wide=wide) + b"rest") == (header, b"rest")
    assert Header().octets() == b""


@pytest.mark.parametrize(
    "octets", ["", "00", "0500032a0200", "0500032a0203", "0500032a0101", "050003", "0324", "ff0003"]
)
def test_header_that_cannot_be_says_nothing(octets: str) -> None:
    header, _ = split_header(bytes.fromhex(octets))
    assert header == Header()


def test_other_elements_are_passed_over() -> None:
    header, rest = split_header(bytes.fromhex("0b05040b8423f0") + bytes.fromhex("00032a0201") + b"x")
    assert (header.concatenation, rest) == (Concatenation(42, 2, 1), b"x")
