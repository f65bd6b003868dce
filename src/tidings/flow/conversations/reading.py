"""Reading conversations back: as they stand, and what was said in them."""

from typing import Final

from tidings.flow.conversations.commands import key_of
from tidings.flow.conversations.page import decode_conversation, decode_said
from tidings.model.conversations import Conversation, Participant, Role, Said
from tidings.store.statements import Transaction, statement

LATEST: Final = 2**62
"""After every number."""
READ_AT_ONCE: Final = 500


def conversation_in(workspace: str, conversation: str) -> Transaction[Conversation | None]:
    """Read a conversation; None where there is none."""
    rows = yield statement("conversations_by_id")(conversations=[key_of(workspace, conversation)])
    return decode_conversation(rows[0][1]) if rows else None


def conversations_in(
    workspace: str, *, profile: str, only_public: bool, after: str, limit: int
) -> Transaction[tuple[list[Conversation], str]]:
    """Read a page of conversations that are there, and the id to go on after; empty where there are no more.

    `profile` is who must take part; empty: nobody in particular. A page of public ones may be short.
    """
    place = key_of(workspace, after)
    size = READ_AT_ONCE if only_public else limit
    if profile:
        rows = yield statement("conversations_with")(workspace=workspace, profile=profile, after=place, limit=size)
    else:
        rows = yield statement("conversations_of")(workspace=workspace, after=place, limit=size)
    read = [decode_conversation(row[0]) for row in rows]
    found: list[Conversation] = []
    for each in read:
        if len(found) == limit:
            return found, found[-1].id
        if each.deleted_at is None and (each.is_public or not only_public):
            found.append(each)
    return found, read[-1].id if len(read) == size else ""


def participants_in(workspace: str, conversation: str) -> Transaction[list[Participant]]:
    """Read who takes part in a conversation."""
    rows = yield statement("participants_of")(conversation=key_of(workspace, conversation))
    return [Participant(row[0], Role(row[1]), row[2], row[3]) for row in rows]


def said_before(workspace: str, conversation: str, before: int, limit: int) -> Transaction[list[Said] | None]:
    """Read the last messages before a number, the oldest first; None where the conversation is deleted."""
    known = yield from conversation_in(workspace, conversation)
    if known is None or known.deleted_at is not None:
        return None
    rows = yield statement("said_before")(conversation=key_of(workspace, conversation), before=before, limit=limit)
    return [decode_said(row[1]) for row in reversed(rows)]
