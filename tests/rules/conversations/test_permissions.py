"""Who may do what: every role, every deed, every right."""

from itertools import product

import pytest

from tidings.model.conversations import Conversation, Permissions, Role, Roles
from tidings.rules.conversations.names import between, conversation_id, profile_id
from tidings.rules.conversations.permissions import Deed, may

ALL = [Permissions(*each) for each in product((True, False), repeat=3)]
RIGHTS = {Deed.SEND: "can_send", Deed.ADD: "can_add_participants", Deed.REMOVE: "can_remove_participants"}


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("deed", Deed)
def test_whoever_takes_no_part_may_come_into_what_is_public_and_nothing_else(deed: Deed, public: bool) -> None:
    conversation = Conversation(workspace="w", id="c", is_public=public)
    assert may(conversation, None, deed) is (deed is Deed.COME and public)


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_it_is_granted(role: Role, deed: Deed) -> None:
    for owner, participant in product(ALL, ALL):
        conversation = Conversation(workspace="w", id="c", roles=Roles(owner, participant))
        granted = owner if role is Role.OWNER else participant
        if deed in RIGHTS:
            expected = getattr(granted, RIGHTS[deed])
        elif deed in (Deed.APPOINT, Deed.CHANGE):
            expected = role is Role.OWNER
        else:
            expected = True
        assert may(conversation, role, deed) is expected


def test_participants_may_send_and_no_more_unless_somebody_says_so() -> None:
    conversation = Conversation(workspace="w", id="c")
    allowed = {deed for deed in Deed if may(conversation, Role.MEMBER, deed)}
    assert allowed == {Deed.LOOK, Deed.SEND, Deed.COME, Deed.LEAVE}


def test_a_business_and_a_person_have_a_conversation_of_their_own() -> None:
    assert between("TEAM\\Customer_Services", "anon_1") == "Customer_Services_anon_1"
    assert between("Shop", "anon_1") == "Shop_anon_1"


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "a\0b", "\ud800", "x" * 513])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        conversation_id(text)
    with pytest.raises(ValueError, match=r"\w"):
        profile_id(text)


@pytest.mark.parametrize("text", ["a", "TEAM\\Customer_Services", "ann@example.com", "a/b c", "дом"])
def test_an_id_is_kept_as_it_is_written(text: str) -> None:
    assert profile_id(text) == text
    assert conversation_id(text) == text
