from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.unsubscribing import (
    LONGEST,
    Unsubscribing,
    is_sealed,
    is_sealed_with_one_of,
    read_token,
    unsubscribe_headers,
    write_token,
)

KEY = "hub-unsub-key-0001"
ADA = Unsubscribing("acme", "msg_01J9ZK3Q", "ada@example.com")
TOKEN = "djF8YWNtZXxtc2dfMDFKOVpLM1F8YWRhQGV4YW1wbGUuY29t.-H9jmuR2wes7_B4i0IhHZQ"


def payload(text: str) -> str:
    return f"{urlsafe_b64encode(text.encode()).decode().rstrip('=')}.x"


def test_a_token_is_as_it_was_published() -> None:
    assert write_token(ADA, KEY) == TOKEN
    assert read_token(TOKEN) == ADA
    assert is_sealed(TOKEN, KEY)


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_a_token_with_any_letter_changed_is_none_of_ours(place: int) -> None:
    changed = TOKEN[:place] + ("A" if TOKEN[place] != "A" else "B") + TOKEN[place + 1 :]
    assert not is_sealed(changed, KEY)


def test_a_token_of_another_key_or_of_no_key_is_none_of_ours() -> None:
    assert not is_sealed(TOKEN, "another")
    assert not is_sealed(write_token(ADA, ""), "")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "x",
        payload("v2|a|b|c"),
        payload("v1|a|b"),
        payload("v3|a|b|c|d"),
        payload("v1"),
        payload("v1|a|b|c\n"),
        "=" * 5,
        "A" * (LONGEST + 1),
        "\udcff",
    ],
)
def test_what_is_no_token_says_nothing(token: str) -> None:
    assert read_token(token) is None
    assert not is_sealed(token, KEY)


def test_an_address_may_hold_what_divides_the_others() -> None:
    odd = Unsubscribing("acme", "m", "a|b@example.com")
    assert read_token(write_token(odd, KEY)) == odd


def test_a_name_that_would_be_read_as_two_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has a \| in its name"):
        write_token(Unsubscribing("a|b", "m", "x@example.com"), KEY)


def test_a_token_that_nobody_would_read_whole_is_refused() -> None:
    long = Unsubscribing("acme", "m", "x" * 800 + "@example.com")
    with pytest.raises(ValueError, match="at most 900"):
        write_token(long, KEY)
    token = payload("v1|acme|m|" + "x" * 655)
    assert read_token(token) is not None
    assert not is_sealed(token, KEY)


def test_the_hubs_own_token_names_the_channel() -> None:
    ours = Unsubscribing("acme", "msg_1", "a|b@example.com", "channel-1")
    token = write_token(ours, KEY)
    assert read_token(token) == ours
    assert is_sealed(token, KEY)


def test_tokens_of_older_keys_are_good_as_long_as_the_key_is_known() -> None:
    token = write_token(ADA, "older")
    assert is_sealed_with_one_of(token, ["newer", "older"])
    assert not is_sealed_with_one_of(token, ["newer"])
    assert not is_sealed_with_one_of(token, [])


def test_a_link_is_for_one_click_only_where_nobody_can_read_along() -> None:
    assert unsubscribe_headers("https://hub.example/u/x") == {
        "List-Unsubscribe": "<https://hub.example/u/x>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert unsubscribe_headers("http://hub.example/u/x") == {"List-Unsubscribe": "<http://hub.example/u/x>"}


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    assert not is_sealed(text, KEY)
