"""Messages: said by people, by the workspace's own server, and by the hub."""

import msgspec
from msgspec.structs import replace

from tidings.flow.conversations.allowing import allowed, is_here
from tidings.flow.conversations.commands import Make, Place, Say, Told
from tidings.flow.conversations.making import bring, make
from tidings.flow.conversations.page import Page
from tidings.flow.facts import Promise
from tidings.model.conversations import EventName, Participant, Role, Said
from tidings.model.errors import FieldError, Refused
from tidings.rules.conversations.names import between
from tidings.rules.conversations.permissions import Deed
from tidings.rules.conversations.saying import A2P, INBOUND, OUTBOUND, P2P, TAPPED, measured, sent_payload


class Tapped(msgspec.Struct, frozen=True, rename="camel"):
    """What the part of a tapped button holds."""

    action: str
    message_id: str
    label: str = ""


def say(page: Page, command: Say) -> Said | Promise:
    """Say something, once for each key and each message of the hub's; raises Refused."""
    place, message = command.place, command.id
    if command.promise is not None and (before := page.promises.get((command.promise.workspace, command.promise.key))):
        return before
    if command.of_hub:
        known = page.said.get(message)
        if known is not None and known.workspace == place.workspace:
            # The hub says it again, because it does not know whether it has.
            return known
        _open_for_hub(page, command)
    else:
        allowed(page, place, Deed.SEND)
        _check_tapped(page, command)
    said = _said(page, command)
    if command.promise is not None:
        answer = msgspec.json.encode(Told(said.id, said.number))
        page.keep_promise(replace(command.promise, body=answer), place.now)
    return said


def _said(page: Page, command: Say) -> Said:
    place, doer, spoken = command.place, command.place.doer, command.spoken
    with_business = page.participants.get((place.key, place.sender)) is not None
    conversation = page.conversations[place.key]
    said = Said(
        id=command.id,
        workspace=place.workspace,
        conversation=place.conversation,
        number=conversation.last + 1,
        author=doer.profile,
        sent_by=doer.profile if doer.by_server else f"session:{doer.profile}",
        sent_at=place.now,
        scope=A2P if with_business or doer.by_server else P2P,
        direction=OUTBOUND if doer.by_server else INBOUND,
        parts=measured(spoken.parts),
        metadata=spoken.metadata,
        alert=spoken.alert,
        hub=command.of_hub,
    )
    page.put_said(said, place.keep)
    happening = page.happen(place, EventName.SENT, sent_payload(said))
    last = page.conversations[place.key]
    outgoing = said.id if said.hub else last.outgoing
    page.conversations[place.key] = replace(last, sent=happening.number, outgoing=outgoing)
    if said.direction == INBOUND:
        page.tell(happening, answers=conversation.outgoing, to=place.sender if with_business else "")
    return said


def _open_for_hub(page: Page, command: Say) -> None:
    """See that the person whom a message of the hub's is for takes part, making the conversation where it has no own.

    Raises Refused where there is no such person or conversation, or they do not take part in it.
    """
    place, to = command.place, command.to
    conversation = page.conversations.get(place.key)
    if conversation is None or conversation.deleted_at is not None:
        if not _is_own(command):
            raise Refused(f"There is no conversation {place.conversation}.", status=404, kind="conversation")
        if (place.workspace, to) not in page.profiles:
            raise Refused(f"There is no profile {to}.", status=404, kind="profile")
        people = (Participant(place.doer.profile, Role.OWNER), Participant(to))
        make(page, Make(place=place, participants=people))
        return
    if page.participants.get((place.key, to)) is None:
        raise Refused(f"{to} does not take part in {place.conversation}.", status=403, kind="participant")
    _bring_in_business(page, place)


def _bring_in_business(page: Page, place: Place) -> None:
    if page.participants.get((place.key, place.doer.profile)) is None:
        bring(page, place, (Participant(place.doer.profile, Role.OWNER),))


def _is_own(command: Say) -> bool:
    return command.place.conversation == between(command.place.doer.profile, command.to)


def _check_tapped(page: Page, command: Say) -> None:
    """See that a tapped button is one of a message in this conversation."""
    for index, tapped in enumerate(tapped_in(command)):
        known = page.said.get(tapped.message_id) if tapped is not None else None
        if known is None or not is_here(known, command.place):
            wrong = FieldError(f"parts[{index}].data", "It names no message of this conversation.", "unknown")
            raise Refused("A button cannot be tapped.", errors=(wrong,))


def tapped_in(command: Say) -> list[Tapped | None]:
    """Read which buttons a message says were tapped; None for a part that does not say it."""
    found: list[Tapped | None] = []
    for part in command.spoken.parts:
        if part.type == TAPPED:
            try:
                found.append(msgspec.json.decode(part.data, type=Tapped))
            except (msgspec.DecodeError, RecursionError):
                found.append(None)
    return found
