"""What TikTok refuses of a message, beside whom it is for."""

from collections.abc import Callable, Mapping
from typing import Any

from tidings.simulators.tiktok.answers import Wrong

ACTIONS = ("TYPING", "MARK_READ")
CARDS = {"QA_BUTTON_CARD": 20, "QA_LINK_CARD": 40}
"""Kinds of cards, and how long their labels may be."""


def check_message(body: Mapping[str, Any]) -> None:
    """Raise Wrong where a message cannot be sent as it is."""
    kind = body.get("message_type")
    check = _CHECKS.get(str(kind))
    if check is None:
        raise Wrong(40002, "message_type: none of the known ones")
    value = body.get(str(kind).lower())
    if not isinstance(value, dict) or not check(value):
        raise Wrong(40002, f"{str(kind).lower()}: invalid")
    if any(name in body for name in ("text", "image", "share_post", "template") if name != str(kind).lower()):
        raise Wrong(40002, "A message cannot consist of both text and image")
    if "referenced_message_info" in body and kind != "TEXT":
        raise Wrong(40002, "referenced_message_info: only a text can answer")


def _is_card(card: Mapping[str, Any]) -> bool:
    longest, buttons = CARDS.get(str(card.get("type")), 0), card.get("buttons") or []
    return (
        _has(card, "title", 40)
        and 1 <= len(buttons) <= 3
        and all(each.get("type") == "REPLY" and _has(each, "title", longest) for each in buttons)
        and all(len(str(each.get("id", ""))) <= 40 for each in buttons)
    )


def _has(value: Mapping[str, Any], name: str, longest: int) -> bool:
    text = value.get(name)
    return isinstance(text, str) and bool(text.strip()) and len(text) <= longest


_CHECKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "TEXT": lambda text: _has(text, "body", 6000),
    "IMAGE": lambda image: _has(image, "media_id", 255),
    "SHARE_POST": lambda post: _has(post, "item_id", 255),
    "TEMPLATE": _is_card,
}
