"""What a new key makes of those that are there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from support.keys import ed25519_key, hmac_key
from tidings.model.errors import Refused
from tidings.model.subscriptions import SigningKey
from tidings.rules.rotation import MOST_KEYS, REMEMBERED, rotated, without

NOW = 1_790_000_000_000
DAY = 86_400_000
OLD = hmac_key(b"o" * 32, id="old")
PAIR = ed25519_key(id="pair")
NEW = hmac_key(b"n" * 32, id="new", created_at=NOW)


def ends(keys: tuple[SigningKey, ...]) -> dict[str, int | None]:
    return {key.id: key.expires_at for key in keys}


def rotate(*keys: SigningKey, replaces: list[str] | None = None, until: int = NOW + DAY) -> dict[str, int | None]:
    return ends(rotated(keys, NEW, replaces=replaces, until=until))


def test_a_new_key_replaces_those_of_its_kind() -> None:
    assert rotate(OLD, PAIR) == {"old": NOW + DAY, "pair": None, "new": None}


@pytest.mark.parametrize(
    ("replaces", "after"),
    [
        ([], {"old": None, "pair": None, "new": None}),
        (["pair"], {"old": None, "pair": NOW + DAY, "new": None}),
        (["pair", "old"], {"old": NOW + DAY, "pair": NOW + DAY, "new": None}),
    ],
)
def test_a_new_key_replaces_those_it_names(replaces: list[str], after: dict[str, int | None]) -> None:
    assert rotate(OLD, PAIR, replaces=replaces) == after


def test_a_replaced_key_ends_no_later_than_it_would_have() -> None:
    assert rotate(replace(OLD, expires_at=NOW + 5000))["old"] == NOW + 5000
    assert rotate(replace(OLD, expires_at=NOW + 2 * DAY))["old"] == NOW + DAY


def test_without_an_overlap_the_old_key_does_not_sign_in_the_same_second_either() -> None:
    (old, _) = rotated([OLD], replace(NEW, created_at=NOW + 700), replaces=None, until=NOW + 700)
    assert old.expires_at == NOW
    assert not old.signs_at(NOW)


def test_the_same_secret_again_takes_the_place_of_the_key_that_has_it() -> None:
    assert rotate(hmac_key(b"n" * 32, id="the same", expires_at=NOW + 1000), OLD) == {"old": NOW + DAY, "new": None}


def test_a_key_that_expired_long_ago_is_forgotten() -> None:
    expired = replace(OLD, expires_at=NOW - REMEMBERED)
    assert rotate(expired, PAIR) == {"old": NOW - REMEMBERED, "pair": None, "new": None}
    assert rotate(replace(expired, expires_at=NOW - REMEMBERED - 1), PAIR) == {"pair": None, "new": None}


def test_keys_that_are_not_there_cannot_be_replaced() -> None:
    with pytest.raises(Refused) as refused:
        rotate(OLD, replaces=["old", "gone"])
    assert (refused.value.status, [each.path for each in refused.value.errors]) == (422, ["replaces[1]"])


def test_only_so_many_keys_sign_at_once() -> None:
    keys = [hmac_key(bytes([number]) * 24, id=str(number)) for number in range(MOST_KEYS)]
    with pytest.raises(Refused) as refused:
        rotate(*keys, replaces=[])
    assert (refused.value.status, refused.value.kind) == (409, "too-many-keys")
    assert len(rotate(*keys[1:], replaces=[])) == MOST_KEYS
    assert len(rotate(*keys, until=NOW)) == MOST_KEYS + 1


def test_a_key_can_be_taken_away_while_another_goes_on() -> None:
    assert without([OLD, PAIR], "old") == (PAIR,)
    assert without([OLD, replace(PAIR, expires_at=1)], "pair") == (OLD,)


@pytest.mark.parametrize("others", [(), (replace(PAIR, expires_at=NOW + DAY),)])
def test_the_last_key_that_goes_on_cannot_be_taken_away(others: tuple[SigningKey, ...]) -> None:
    with pytest.raises(Refused) as refused:
        without((*others, OLD), "old")
    assert (refused.value.status, refused.value.kind) == (409, "last-key")


@given(
    st.lists(st.tuples(st.sampled_from(["make", "drop"]), st.booleans(), st.integers(0, 3 * DAY), st.integers(0, 5)))
)
def test_whatever_is_made_and_dropped_something_signs_now_and_later(deeds: list[tuple[Any, ...]]) -> None:
    keys: tuple[SigningKey, ...] = (OLD,)
    now = NOW
    for number, (deed, is_pair, span, which) in enumerate(deeds):
        now += span
        try:
            if deed == "make":
                octets = number.to_bytes(32, "big")
                kind = ed25519_key if is_pair else hmac_key
                new = kind(octets, id=str(number), created_at=now)
                keys = rotated(keys, new, replaces=None, until=now + span)
            else:
                keys = without(keys, keys[which % len(keys)].id)
        except Refused:
            pass
        assert any(key.expires_at is None for key in keys)
        assert sum(key.signs_at(now) for key in keys) <= MOST_KEYS
