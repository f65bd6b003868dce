"""Asking for what a regulated member got since we asked last.

Events are asked for from a time on, page by page. Where the last page ends, the next question begins a minute before
the newest event seen: LinkedIn asks for its time to be given again, and what comes twice has the same key.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from msgspec import Raw, Struct

from tidings.connectors.connector import Polled
from tidings.connectors.decoding import moment, read
from tidings.connectors.linkedin.compliance import reports_of
from tidings.connectors.linkedin.errors import refusal
from tidings.connectors.linkedin.settings import LinkedInSettings
from tidings.connectors.linkedin.shapes import Event, Page, Paging
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

OVERLAP = 60_000
"""Milliseconds that are asked for again."""
KEPT = 28 * 86_400_000
"""Milliseconds that LinkedIn keeps events; what is older is not asked for."""
MOST_PAGES = 100
"""After so many pages of one question the next one is asked, whatever LinkedIn says there is."""


class Place(Struct, frozen=True):
    """Where to go on: the newest event seen, and which page of which question is next."""

    latest: int
    since: int | None = None
    """The time that the question of a page under way began with."""
    start: int = 0

    def __str__(self) -> str:
        return str(self.latest) if self.since is None else f"{self.latest}:{self.since}:{self.start}"


def place_of(text: str, now: int, look_back: int) -> Place:
    """Read a place as we wrote it; what is none is the first time, which looks back so many milliseconds."""
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts) or len(parts) not in (1, 3):
        return Place(now - look_back)
    latest, *page = (int(part) for part in parts)
    return Place(latest, *page)


def poll(settings: LinkedInSettings, place: str, now: int) -> Exchange[Polled]:
    """Get one page of events; raises SendDeferred or SendFailed where LinkedIn gives none."""
    here = place_of(place, now, round(settings.look_back_hours * 3_600_000))
    since = max(here.latest - OVERLAP if place else here.latest, now - KEPT) if here.since is None else here.since
    asked = {"q": "memberAndApplication", "startTime": since, "start": here.start, "count": settings.poll_count}
    where = "rest" if settings.version else "v2"
    url = f"{settings.base_url.rstrip('/')}/{where}/complianceEvents?{urlencode(asked)}"
    reply = yield Call(method="GET", url=url, headers=settings.headers)
    if not reply.ok:
        raise refusal(reply, now)
    page = read(reply.body, Page)
    if page is None:
        raise SendDeferred(Reason(Cause.PROVIDER, "The answer is no page of events.", permanent=False))
    latest = _latest(page.elements, here.latest, now)
    start = here.start + len(page.elements)
    more = _goes_on(page, start, settings.poll_count) and start < MOST_PAGES * settings.poll_count
    return Polled(
        reports=tuple(reports_of(page.elements)),
        place=str(Place(latest, since, start) if more else Place(latest)),
        more=more,
    )


def _goes_on(page: Page, start: int, count: int) -> bool:
    """Whether there is another page: as LinkedIn says, which may give fewer events than were asked for."""
    paging = read(page.paging, Paging) or Paging()
    if not page.elements or any(link.rel == "next" for link in paging.links):
        return bool(page.elements)
    return len(page.elements) >= count if paging.total is None else start < paging.total


def _latest(elements: Iterable[Raw], so_far: int, now: int) -> int:
    """Find when the newest event was processed; nothing happened later than now."""
    for raw in elements:
        event = read(raw, Event)
        told = event and (moment(event.processed_at) or moment(event.captured_at))
        so_far = max(so_far, min(told or 0, now))
    return so_far
