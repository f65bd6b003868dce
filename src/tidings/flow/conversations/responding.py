"""What becomes of a message after it is said: how far it comes, what people do with it, and that it is emptied."""

from msgspec.structs import replace

from tidings.flow.conversations.allowing import allowed, is_here
from tidings.flow.conversations.commands import AskDeletion, Empty, Mark, Place, React, Tell
from tidings.flow.conversations.page import MARKED_AT_ONCE, Page
from tidings.model.conversations import EventName, Said
from tidings.model.errors import Refused
from tidings.rules.conversations.permissions import Deed
from tidings.rules.conversations.saying import sent_payload, status_payload
from tidings.rules.conversations.statuses import READ, Marked, marked
from tidings.rules.times import to_iso
from tidings.store.statements import Transaction


def tell(page: Page, command: Tell) -> Transaction[bool]:
    """Take a client's word; says whether there is more that it is true of."""
    place = command.place
    conversation = allowed(page, place, Deed.LOOK)
    profile, more = place.doer.profile, False
    for mark in command.marks:
        if mark.up_to is None:
            meant = [page.said[each] for each in mark.messages if each in page.said]
        else:
            meant, so_far = yield from _up_to(page, place, mark, conversation.last)
            more = more or so_far < min(mark.up_to, conversation.last)
        for each in meant:
            if is_here(each, place) and (news := marked(each, profile, mark.status, mark.at, place.now)):
                _take(page, place, mark.status, news, is_public=conversation.is_public)
    return more


def _up_to(page: Page, place: Place, mark: Mark, last: int) -> Transaction[tuple[list[Said], int]]:
    """Find what a word `up to` is said of, and how far that goes; what is known already is not looked at again."""
    one = page.participants.get((place.key, place.doer.profile))
    assert mark.up_to is not None
    if one is None:
        return [], last
    is_read = mark.status == READ
    so_far = one.read_to if is_read else one.delivered_to
    if mark.up_to <= so_far:
        return [], so_far
    found = yield from page.load_between(place.key, so_far, min(mark.up_to, last))
    until = found[-1].number if len(found) >= MARKED_AT_ONCE else min(mark.up_to, last)
    moved = {"read_to": until} if is_read else {"delivered_to": until}
    page.put_participant(place, replace(one, **moved))
    return found, until


def _take(page: Page, place: Place, status: str, news: Marked, *, is_public: bool) -> None:
    page.move_said(news.said)
    name = EventName.READ if status == READ else EventName.DELIVERED
    payload = status_payload(news.said, place.doer.profile, news.at, is_public=is_public)
    happening = page.happen(place, name, payload)
    if news.first and news.said.hub:
        page.tell(happening)


def react(page: Page, command: React) -> None:
    """Write down that somebody reacts to a message; raises Refused."""
    place = command.place
    said = _message_here(page, place, command.message)
    payload = {
        "messageId": said.id,
        "conversationId": place.conversation,
        "profileId": place.doer.profile,
        "emoji": command.emoji,
        "action": command.action,
        "timestamp": to_iso(place.now),
    }
    happening = page.happen(place, EventName.REACTION, payload)
    if said.hub and not place.doer.by_server:
        page.tell(happening)


def ask_deletion(page: Page, command: AskDeletion) -> None:
    """Write down that somebody asks for a message to be deleted; raises Refused."""
    place = command.place
    said = _message_here(page, place, command.message)
    payload = {
        "messageId": said.id,
        "conversationId": place.conversation,
        "profileId": place.doer.profile,
        "timestamp": to_iso(place.now),
    }
    happening = page.happen(place, EventName.DELETE_REQUESTED, payload)
    if said.hub and not place.doer.by_server:
        page.tell(happening)


def _message_here(page: Page, place: Place, message: str) -> Said:
    allowed(page, place, Deed.LOOK)
    said = page.said.get(message)
    if said is None or not is_here(said, place):
        raise Refused(f"There is no message {message}.", status=404)
    return said


def empty(page: Page, command: Empty) -> Transaction[None]:
    """Take out what a message says; one that is not there is passed over."""
    place, said = command.place, page.said.get(command.message)
    if said is None or not is_here(said, place):
        return
    emptied = replace(said, parts=(), metadata=None, alert=None)
    page.move_said(emptied)
    yield from page.rewrite(place, said.number, sent_payload(emptied))
