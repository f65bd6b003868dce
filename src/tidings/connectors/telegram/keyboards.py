"""What there is to tap below a message.

Keyboards https://core.telegram.org/bots/api#inlinekeyboardmarkup
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tidings.model.content import Action, Listing
from tidings.model.errors import FieldError

LONGEST_DATA = 64
"""Octets that come back when a button is tapped."""
MOST_BUTTONS = 100

_LINKS = ("https://", "http://", "tg://")


def keyboard(actions: Sequence[Action], listing: Listing | None) -> dict[str, Any]:
    """Write the keyboard of a message, a button a row; empty where there is nothing to tap."""
    if any(action.kind == "location" for action in actions):
        # Only the keyboard in the place of the letters can ask where somebody is.
        rows = [[{"text": action.label, "request_location": True}] for action in actions]
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}
    buttons = [_button(action) for action in actions]
    buttons += [{"text": choice.title, "callback_data": choice.id} for choice in listing.choices] if listing else []
    return {"inline_keyboard": [[button] for button in buttons]} if buttons else {}


def wrong_actions(path: str, actions: Sequence[Action]) -> Iterator[FieldError]:
    """Name everything in buttons that Telegram would refuse."""
    kinds = {action.kind for action in actions}
    for kind in sorted(kinds - {"reply", "link", "location"}):
        yield FieldError(path, f"There is no button for {kind}.", "Unsupported")
    if "location" in kinds and len(kinds) > 1:
        yield FieldError(path, "Buttons that ask for a place stand alone.", "Unsupported")
    if len(actions) > MOST_BUTTONS:
        yield FieldError(path, f"At most {MOST_BUTTONS} buttons.", "TooMany")
    for index, action in enumerate(actions):
        if not action.label.strip():
            yield FieldError(f"{path}[{index}].label", "This must not be empty.", "Missing")
        if action.kind == "link" and not action.url.startswith(_LINKS):
            yield FieldError(f"{path}[{index}].url", "A link starts with https://.", "Invalid")
        if action.kind == "reply":
            yield from _wrong_data(f"{path}[{index}].payload", _data(action))


def wrong_listing(path: str, listing: Listing) -> Iterator[FieldError]:
    """Name everything in a list that Telegram would refuse."""
    if not 1 <= len(listing.choices) <= MOST_BUTTONS:
        yield FieldError(f"{path}.choices", f"From 1 to {MOST_BUTTONS} choices.", "TooMany")
    for index, choice in enumerate(listing.choices):
        if not choice.title.strip():
            yield FieldError(f"{path}.choices[{index}].title", "This must not be empty.", "Missing")
        yield from _wrong_data(f"{path}.choices[{index}].id", choice.id)


def listed(listing: Listing) -> Iterator[str]:
    """Say what of a list does not stand on its buttons, line by line: what is above, descriptions, what is below."""
    if listing.header:
        yield listing.header
    for choice in listing.choices:
        if choice.description:
            yield f"{choice.title}: {choice.description}"
    if listing.footer:
        yield listing.footer


def _button(action: Action) -> dict[str, Any]:
    if action.kind == "link":
        return {"text": action.label, "url": action.url}
    return {"text": action.label, "callback_data": _data(action)}


def _data(action: Action) -> str:
    """What comes back when a button is tapped."""
    return action.payload or action.label


def _wrong_data(path: str, data: str) -> Iterator[FieldError]:
    if not 1 <= len(data.encode()) <= LONGEST_DATA:
        yield FieldError(path, f"What comes back has 1 to {LONGEST_DATA} octets.", "TooLong")
