"""What a person picked in an interactive message, in our words.

Interactive https://register.apple.com/resources/messages/msp-rest-api/type-interactive
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.apple_messages.callbacks import Data, Form, InteractiveData, ListPicker, QuickReply
from tidings.connectors.decoding import text_at

_PICKED = "selected"
"""The title of a section that holds what was picked, where the others are repeated too."""


class Pick(Struct, frozen=True):
    """One thing that was picked: what it stands for, and what it was called."""

    payload: str
    title: str


class Answer(Struct, frozen=True):
    """What an interactive message of a person's says."""

    kind: str
    text: str
    picks: tuple[Pick, ...] = ()
    facts: dict[str, Any] = {}
    """What more there is to know, small and flat."""

    @property
    def payload(self) -> str:
        """What everything that was picked stands for."""
        return ",".join(pick.payload for pick in self.picks)


def answer_of(told: InteractiveData) -> Answer:
    """Say what was answered; an answer of no known kind says what its bubble does."""
    data = told.data
    bubble = data.reply_message or told.reply_message
    shown = (bubble.title if bubble else None) or ""
    kind, picks, facts = _picked(data, shown)
    titles = ", ".join(pick.title for pick in picks if pick.title)
    return Answer(kind, titles or shown, picks, facts)


def _picked(data: Data, shown: str) -> tuple[str, tuple[Pick, ...], dict[str, Any]]:
    if data.quick_reply:
        return "quick-reply", tuple(_of_replies(data.quick_reply)), {}
    if data.list_picker:
        return "listPicker", tuple(_of_list(data.list_picker)), {}
    if data.event:
        slots = data.event.timeslots[:1]
        picks = tuple(Pick(slot.identifier, shown or slot.start_time) for slot in slots if slot.identifier)
        return "event", picks, {"startTime": slots[0].start_time, "duration": slots[0].duration} if slots else {}
    if data.dynamic:
        return "dynamic", tuple(_of_form(data.dynamic)), {}
    return "interactive", (), {}


def _of_replies(told: QuickReply) -> Iterator[Pick]:
    index = told.selected_index
    by_index = told.items[index] if index is not None and 0 <= index < len(told.items) else None
    by_name = next((item for item in told.items if item.identifier == told.selected_identifier), None)
    item = by_name or by_index
    if item:
        yield Pick(item.identifier or item.title, item.title)
    elif told.selected_identifier:
        yield Pick(told.selected_identifier, "")


def _of_list(told: ListPicker) -> Iterator[Pick]:
    apart = [section for section in told.sections if (section.title or "").lower() == _PICKED]
    for section in apart or told.sections:
        for item in section.items:
            if item.identifier or item.title:
                yield Pick(item.identifier or item.title, item.title)


def _of_form(told: Form) -> Iterator[Pick]:
    """Read a form: it is one pick, and its text says each question with its answers."""
    lines = []
    for selection in told.selections:
        items = selection.get("items") if isinstance(selection, dict) else None
        given = [text_at(item, "title") or text_at(item, "value") for item in items] if isinstance(items, list) else []
        lines.append(f"{text_at(selection, 'title')}: {', '.join(filter(None, given))}".strip(": "))
    if told.selections:
        yield Pick(msgspec.json.encode(told.selections).decode(), "\n".join(filter(None, lines)))
