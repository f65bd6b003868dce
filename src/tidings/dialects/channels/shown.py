"""What a message says, shown as one of the vocabulary's bodies."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Raw

from tidings.model.content import Action, Content, Listing, Media, Template

EMPTY: Final = {"type": "text", "text": {"text": ""}}
"""The body of a message that says nothing, or nothing any more since it was redacted."""


def show_body(content: Content, platform: str) -> dict[str, Any] | Raw:
    """Show what a message says, as the type that holds the most of it."""
    native = content.native.get(platform)
    if native is not None:
        return native
    for field, show in _SHOWN:
        if getattr(content, field):
            kind, inside = show(content)
            if platform == "email" and content.title:
                inside["metadata"] = {"subject": content.title}
            return {"type": kind, kind: inside}
    return EMPTY


def show_template(template: Template) -> dict[str, Any]:
    """Show which template a message was made from."""
    return _some(
        projectId=template.project,
        name=template.name,
        version=template.version,
        locale=template.locale,
        variables=template.variables,
    )


def _html(content: Content) -> tuple[str, dict[str, Any]]:
    attachments = [_show_media(each) for each in content.media]
    return "html", {"html": content.html, **_some(text=content.text, attachments=attachments)}


def _location(content: Content) -> tuple[str, dict[str, Any]]:
    place = content.location
    assert place is not None
    coordinates = {"latitude": place.latitude, "longitude": place.longitude}
    return "location", {
        "coordinates": coordinates,
        **_some(location=_some(label=place.name, address=place.address)),
    }


def _carousel(content: Content) -> tuple[str, dict[str, Any]]:
    items = [
        _some(
            title=card.title,
            description=card.text,
            mediaUrl=card.media.url if card.media else "",
            altText=card.media.caption if card.media else "",
            actions=_show_actions(card.actions),
        )
        for card in content.cards
    ]
    return "carousel", {"items": items, **_some(text=content.text)}


def _list(content: Content) -> tuple[str, dict[str, Any]]:
    listing = content.listing
    assert listing is not None
    return "list", {
        "items": _sections(listing),
        **_some(title=listing.header, text=content.text),
        "metadata": {"button": {"label": listing.button}},
    }


def _sections(listing: Listing) -> list[dict[str, Any]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for choice in listing.choices:
        action = {"type": "postback", "postback": {"text": choice.title, "payload": choice.id}}
        sections.setdefault(choice.section, []).append(action)
    return [{**_some(title=title), "actions": actions} for title, actions in sections.items()]


def _media(content: Content) -> tuple[str, dict[str, Any]]:
    is_pictures = all(each.type.startswith("image/") for each in content.media)
    kind, field = ("image", "images") if is_pictures else ("file", "files")
    shown = [_show_media(each) for each in content.media]
    return kind, {field: shown, **_some(text=content.text, actions=_show_actions(content.actions))}


def _contacts(content: Content) -> tuple[str, dict[str, Any]]:
    return "contacts", {"contacts": content.contacts}


def _text(content: Content) -> tuple[str, dict[str, Any]]:
    inside: dict[str, Any] = {"text": content.text}
    if content.actions:
        inside["actions"] = _show_actions(content.actions)
    return "text", inside


_SHOWN: Final = (
    ("html", _html),
    ("location", _location),
    ("cards", _carousel),
    ("listing", _list),
    ("media", _media),
    ("contacts", _contacts),
    ("text", _text),
    ("actions", _text),
)
"""The kinds of content, in the order in which the first that is said decides the body's type."""


def _show_media(media: Media) -> dict[str, Any]:
    return {
        "mediaUrl": media.url,
        **_some(
            contentType=media.type,
            filename=media.name,
            altText=media.caption,
            reference=media.reference,
            data=media.data,
        ),
    }


def _show_actions(actions: Iterable[Action]) -> list[dict[str, Any]]:
    return [_show_action(each) for each in actions]


def _show_action(action: Action) -> dict[str, Any]:
    if action.kind == "reply" and action.payload:
        return {"type": "postback", "postback": {"text": action.label, "payload": action.payload}}
    inside = {"text": action.label, **_some(url=action.url, phoneNumber=action.phone)}
    return {"type": action.kind, action.kind: inside}


def _some(**fields: Any) -> dict[str, Any]:
    """The fields that say anything."""
    return {name: value for name, value in fields.items() if value}
