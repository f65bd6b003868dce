"""Writing content in TikTok's own words: one content may be several messages.

Messages https://business-api.tiktok.com/portal/docs?id=1832184403754242
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tidings.model.content import Action, Content

NATIVE = "tiktok"
"""The platform whose native bodies are ours."""

TYPES = frozenset({"TEXT", "IMAGE", "SHARE_POST", "TEMPLATE"})
"""Types of message; the object of each has the type's name in lower case."""

LONGEST_QUESTION = 40
LONGEST_BUTTON = 20
LONGEST_LINK = 40
"""Characters: a card's title, and the labels of its two kinds of buttons."""

Body = dict[str, Any]
"""A message's `message_type` and its object, which of an image is the file as long as it is not at TikTok."""


def compose(content: Content) -> list[Body]:
    """Write every message that a content takes, in the order they are to arrive."""
    if NATIVE in content.native:
        return native_bodies(content)
    return list(_bodies(content))


def native_bodies(content: Content) -> list[Body]:
    """Read the client's own messages: one, or an array of them; raises ValueError where one cannot be sent."""
    given = msgspec.json.decode(content.native[NATIVE])
    bodies = given if isinstance(given, list) else [given]
    if not bodies:
        raise ValueError("There is no message.")
    return [_typed(body) for body in bodies]


def question_of(content: Content) -> str:
    """What a card with buttons asks: the title where there is one, and then the text stands above; else the text."""
    return content.title or content.text


def reply_id(action: Action) -> str:
    """What comes back when a button is tapped."""
    return action.payload or action.label


def is_text(body: Body) -> bool:
    """Whether a message is one that can answer another."""
    return bool(body["message_type"] == "TEXT")


def _typed(body: Any) -> Body:
    if not isinstance(body, dict):
        raise ValueError("A message is an object.")  # noqa: TRY004 - the client's value is wrong, not our type
    told = body.get("message_type", body.get("type"))
    objects = [kind for kind in sorted(TYPES) if kind.lower() in body]
    kind = told.upper() if isinstance(told, str) else objects[0] if len(objects) == 1 and told is None else ""
    if kind not in TYPES or not isinstance(body.get(kind.lower()), dict):
        raise ValueError(f"A message has a type, one of {', '.join(sorted(TYPES))}, and an object named after it.")
    # Whom it is for has been checked, and is no part of the body.
    return {"message_type": kind, kind.lower(): body[kind.lower()]}


def _bodies(content: Content) -> Iterator[Body]:
    asked = question_of(content) if content.actions else ""
    if content.text and content.text != asked:
        yield _text(content.text)
    for media in content.media:
        yield {"message_type": "IMAGE", "image": media}
        if media.caption:
            yield _text(media.caption)
    if content.actions:
        yield {"message_type": "TEMPLATE", "template": _card(asked, content.actions)}


def _text(text: str) -> Body:
    return {"message_type": "TEXT", "text": {"body": text}}


def _card(question: str, actions: Sequence[Action]) -> dict[str, Any]:
    """Write a card: with buttons, or with links in the text where a label is too long for a button."""
    short = all(len(action.label) <= LONGEST_BUTTON for action in actions)
    buttons = [{"type": "REPLY", "title": action.label, "id": reply_id(action)} for action in actions]
    return {"type": "QA_BUTTON_CARD" if short else "QA_LINK_CARD", "title": question, "buttons": buttons}
