"""Rewriting: what was chosen is put into a message's content, and nothing else of it changes."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

from msgspec.structs import replace

from tidings.model.content import Action, Content
from tidings.model.links import Link, LinkKind, Tracked, Tracking
from tidings.model.messages import Message
from tidings.rules.links.choosing import Choice

PIXEL: Final = '<img src="{}" width="1" height="1" alt="" style="border:0">'
"""A picture that is not hidden: what is hidden, many programs do not fetch."""


def lay_out(
    choice: Choice, platform: str, channel: str, *, base: str, expires_at: int, opens: bool, slug: Callable[[], str]
) -> Tracking:
    """Give what was chosen its short addresses; `slug` gives a new one, and `opens` says whether opens are told."""
    links = (
        Tracked(each.place, each.start, each.end, slug() if each.url else "", each.url, each.name)
        for each in choice.found
    )
    told = opens and choice.picture_at is not None
    return Tracking(
        platform=platform,
        channel=channel,
        base=base,
        expires_at=expires_at,
        links=tuple(links),
        pixel=slug() if told else "",
        pixel_at=choice.picture_at or 0 if told else 0,
    )


def rewrite(content: Content, tracking: Tracking) -> Content:
    """Put the short addresses in, as they are at every try."""
    edits: dict[str, list[tuple[int, int, str]]] = {}
    for each in tracking.links:
        short = f"{tracking.base}{each.slug}" if each.slug else ""
        short = escape(short) if each.place == "html" else short
        edits.setdefault(each.place, []).append((each.start, each.end, short))
    if tracking.pixel:
        picture = PIXEL.format(escape(pixel_url(tracking)))
        edits.setdefault("html", []).append((tracking.pixel_at, tracking.pixel_at, picture))
    if not edits:
        return content

    def said(place: str, text: str) -> str:
        return _splice(text, edits[place]) if place in edits else text

    def actions(place: str, given: tuple[Action, ...]) -> tuple[Action, ...]:
        return tuple(replace(each, url=said(f"{place}.{at}.url", each.url)) for at, each in enumerate(given))

    return replace(
        content,
        text=said("text", content.text),
        html=said("html", content.html),
        actions=actions("actions", content.actions),
        cards=tuple(
            replace(
                card, text=said(f"cards.{at}.text", card.text), actions=actions(f"cards.{at}.actions", card.actions)
            )
            for at, card in enumerate(content.cards)
        ),
    )


def tracking_on(message: Message, platform: str, channel: str) -> Tracking | None:
    """Find what the hub makes of a message's addresses on a channel; None where it makes nothing of them."""
    return next((each for each in message.tracking if (each.platform, each.channel) == (platform, channel)), None)


def links_of(message: Message) -> Iterator[Link]:
    """Give what the short addresses of a message stand for, its picture's too."""
    for tracking in message.tracking:
        for each in tracking.links:
            if each.slug:
                yield _link(message, tracking, LinkKind.CLICK, each)
        if tracking.pixel:
            yield _link(message, tracking, LinkKind.OPEN, Tracked("html", 0, 0, tracking.pixel))


def shown_links(trackings: Sequence[Tracking]) -> list[dict[str, str]]:
    """Show which links of a message are tracked: where they lead, their short address, and what they are called."""
    return [
        {"url": each.url, "shortUrl": f"{tracking.base}{each.slug}", **({"name": each.name} if each.name else {})}
        for tracking in trackings
        for each in tracking.links
        if each.slug
    ]


def pixel_url(tracking: Tracking) -> str:
    """The address of the picture that tells of opens."""
    return f"{tracking.base}o/{tracking.pixel}.gif"


def _link(message: Message, tracking: Tracking, kind: LinkKind, tracked: Tracked) -> Link:
    return Link(
        slug=tracked.slug,
        kind=kind,
        workspace=message.workspace,
        message=message.id,
        channel=tracking.channel,
        platform=tracking.platform,
        url=tracked.url,
        name=tracked.name,
        expires_at=tracking.expires_at,
    )


def _splice(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """Put texts in the place of others, which do not overlap."""
    pieces, at = [], 0
    for start, end, instead in sorted(edits):
        pieces += [text[at:start], instead]
        at = end
    return "".join([*pieces, text[at:]])
