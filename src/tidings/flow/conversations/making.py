"""Conversations, and who takes part in them: made, changed, deleted. Everything is checked before it is done."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from tidings.flow.conversations.allowing import allowed
from tidings.flow.conversations.commands import Add, Change, Delete, Make, Place, Remove
from tidings.flow.conversations.page import Page
from tidings.model.conversations import Conversation, EventName, Participant, Role
from tidings.model.errors import FieldError, Refused
from tidings.rules.conversations.permissions import Deed
from tidings.rules.times import to_iso

MOST_PARTICIPANTS: Final = 1000


def make(page: Page, command: Make) -> tuple[Conversation, bool]:
    """Make a conversation, or find or restore it; says whether it is there only since now."""
    place, known = command.place, page.conversations.get(command.place.key)
    if known is not None and known.deleted_at is None:
        if not command.is_own:
            raise Refused(f"There is a conversation {place.conversation} already.", status=409, kind="exists")
        allowed(page, place, Deed.LOOK)
        return known, False
    people = {each.id: each for each in command.participants}
    _few_enough(len(people))
    _known_people(page, place, people)
    if known is None:
        page.conversations[place.key] = Conversation(
            workspace=place.workspace,
            id=place.conversation,
            name=command.name,
            description=command.description,
            is_public=command.is_public,
            roles=command.roles,
            created_at=place.now,
            updated_at=place.now,
        )
    else:
        if not place.doer.by_server:
            allowed(page, place, Deed.LOOK, deleted=True)
        page.conversations[place.key] = replace(known, deleted_at=None, revision=known.revision + 1)
        page.happen(place, EventName.RESTORED, {"conversationId": place.conversation})
    bring(page, place, people.values())
    return page.conversations[place.key], True


def change(page: Page, command: Change) -> Conversation:
    """Give a conversation other words or rules; raises Refused."""
    place = command.place
    known = allowed(page, place, Deed.CHANGE)
    _match(known, command.revisions)
    page.conversations[place.key] = replace(
        known,
        name=command.name,
        description=command.description,
        is_public=command.is_public,
        roles=command.roles,
        revision=known.revision + 1,
    )
    told = {"name": command.name, "description": command.description, "isPublic": command.is_public}
    page.happen(place, EventName.CHANGED, {"conversationId": place.conversation, **told, "roles": command.roles})
    return page.conversations[place.key]


def delete(page: Page, command: Delete) -> None:
    """Delete a conversation; raises Refused."""
    place = command.place
    known = allowed(page, place, Deed.CHANGE)
    _match(known, command.revisions)
    page.conversations[place.key] = replace(known, deleted_at=place.now, revision=known.revision + 1)
    page.happen(place, EventName.DELETED, {"conversationId": place.conversation, "timestamp": to_iso(place.now)})


def _match(known: Conversation, revisions: frozenset[int] | None) -> None:
    if revisions is not None and known.revision not in revisions:
        raise Refused("It has changed since: If-Match names another ETag.", status=412, kind="changed")


def add(page: Page, command: Add) -> None:
    """Have profiles take part, or in another role; raises Refused."""
    place = command.place
    people = {each.id: each for each in command.participants}
    only_self = set(people) == {place.doer.profile}
    conversation = allowed(page, place, Deed.COME if only_self else Deed.ADD)
    known = {each: page.participants.get((place.key, each)) for each in people}
    new = [each for each, one in known.items() if one is None]
    changed = (one for one in known.values() if one is not None and one.role is not people[one.id].role)
    if any(changed) or any(people[each].role is Role.OWNER for each in new):
        allowed(page, place, Deed.APPOINT)
    _few_enough(conversation.size + len(new))
    _known_people(page, place, people)
    bring(page, place, people.values())


def bring(page: Page, place: Place, people: Iterable[Participant]) -> None:
    """Have profiles take part, or have another role; one who has it already is not told of again."""
    for each in people:
        known = page.participants.get((place.key, each.id))
        if known is not None and known.role is each.role:
            continue
        if known is None:
            conversation = page.conversations[place.key]
            page.conversations[place.key] = replace(conversation, size=conversation.size + 1)
        page.put_participant(place, each if known is None else replace(known, role=each.role))
        page.members.add(place.key)
        page.happen(place, EventName.ADDED, _membership(place, each))


def remove(page: Page, command: Remove) -> None:
    """Have profiles take part no more; those who do not are passed over. Raises Refused."""
    place = command.place
    only_self = set(command.profiles) == {place.doer.profile}
    allowed(page, place, Deed.LEAVE if only_self else Deed.REMOVE)
    gone = [each for name in dict.fromkeys(command.profiles) if (each := page.participants.get((place.key, name)))]
    if not only_self and any(each.role is Role.OWNER for each in gone):
        allowed(page, place, Deed.APPOINT)
    for each in gone:
        conversation = page.conversations[place.key]
        page.conversations[place.key] = replace(conversation, size=conversation.size - 1)
        page.drop_participant(place, each.id)
        page.members.add(place.key)
        page.happen(place, EventName.REMOVED, _membership(place, each))


def _membership(place: Place, one: Participant) -> dict[str, Any]:
    return {"conversationId": place.conversation, "profileId": one.id, "role": one.role.value}


def _few_enough(number: int) -> None:
    if number > MOST_PARTICIPANTS:
        wrong = FieldError("participants", f"At most {MOST_PARTICIPANTS} take part.", "too-many")
        raise Refused("There are too many participants.", errors=(wrong,))


def _known_people(page: Page, place: Place, people: Iterable[str]) -> None:
    """See that a person brings in only those whom the workspace knows; its own server names whom it likes."""
    unknown = [
        each
        for each in people
        if each not in (place.doer.profile, place.sender) and (place.workspace, each) not in page.profiles
    ]
    if unknown and not place.doer.by_server:
        errors = tuple(FieldError("participants", f"There is no profile {each}.", "unknown") for each in unknown)
        raise Refused("A participant is not known.", errors=errors)
