"""Choosing: which addresses of a message are tracked, and where they lead.

On e-mail these are the links of the HTML and the addresses in the text beside it; elsewhere those in the text and in
the texts of cards, and what buttons lead to. What the client wrote for one platform in its own language, media, and the
values of a provider's template stay as they are.
"""

from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from tidings.model.content import Content
from tidings.model.errors import FieldError
from tidings.rules.links.sparing import Doors, Spared, is_address, says_unsubscribe, spared_in
from tidings.rules.links.targets import target_of
from tidings.rules.links.text import MARK, addresses_in

MOST: Final = 1_000
"""Links of one message on one channel; more are refused."""
MOST_TAGS: Final = 20_000
"""Of HTML that is read; what broken nesting makes of more takes long to be read, and no mail has them."""
MOST_TOLD: Final = 20
"""Wrong addresses that are told of at once."""
_SHOWN: Final = 100


class Wish(Struct, frozen=True):
    """What is to be tracked of a message on one channel."""

    asked: Literal["on", "marked"]
    """Everything that may be, or only what is marked."""
    email: bool
    buttons: bool
    """Whether nobody else tells of taps on buttons."""


class Found(Struct, frozen=True):
    """What gives way in a message's content: an address to a short one; or a mark, which goes away."""

    place: str
    start: int
    end: int
    url: str = ""
    """Where it leads; empty of a mark."""
    name: str = ""


class Choice(Struct, frozen=True):
    """What is tracked of a message on one channel."""

    found: tuple[Found, ...] = ()
    picture_at: int | None = None
    """Where in the HTML a picture goes that tells of opens; None where there is no HTML or not all is tracked."""
    errors: tuple[FieldError, ...] = ()
    """What may not be tracked and may not be sent where tracking is asked for."""


def choose(content: Content, wish: Wish, doors: Doors) -> Choice:
    """Choose what is tracked of a message, as it stands when its placeholders are filled in."""
    choosing = _Choosing(wish, spared_in(content.headers, doors))
    choosing.text("text", content.text)
    picture_at = None
    if wish.email and content.html:
        picture_at = choosing.html(content.html)
    elif not wish.email:
        for place, text in _texts(content):
            choosing.text(place, text)
        for place, url in _buttons(content) if wish.buttons else ():
            choosing.button(place, url)
    links = sum(1 for each in choosing.found if each.url)
    if links > MOST:
        choosing.errors.append(FieldError("body", f"It has {links} links to be tracked; {MOST} are the most.", "link"))
    return Choice(tuple(choosing.found), picture_at, tuple(choosing.errors[:MOST_TOLD]))


def _texts(content: Content) -> Iterator[tuple[str, str]]:
    for index, card in enumerate(content.cards):
        yield f"cards.{index}.text", card.text


def _buttons(content: Content) -> Iterator[tuple[str, str]]:
    for index, action in enumerate(content.actions):
        yield f"actions.{index}.url", action.url
    for number, card in enumerate(content.cards):
        for index, action in enumerate(card.actions):
            yield f"cards.{number}.actions.{index}.url", action.url


class _Choosing:
    """Goes over a message's places, and notes what gives way there and what is wrong."""

    def __init__(self, wish: Wish, spared: Spared) -> None:
        self._all = wish.asked == "on"
        self._spared = spared
        self.found: list[Found] = []
        self.errors: list[FieldError] = []

    def text(self, place: str, text: str) -> None:
        """Choose in a text: every address, or those with a mark before them, which goes away."""
        for each in addresses_in(text):
            if not each.marked and not self._all:
                continue
            if each.marked:
                self.found.append(Found(place, each.start - len(MARK), each.start))
            address = text[each.start : each.end]
            if not self._spared.has(address):
                self._link(place, each.start, each.end, address)

    def button(self, place: str, url: str) -> None:
        """Choose what a button leads to."""
        marked = url.startswith(MARK)
        if marked:
            self.found.append(Found(place, 0, len(MARK)))
        if url and (marked or self._all) and not self._spared.has(url.removeprefix(MARK)):
            self._link(place, len(MARK) * marked, len(url), url.removeprefix(MARK))

    def html(self, html: str) -> int | None:
        """Choose among the links of a mail; say where a picture goes that tells of opens."""
        # What reads HTML takes a while to be loaded, and who tracks no mail needs none of it.
        from tidings.rules.links.html import Anchor, read_html  # noqa: PLC0415

        def asks(anchor: Anchor) -> bool | None:
            """Whether the link itself asks to be tracked; None where it does not say."""
            given = anchor.attributes
            said = (given.get("data-track") or "").strip().lower()
            off = said in ("off", "false", "no") or (given.get("data-no-track", "false") or "").lower() != "false"
            return False if off else True if said in ("on", "true", "yes") else None

        if html.count("<") > MOST_TAGS:
            told = f"Its HTML has more than {MOST_TAGS} tags, which is too much to look for links in."
            self.errors.append(FieldError("body", told, "link"))
            return None
        read = read_html(html)
        if read is None:
            return None
        for anchor in read.anchors:
            asked = asks(anchor)
            if asked is False or not (asked or self._all):
                continue
            if asked or not (self._is_spared(anchor.href, anchor.text, anchor.attributes.get("rel") or "")):
                name = (anchor.attributes.get("data-link-name") or "").strip()
                self._link("html", anchor.start, anchor.end, anchor.href, name)
        return read.picture_at if self._all else None

    def _is_spared(self, href: str, text: str, rel: str) -> bool:
        if "unsubscribe" in rel.lower().split() or says_unsubscribe(text) or is_address(text):
            # Of what is wrong with it one hears all the same.
            self._judge("html", href)
            return True
        return self._spared.has(href.strip())

    def _link(self, place: str, start: int, end: int, address: str, name: str = "") -> None:
        target = self._judge(place, address)
        if target is not None:
            self.found.append(Found(place, start, end, target, name))

    def _judge(self, place: str, address: str) -> str | None:
        try:
            return target_of(address)
        except ValueError as error:
            shown = address if len(address) <= _SHOWN else f"{address[:_SHOWN]}…"
            where = "HTML" if place == "html" else "text" if place.endswith("text") else "button"
            self.errors.append(
                FieldError("body", f"A link of the {where}, {shown!r}, cannot be tracked: {error}.", "link")
            )
            return None
