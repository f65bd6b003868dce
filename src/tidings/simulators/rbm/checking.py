"""What Google refuses of an agent message."""

import re
import uuid
from typing import Any, Final

_KINDS: Final = ("text", "richCard", "contentInfo", "uploadedRbmFile")
_TRAFFIC: Final = frozenset({"AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"})
_TTL: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,9})?s")


def wrong(body: Any, id_: str) -> str:
    """Say what is wrong with a message; empty where nothing is."""
    if not isinstance(body, dict) or not isinstance(body.get("contentMessage"), dict):
        return "contentMessage is required."
    try:
        uuid.UUID(id_)
    except ValueError:
        return "messageId must be a UUID."
    if body.keys() - {"contentMessage", "messageTrafficType", "ttl", "expireTime"}:
        return "Unknown name in the message."
    if "messageTrafficType" in body and body["messageTrafficType"] not in _TRAFFIC:
        return "Invalid value at messageTrafficType."
    if "ttl" in body and not _TTL.fullmatch(str(body["ttl"])):
        return "Invalid value at ttl."
    return _content(body["contentMessage"])


def _content(content: dict[str, Any]) -> str:
    if sum(kind in content for kind in _KINDS) != 1:
        return "A message holds exactly one of text, richCard, contentInfo and uploadedRbmFile."
    text = content.get("text", "x")
    if not isinstance(text, str) or not 1 <= len(text) <= 3072:
        return "Invalid value at text."
    if "richCard" in content and (mistake := _card(content["richCard"])):
        return mistake
    if "contentInfo" in content and not _is_url(content["contentInfo"].get("fileUrl")):
        return "Invalid value at fileUrl."
    return _suggestions(content.get("suggestions", []), 11)


def _card(card: Any) -> str:
    if len(card) != 1:
        return "A rich card is one card or a carousel."
    if "standaloneCard" in card:
        return _contents([card["standaloneCard"].get("cardContent", {})])
    cards = card["carouselCard"].get("cardContents", [])
    return _contents(cards) if 2 <= len(cards) <= 10 else "A carousel has from 2 to 10 cards."


def _contents(cards: list[Any]) -> str:
    for card in cards:
        if not card.keys() & {"title", "description", "media"}:
            return "A card needs a title, a description or media."
        if len(card.get("title", "")) > 200 or len(card.get("description", "")) > 2000:
            return "A card says too much."
        if "media" in card and not _is_url(card["media"]["contentInfo"].get("fileUrl")):
            return "Invalid value at fileUrl."
        if mistake := _suggestions(card.get("suggestions", []), 4):
            return mistake
    return ""


def _suggestions(suggestions: list[Any], most: int) -> str:
    if len(suggestions) > most:
        return "There are too many suggestions."
    for each in suggestions:
        said = each.get("reply") or each.get("action") or {}
        if not 1 <= len(said.get("text", "")) <= 25 or len(said.get("postbackData", "")) > 2048:
            return "Invalid suggestion."
    return ""


def _is_url(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= 2048
