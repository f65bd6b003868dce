"""Writing content as calls of the Bot API: one content may be several messages.

Methods https://core.telegram.org/bots/api#available-methods
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.telegram.keyboards import keyboard, listed
from tidings.connectors.telegram.markup import Marked
from tidings.connectors.telegram.media import ALBUM, LONGEST_CAPTION, TOGETHER, album_item, file_of, kind_of, method_of
from tidings.connectors.telegram.native import NATIVE, Request, native_requests
from tidings.connectors.telegram.settings import Options
from tidings.model.content import Card, Content, Location, Media


class Words(Struct, frozen=True):
    """A text as it is written, how it is marked up, and how many characters of it are seen."""

    text: str = ""
    mode: str = ""
    seen: int = 0

    def fields(self, name: str) -> dict[str, Any]:
        """The parameters that say it, as the `text` of a message or the `caption` of a file."""
        mode = {"parse_mode": self.mode} if self.mode else {}
        return {name: self.text, **mode} if self.text else {}


def compose(content: Content, options: Options) -> list[Request]:
    """Write every call that a content takes, in the order the messages are to arrive."""
    if NATIVE in content.native:
        return native_requests(content)
    return list(_requests(content, options))


def words_of(content: Content, options: Options) -> Words:
    """Say what a content says in words, with what of its list does not stand on buttons."""
    lines = list(listed(content.listing)) if content.listing else []
    if content.text:
        text = "\n".join([content.text, *lines])
        return Words(text, options.parse_mode, len(text.strip()))
    marked = Marked(content.html)
    more = "\n".join(lines)
    if not content.html:
        return Words(more, "", len(more))
    between = "\n" if more else ""
    written = f"{marked.written}{between}{escape(more, quote=False)}"
    return Words(written, "HTML", len(f"{marked.seen}{between}{more}"))


def is_caption(words: Words, media: Sequence[Media], *, tapped: bool) -> bool:
    """Whether a text stands below the first file rather than in a message of its own.

    An album carries no buttons, and a text too long for a caption is one message still.
    """
    if not (media and words.text) or media[0].caption or (tapped and len(media) > 1):
        return False
    return kind_of(media[0]) != "sticker" and words.seen <= LONGEST_CAPTION


def words_of_card(card: Card) -> Words:
    """Say what a card says."""
    text = "\n".join(filter(None, (card.title, card.text)))
    return Words(text, "", len(text))


def _requests(content: Content, options: Options) -> Iterator[Request]:
    words, media = words_of(content, options), content.media
    markup = keyboard(content.actions, content.listing)
    caption = words if is_caption(words, media, tapped=bool(markup)) else Words()
    said = words if words is not caption else Words()
    if said.text and not markup:
        yield _text(said, markup, options)
    below = {} if said.text else markup
    yield from _files(media, caption, below)
    if said.text and markup:
        yield _text(said, markup, options)
    if content.location:
        yield _place(content.location)
    for contact in content.contacts:
        yield Request("sendContact", contact_fields(contact))
    for card in content.cards:
        yield _card(card, options)


def contact_fields(contact: dict[str, Any]) -> dict[str, Any]:
    """Write a contact; the fields are empty where it has no number or no name, or is of no known shape.

    A contact is Telegram's own (`phone_number`, `first_name`), or has a `name` and `phones` as on a contact card.
    """
    if "phone_number" in contact:
        known = ("phone_number", "first_name", "last_name", "vcard")
        fields = {name: contact.get(name) for name in known}
    else:
        named, phones = contact.get("name"), contact.get("phones")
        name = named if isinstance(named, dict) else {}
        first = phones[0] if isinstance(phones, list | tuple) and phones else {}
        fields = {
            "phone_number": first.get("phone") if isinstance(first, dict) else None,
            "first_name": name.get("first_name") or name.get("formatted_name"),
            "last_name": name.get("last_name"),
        }
    said = {name: value for name, value in fields.items() if value and isinstance(value, str)}
    return said if {"phone_number", "first_name"} <= said.keys() else {}


def _text(words: Words, markup: dict[str, Any], options: Options) -> Request:
    preview = {} if options.link_preview else {"link_preview_options": {"is_disabled": True}}
    return Request("sendMessage", {**words.fields("text"), **preview, **_below(markup)})


def _files(media: Sequence[Media], caption: Words, markup: dict[str, Any]) -> Iterator[Request]:
    """Send files, as many of them together as may stand together; the caption is the first one's."""
    for _, alike in groupby(media, key=lambda each: TOGETHER.get(kind_of(each), each)):
        files = list(alike)
        while files:
            album, files = files[: ALBUM.stop - 1], files[ALBUM.stop - 1 :]
            yield _album(album, caption) if len(album) in ALBUM else _file(album[0], caption, markup)
            caption = Words()


def _file(media: Media, caption: Words, markup: dict[str, Any]) -> Request:
    file = file_of(media, 0)
    said = _caption(media, caption)
    return Request(method_of(file.kind), {file.kind: file.value, **said, **_below(markup)}, file.attached)


def _album(media: Sequence[Media], caption: Words) -> Request:
    files = [file_of(each, number) for number, each in enumerate(media)]
    captions = [_caption(each, Words() if number else caption) for number, each in enumerate(media)]
    items = [album_item(file, said) for file, said in zip(files, captions, strict=True)]
    return Request("sendMediaGroup", {"media": items}, tuple(part for file in files for part in file.attached))


def _caption(media: Media, caption: Words) -> dict[str, Any]:
    return caption.fields("caption") or Words(media.caption).fields("caption")


def _place(location: Location) -> Request:
    where: dict[str, Any] = {"latitude": location.latitude, "longitude": location.longitude}
    if not location.name:
        return Request("sendLocation", where)
    return Request("sendVenue", {**where, "title": location.name, "address": location.address or location.name})


def _card(card: Card, options: Options) -> Request:
    words, markup = words_of_card(card), keyboard(card.actions, None)
    if card.media:
        return _file(replace(card.media, caption=""), words or Words(), markup)
    return _text(words, markup, options)


def _below(markup: dict[str, Any]) -> dict[str, Any]:
    return {"reply_markup": markup} if markup else {}
