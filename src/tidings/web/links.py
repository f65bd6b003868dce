"""Where the short addresses in messages lead: to what was fixed when the message was taken, and nowhere else.

The target stands in the link's own row; nothing that a visitor says goes into the answer. A click is on disk before it
is answered.
"""

import re
from typing import Final

import structlog

from tidings.flow.clicks.following import Visitor, look_for, take
from tidings.model.links import Link, LinkKind
from tidings.rules.visitors import household_of
from tidings.web.door import Page, Visit, route
from tidings.web.people.pages import HEADERS, paragraph, people_page
from tidings.web.people.texts import TEXTS, language_of
from tidings.web.people.visitors import address_of

log = structlog.get_logger()

NEVER_KEPT: Final = ("cache-control", "no-store, private")
"""A click that a cache answers is one that we never hear of."""
SENT_ON: Final = (NEVER_KEPT, ("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex"))
PICTURE: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;"
)
"""One transparent pixel."""
WAIT: Final = ("retry-after", "60")

_SLUG: Final = re.compile(r"[0-9A-Za-z]{4,40}")
_TARGET: Final = re.compile(r"https?://[!-\[\]-~]+")
"""Printable ASCII without a backslash: no line can end in it, and no browser reads another host into it."""


@route(
    "GET",
    "/l/{slug}",
    auth="none",
    scope=None,
    group="links",
    summary="Where a short address in a message leads",
    gives={
        302: "To the target, which was fixed when the message was taken.",
        404: "A page: there is no such link.",
        410: "A page: the link has expired.",
        429: "A page: too many links from here that do not exist.",
    },
)
async def follow(visit: Visit) -> Page:
    """Send a visitor on; a HEAD too, which is told as a machine's."""
    found = await _find(visit, visit.params["slug"], LinkKind.CLICK)
    if isinstance(found, Page):
        return found
    if not _TARGET.fullmatch(found.url):
        return _sorry(visit, 404)
    if found.expires_at <= visit.world.clock.now():
        return _sorry(visit, 410)
    await take(visit.world, found, f"{visit.world.settings.link_url}/{found.slug}", _visitor(visit))
    return Page(302, b"", (("location", found.url), *SENT_ON), "text/plain; charset=utf-8")


@route(
    "GET",
    "/l/o/{picture}",
    auth="none",
    scope=None,
    group="links",
    summary="The picture by which it is told that a mail was opened",
    gives={200: "One transparent pixel (GIF).", 404: "A page: there is no such picture."},
)
async def show_picture(visit: Visit) -> Page:
    """Show the picture. One that has expired is shown too, and nobody is told: a mail should look as it did."""
    slug = visit.params["picture"].removesuffix(".gif")
    found = await _find(visit, slug, LinkKind.OPEN)
    if isinstance(found, Page):
        return found
    if found.expires_at > visit.world.clock.now():
        await take(visit.world, found, "", _visitor(visit))
    return Page(200, PICTURE, SENT_ON, "image/gif")


async def _find(visit: Visit, slug: str, kind: LinkKind) -> Link | Page:
    """Find a link; a page for people where there is none."""
    if not _SLUG.fullmatch(slug):
        return _sorry(visit, 404)
    world = visit.world
    now = world.clock.now()
    household = household_of(address_of(visit))
    # Who has guessed a lot is not looked up for any more; what many follow is known without looking.
    if household and world.guesses.are_too_many(household, now) and world.links.last(slug) is None:
        return _sorry(visit, 429)
    try:
        found = await look_for(world, slug)
    except Exception:
        log.exception("a link could not be looked up")
        world.counts.add("clicks", "unanswered")
        return _sorry(visit, 503)
    if found is None or found.kind is not kind:
        if household:
            world.guesses.add(household, now)
        return _sorry(visit, 404)
    return found


def _visitor(visit: Visit) -> Visitor:
    return Visitor(visit.method, visit.headers, address_of(visit))


def _sorry(visit: Visit, status: int) -> Page:
    """Tell a person kindly that they get no further."""
    language = language_of(visit.headers.get("accept-language", ""))
    texts = TEXTS[language]
    title, body = {
        404: (texts.lost, texts.lost_more),
        410: (texts.gone, texts.gone_more),
    }.get(status, (texts.later, texts.later_more))
    headers = (*HEADERS, NEVER_KEPT, *((WAIT,) if status in (429, 503) else ()))
    return people_page(status, language, title, paragraph(body), headers)
