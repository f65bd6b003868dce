"""Writing content as agent messages. Each holds one thing: a text, a card, a carousel or a file; buttons go below.

Messages  https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentMessages
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tidings.connectors.rbm.marks import postback_data
from tidings.connectors.rbm.settings import Options
from tidings.model.content import Action, Card, Content, Location, Media

NATIVE = "rcs"
"""The platform whose native bodies are ours."""

Body = dict[str, Any]

_SHOWN = ("image/", "video/")
"""Files that a card can show."""


def compose(content: Content, options: Options, tag: str) -> list[Body]:
    """Write every `contentMessage` that a content takes, in the order they are to arrive.

    Raises ValueError where the client's own cannot be sent.
    """
    if NATIVE in content.native:
        return [native_message(content)]
    bodies = list(_bodies(content, options, tag))
    suggestions = [_suggestion(each, tag) for each in content.actions]
    if content.location is not None:
        suggestions.append(_view(content.location, tag))
    if suggestions and bodies:
        bodies[-1] = {**bodies[-1], "suggestions": suggestions}
    return bodies


def native_message(content: Content) -> Body:
    """Read the client's own `contentMessage`, or what holds one; raises ValueError where it is none."""
    given = msgspec.json.decode(content.native[NATIVE])
    if isinstance(given, dict) and isinstance(given.get("contentMessage"), dict):
        given = given["contentMessage"]
    if not isinstance(given, dict) or not given:
        raise ValueError("A contentMessage is an object.")
    return given


def is_card(content: Content) -> bool:
    """Whether a text and the one file beside it, or a title over it, make a card."""
    shown = len(content.media) == 1 and content.media[0].type.startswith(_SHOWN)
    return bool(content.text) and (shown or (bool(content.title) and not content.media))


def _bodies(content: Content, options: Options, tag: str) -> Iterator[Body]:
    if content.cards:
        if content.text:
            yield {"text": content.text}
        yield _carousel(content.cards, options, tag)
    elif is_card(content):
        media = content.media[0] if content.media else None
        yield _alone(_card(content.title, content.text, media, (), options, tag), options)
    else:
        if content.text:
            yield {"text": content.text}
        elif content.location is not None:
            yield {"text": _where(content.location)}
        for each in content.media:
            yield from _file(each, options)


def _file(media: Media, options: Options) -> Iterator[Body]:
    """Write a file, and its caption after it."""
    thumbnail = {"thumbnailUrl": options.thumbnail_url} if options.thumbnail_url else {}
    yield {"contentInfo": {"fileUrl": media.url, **thumbnail}}
    if media.caption:
        yield {"text": media.caption}


def _carousel(cards: Sequence[Card], options: Options, tag: str) -> Body:
    contents = [_card(each.title, each.text, each.media, each.actions, options, tag) for each in cards]
    if len(contents) == 1:
        return _alone(contents[0], options)
    return {"richCard": {"carouselCard": {"cardWidth": options.card_width, "cardContents": contents}}}


def _alone(content: Body, options: Options) -> Body:
    card: Body = {"cardOrientation": options.card_orientation, "cardContent": content}
    if options.card_orientation == "HORIZONTAL":
        card["thumbnailImageAlignment"] = "LEFT"
    return {"richCard": {"standaloneCard": card}}


def _card(title: str, text: str, media: Media | None, actions: Sequence[Action], options: Options, tag: str) -> Body:
    card: Body = {name: value for name, value in (("title", title), ("description", text)) if value}
    if media is not None:
        thumbnail = {"thumbnailUrl": options.thumbnail_url} if options.thumbnail_url else {}
        card["media"] = {"height": options.media_height, "contentInfo": {"fileUrl": media.url, **thumbnail}}
    if actions:
        card["suggestions"] = [_suggestion(each, tag) for each in actions]
    return card


def _suggestion(action: Action, tag: str) -> Body:
    """Write something to tap."""
    payload = action.payload or action.label
    if action.kind == "reply":
        return {"reply": {"text": action.label, "postbackData": postback_data(tag, payload)}}
    data = postback_data(tag, payload, action.url)
    shown: Body = {"text": action.label, "postbackData": data}
    if action.kind == "link":
        return {"action": {**shown, "openUrlAction": {"url": action.url}}}
    if action.kind == "call":
        return {"action": {**shown, "dialAction": {"phoneNumber": action.phone}}}
    return {"action": {**shown, "shareLocationAction": {}}}


def _view(place: Location, tag: str) -> Body:
    """Write a button that shows a place on a map: there is no message that is one."""
    place_: Body = {"latLong": {"latitude": place.latitude, "longitude": place.longitude}}
    if place.name:
        place_["label"] = place.name
    label = (place.name or "Map")[:LABEL]
    return {"action": {"text": label, "postbackData": postback_data(tag, label), "viewLocationAction": place_}}


def _where(place: Location) -> str:
    return "\n".join(filter(None, (place.name, place.address))) or f"{place.latitude}, {place.longitude}"


LABEL = 25
"""Characters on a button."""
