"""What there is to tap: quick replies, buttons under a text, cards, and lists.

Quick replies  https://developers.line.biz/en/reference/messaging-api/#quick-reply
Templates      https://developers.line.biz/en/reference/messaging-api/#template-messages
Flex           https://developers.line.biz/en/reference/messaging-api/#flex-message
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tidings.connectors.line.marks import postback_data
from tidings.model.content import Action, Card, Choice, Content, Listing

MOST_BUTTONS = 4
TEMPLATE_TEXT = 160
TEMPLATE_TEXT_UNDER_TITLE = 60
TITLE = 40
"""Characters."""

_ALTERNATIVE = 400
"""Characters of the text that notifications and chat lists show instead; newer clients take more."""

_LASTING = frozenset({"link", "call"})
"""Kinds of buttons that people come back to; quick replies are gone with the next message."""

Body = dict[str, Any]


def fits_template(content: Content) -> bool:
    """Whether the buttons can stand under the text for good: a link or call is among them, and all is short."""
    kinds = {action.kind for action in content.actions}
    if not kinds & _LASTING or "location" in kinds or content.listing:
        return False
    longest = TEMPLATE_TEXT_UNDER_TITLE if content.title else TEMPLATE_TEXT
    return len(content.actions) <= MOST_BUTTONS and 0 < len(content.text) <= longest and len(content.title) <= TITLE


def quick_reply(actions: Sequence[Action], tag: str) -> Body:
    """Write the quick replies that a message carries."""
    return {"quickReply": {"items": [{"type": "action", "action": _action(each, tag)} for each in actions]}}


def buttons_template(content: Content, tag: str) -> Body:
    """Write a text with its buttons."""
    titled = {"title": content.title} if content.title else {}
    actions = [_action(each, tag) for each in content.actions]
    return _template(content.text, {"type": "buttons", **titled, "text": content.text, "actions": actions})


def carousel(content: Content, tag: str) -> Body:
    """Write cards beside each other."""
    columns = [_column(card, tag) for card in content.cards]
    return _template(content.text or columns[0]["text"], {"type": "carousel", "columns": columns})


def headline(card: Card) -> tuple[str, str]:
    """Give a card's title and text; LINE wants a text, so a title alone is the text."""
    return (card.title, card.text) if card.text else ("", card.title)


def reply_payload(action: Action) -> str:
    """What comes back when a reply is tapped."""
    return action.payload or action.label


def list_bubble(content: Content, listing: Listing, tag: str) -> Body:
    """Write a list, whose rows are all there to be tapped: LINE has no button that opens it."""
    bubble: Body = {"type": "bubble"}
    header = listing.header or content.title
    if header:
        bubble["header"] = _box([_text(header, weight="bold", size="lg")])
    said = [_text(content.text)] if content.text else []
    bubble["body"] = _box([*said, *_rows(listing.choices, tag)], spacing="lg")
    if listing.footer:
        bubble["footer"] = _box([_text(listing.footer, size="xs", color="#888888")])
    return {"type": "flex", "altText": _alternative(content.text or header or listing.button), "contents": bubble}


def _rows(choices: Sequence[Choice], tag: str) -> Iterator[Body]:
    section = ""
    for choice in choices:
        if choice.section != section:
            section = choice.section
            yield _text(section, weight="bold", size="sm", color="#888888")
        described = [_text(choice.description, size="xs", color="#888888")] if choice.description else []
        action = {"type": "postback", "data": postback_data(tag, choice.id), "displayText": choice.title}
        yield {**_box([_text(choice.title), *described]), "action": action}


def _column(card: Card, tag: str) -> Body:
    title, text = headline(card)
    column: Body = {"thumbnailImageUrl": card.media.url} if card.media else {}
    if title:
        column["title"] = title
    return {**column, "text": text, "actions": [_action(each, tag) for each in card.actions]}


def _action(action: Action, tag: str) -> Body:
    """Write what a tap does; a reply comes back as a postback, which says what was tapped, unlike a text."""
    if action.kind == "link":
        return {"type": "uri", "label": action.label, "uri": action.url}
    if action.kind == "call":
        return {"type": "uri", "label": action.label, "uri": f"tel:{action.phone}"}
    if action.kind == "location":
        return {"type": "location", "label": action.label}
    data = postback_data(tag, reply_payload(action))
    return {"type": "postback", "label": action.label, "data": data, "displayText": action.label}


def _template(alternative: str, template: Body) -> Body:
    return {"type": "template", "altText": _alternative(alternative), "template": template}


def _alternative(text: str) -> str:
    return text if len(text) <= _ALTERNATIVE else f"{text[: _ALTERNATIVE - 1]}…"


def _box(contents: list[Body], **style: str) -> Body:
    return {"type": "box", "layout": "vertical", **style, "contents": contents}


def _text(text: str, **style: str) -> Body:
    return {"type": "text", "text": text, "wrap": True, **style}
