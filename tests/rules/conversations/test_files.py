"""Files: which are taken, what they are called, and whether a browser shows them."""

from typing import Any

import pytest

from tidings.model.conversations import Happening
from tidings.model.exchange import encode_raw
from tidings.rules.conversations.files import disposition, file_name, is_taken
from tidings.rules.conversations.shown import shown


def test_a_family_of_types_stands_for_all_of_it() -> None:
    types = ("image/*", "application/pdf")
    assert is_taken("image/png", types)
    assert is_taken("application/pdf", types)
    assert not any(is_taken(each, types) for each in ("application/zip", "images/png", "", "image"))


@pytest.mark.parametrize(
    ("told", "name"),
    [("a.png", "a.png"), ("C:\\x\\a.png", "a.png"), ("../../etc/passwd", "passwd"), ("a\r\nb", "ab"), ("", "")],
)
def test_a_file_has_a_name_without_folders(told: str, name: str) -> None:
    assert file_name(told) == name


def test_only_pictures_are_shown_in_place() -> None:
    assert disposition("image/png", "") == "inline"
    assert disposition("text/html", 'a"b.html') == "attachment; filename*=UTF-8''a%22b.html"


def test_what_is_not_kept_has_no_number() -> None:
    fields: dict[str, Any] = {
        "workspace": "w",
        "id": "e",
        "payload": encode_raw({}),
        "published_at": 0,
        "created_by": "ann",
    }
    kept = Happening(conversation="c", number=4, name="conversation.update", **fields)
    assert shown(kept)["conversationEventId"] == 4
    assert "workspace" not in shown(kept)
    passing = Happening(conversation="c", number=0, name="conversation.participantTyping", **fields)
    assert "conversationEventId" not in shown(passing)
    profile = Happening(conversation="", number=0, name="profile.update", **fields)
    assert "conversationId" not in shown(profile)
