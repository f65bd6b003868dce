"""What there is to tap: a keyboard below the chat, and cards in it.

Keyboards   https://developers.viber.com/docs/tools/keyboards/
Rich media  https://developers.viber.com/docs/api/rest-bot-api/#rich-media-message--carousel-content-message
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from msgspec import Struct

from tidings.model.content import Action, Card, Choice, Content

WIDTH = 6
"""Columns of a keyboard, and of a card."""
MOST_CARDS = 6
MOST_CARD_ACTIONS = 2
_PICTURE_ROWS = 3
_TEXT_ROWS = 2
_WHITE = "#FFFFFF"

FOR_PLACES = 3
FOR_SILENCE = 6
FOR_CARDS = 7
"""Versions of the API from which on clients can do something."""

Body = dict[str, Any]


class Keyboard(Struct, frozen=True):
    """A keyboard, and the oldest version of the API whose clients can show it; 0: any."""

    body: Body
    version: int = 0


def keyboard(content: Content, *, silent: bool) -> Keyboard | None:
    """Write the keyboard that a content takes, of a list or of buttons; None where there is nothing to tap."""
    if content.listing:
        buttons = [_row(choice, silent) for choice in content.listing.choices]
    else:
        buttons = [_button(each, width, silent) for each, width in _spread(content.actions)]
    if not buttons:
        return None
    version = FOR_PLACES if any(each["ActionType"] == "location-picker" for each in buttons) else 0
    version = FOR_SILENCE if silent else version
    return Keyboard({"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}, version)


def rich_media(cards: Sequence[Card], *, silent: bool) -> Body:
    """Write cards; each is a group of as many rows as the largest takes."""
    pictured = any(card.media for card in cards)
    actions = max(len(card.actions) for card in cards)
    rows = _PICTURE_ROWS * pictured + _TEXT_ROWS + actions
    buttons = [button for card in cards for button in _card(card, actions, pictured=pictured, silent=silent)]
    return {"Type": "rich_media", "ButtonsGroupColumns": WIDTH, "ButtonsGroupRows": rows, "Buttons": buttons}


def reply_body(action: Action) -> str:
    """What comes back when a reply is tapped."""
    return action.payload or action.label


def _spread(actions: Sequence[Action]) -> list[tuple[Action, int]]:
    """Give two buttons a row, and the last one of an odd number the whole of it."""
    pairs = len(actions) - len(actions) % 2
    return [(each, WIDTH // 2 if index < pairs else WIDTH) for index, each in enumerate(actions)]


def _button(action: Action, width: int, silent: bool) -> Body:
    size: Body = {"Columns": width, "Rows": 1}
    if action.kind == "location":
        return {**size, "ActionType": "location-picker", "ActionBody": reply_body(action), "Text": escape(action.label)}
    link = action.kind == "link"
    return {
        **size,
        "ActionType": "open-url" if link else "reply",
        "ActionBody": action.url if link else reply_body(action),
        "Text": escape(action.label),
        **({"Silent": True} if silent else {}),
    }


def _row(choice: Choice, silent: bool) -> Body:
    """Write one row of a list; Viber has no button that opens one."""
    text = escape(choice.title) + (f"<br>{escape(choice.description)}" if choice.description else "")
    button = _button(Action("", payload=choice.id), WIDTH, silent)
    return {**button, "Rows": 2 if choice.description else 1, "Text": text}


def _card(card: Card, actions: int, *, pictured: bool, silent: bool) -> list[Body]:
    """Write a card as buttons one below the other; what is only white fills the place of what is missing."""
    still: Body = {"Columns": WIDTH, "ActionType": "none", "ActionBody": "none"}
    head = {"Image": card.media.url} if card.media else {"BgColor": _WHITE}
    title = f"<b>{escape(card.title)}</b>" if card.title else ""
    text = "<br>".join(filter(None, (title, escape(card.text))))
    return [
        *([{**still, "Rows": _PICTURE_ROWS, **head}] if pictured else []),
        {**still, "Rows": _TEXT_ROWS, "Text": text},
        *(_button(each, WIDTH, silent) for each in card.actions),
        *({**still, "Rows": 1, "BgColor": _WHITE} for _ in range(actions - len(card.actions))),
    ]
