import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.xtext import from_strict_xtext, from_xtext, xtext


@pytest.mark.parametrize(
    ("text", "written"),
    [("ada+news@example.com", "ada+2Bnews@example.com"), ("a=b c", "a+3Db+20c"), ("ü", "+C3+BC"), ("", "")],
)
def test_what_could_end_a_parameter_is_escaped(text: str, written: str) -> None:
    assert xtext(text) == written
    assert from_xtext(written) == text


def test_more_may_be_escaped_than_must_be() -> None:
    assert from_xtext("msg+5F01J9ZK3Q") == "msg_01J9ZK3Q"


def test_an_address_that_only_looks_escaped_stays_as_it_is() -> None:
    assert from_strict_xtext("joe+42@example.com") == "joe+42@example.com"
    assert from_strict_xtext("ada+2Bnews@example.com") == "ada+news@example.com"
    assert from_strict_xtext("ada+news@example.com") == "ada+news@example.com"


def test_escaped_octets_that_are_no_utf8_stay_apart() -> None:
    assert from_xtext("+FF") == "\xff"


@given(st.text())
def test_what_is_written_is_read_again(text: str) -> None:
    sound = text.encode("utf-8", "replace").decode()
    assert from_xtext(xtext(sound)) == sound
    assert xtext(sound).isascii()
