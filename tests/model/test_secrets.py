"""Secrets show themselves to nobody who does not ask."""

import pickle
from typing import Any

import msgspec
import pytest

from tidings.model.secrets import Secret

TEXT = "whsec_much-to-hide"
SECRET = Secret(TEXT)


def test_only_reveal_gives_the_text() -> None:
    assert SECRET.reveal() == TEXT


@pytest.mark.parametrize(
    "shown",
    [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>40}", "%s" % SECRET, str([SECRET]), str({"key": SECRET})],  # noqa: UP031 - the old way of writing is one too
)
def test_nothing_else_does(shown: str) -> None:
    assert TEXT not in shown
    assert "Secret(…)" in shown


def test_it_has_no_other_way_out() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(SECRET)
    with pytest.raises(AttributeError):
        vars_of: Any = SECRET.__dict__
        del vars_of


def test_secrets_of_one_text_are_one() -> None:
    assert Secret(TEXT) == SECRET
    assert hash(Secret(TEXT)) == hash(SECRET)
    assert Secret("other") != SECRET
    assert SECRET != TEXT
    assert len({SECRET, Secret(TEXT), Secret("")}) == 2


def test_an_empty_secret_is_none() -> None:
    assert not Secret("")
    assert SECRET


def test_its_hash_is_not_that_of_the_text() -> None:
    assert hash(SECRET) != hash(TEXT)


def test_another_copy_is_as_silent() -> None:
    copy = pickle.loads(pickle.dumps(SECRET))
    assert copy == SECRET
    assert TEXT not in repr(copy)
