"""What a person's message says, in our words."""

from collections.abc import Iterable, Iterator
from typing import Any

from tidings.connectors.meta.messaging.shapes import Attachment, Message, Payload, Referral
from tidings.connectors.meta.moments import Time, at
from tidings.model.content import Content, Location, Media
from tidings.rules.uploads import TYPES

THUMBS = frozenset({"369239263222822", "369239343222814", "369239383222810"})
"""The stickers of the thumb, in its three sizes."""

_WORDS = {"like_heart": "❤️"}
"""Attachments that say what an emoji does."""

_USUAL = {"image": "image/jpeg", "sticker": "image/png", "video": "video/mp4", "audio": "audio/mp4"}
"""The type of a file by its kind, where its name does not tell one."""
_USUAL |= {"reel": "video/mp4", "ig_reel": "video/mp4"}
_NO_FILES = frozenset({"location", "fallback", "template"})
"""Attachments whose address, if they have one, is of a page."""


def content_of(message: Message) -> Content:
    """Say what a message says; empty where it is of a kind that Meta does not show us."""
    attachments = tuple(_once(message.attachments))
    words = [message.text or "", *(_word(each) for each in attachments)]
    text = next(filter(None, words), "")
    return Content(
        text=text,
        media=tuple(media for each in attachments if (media := _media(each))),
        location=next((place for each in attachments if (place := _place(each))), None),
    )


def facts_of(message: Message, timestamp: Time) -> dict[str, Any]:
    """The small facts of a message; only those that were told."""
    attachments = tuple(_once(message.attachments))
    story = message.reply_to.story if message.reply_to else None
    sticker = message.sticker_id or next((_payload(each).sticker_id for each in attachments), None)
    page = next((each for each in attachments if each.type == "fallback"), Attachment())
    return {
        "kind": _kind(attachments, is_about_story=story is not None),
        **said(
            timestamp=str(timestamp) if at(timestamp) else None,
            payload=message.quick_reply.payload if message.quick_reply else None,
            storyId=str(story.id) if story else None,
            storyUrl=story.url if story else None,
            stickerId=str(sticker) if sticker else None,
            attachment=next((each.type for each in attachments if each.type not in _PLAIN), None),
            sharedTitle=page.title or _payload(page).title,
            sharedUrl=_web(page.url or _payload(page).url),
            unsupported=message.is_unsupported,
        ),
        **facts_of_referral(message.referral),
    }


def facts_of_referral(referral: Referral | None) -> dict[str, Any]:
    """What led a person here; only what was told."""
    if referral is None:
        return {}
    return said(
        referralRef=referral.ref,
        referralSource=referral.source,
        referralType=referral.type,
        referralAdId=str(referral.ad_id or ""),
    )


def said(**facts: Any) -> dict[str, Any]:
    """Keep the facts that say anything."""
    return {name: value for name, value in facts.items() if value}


_PLAIN = frozenset({"image", "video", "audio", "file", "location", "sticker", ""})
"""Attachments that are what their content is."""


def _kind(attachments: Iterable[Attachment], *, is_about_story: bool) -> str:
    if is_about_story:
        return "story_reply"
    return "story_mention" if any(each.type == "story_mention" for each in attachments) else "dm"


def _once(attachments: Iterable[Attachment]) -> Iterator[Attachment]:
    """Leave out the picture that comes beside a sticker, for those who do not know stickers yet."""
    listed = list(attachments)
    stickers = {_payload(each).sticker_id for each in listed if each.type == "sticker"}
    for each in listed:
        if each.type != "image" or _payload(each).sticker_id is None or _payload(each).sticker_id not in stickers:
            yield each


def _payload(attachment: Attachment) -> Payload:
    return attachment.payload or Payload()


def _is_thumb(attachment: Attachment) -> bool:
    return str(_payload(attachment).sticker_id) in THUMBS


def _word(attachment: Attachment) -> str:
    if _is_thumb(attachment):
        return "👍"
    if attachment.type == "fallback":
        return _web(attachment.url or _payload(attachment).url) or attachment.title or ""
    return _WORDS.get(attachment.type, "")


def _media(attachment: Attachment) -> Media | None:
    url = _web(_payload(attachment).url)
    if not url or attachment.type in _NO_FILES or _is_thumb(attachment):
        return None
    return Media(type=_type(attachment.type, url), url=url, caption=_payload(attachment).title or "")


def _type(kind: str, url: str) -> str:
    """Tell a file's type by its name, where that fits its kind, else by the kind."""
    name = url.partition("?")[0].partition("#")[0]
    by_name = TYPES.get(name.rpartition(".")[2].lower(), "")
    usual = _USUAL.get(kind, "")
    fits = not usual or by_name.partition("/")[0] == usual.partition("/")[0]
    return by_name if by_name and fits else usual


def _place(attachment: Attachment) -> Location | None:
    where = _payload(attachment).coordinates
    if where is None:
        return None
    return Location(where.lat, where.long, attachment.title or _payload(attachment).title or "")


def _web(url: str | None) -> str:
    """Keep an address that anybody can follow; those of reels have been seen without a host."""
    return url if url and url.startswith(("https://", "http://")) else ""
