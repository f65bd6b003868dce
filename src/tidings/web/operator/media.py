"""The files that came with inbound messages."""

from urllib.parse import quote

from tidings.flow.look import message_in
from tidings.flow.media import fetch_media
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Visit, missing, route

_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/", "application/pdf", "text/plain")
"""Types that a browser may show; anything else is given as octets, so that nobody's file runs as a page of ours."""


@route(
    "GET",
    "/workspaces/{workspace}/messages/{message}/media/{number}",
    scope=Scope.READ,
    group="operator",
    summary="Get a file that came with an inbound message, counted from 0; where it lies at its provider, from there",
    gives={200: "The file", 410: "The provider keeps it no longer.", 502: "The provider does not give it now."},
)
async def get_media(visit: Visit) -> Page:
    """Give a file of an incoming message."""
    named, number = visit.params["message"], visit.params["number"]
    found = await visit.world.store.read(message_in(visit.tenant.id, named))
    if found is None or not (number.isascii() and number.isdigit() and len(number) < 4):
        raise missing("file", f"{named}/{number}")
    media, body, kind = await fetch_media(visit.world, found.message, int(number))
    name = quote(media.name or f"{named}-{number}", safe="")
    shown = kind.partition(";")[0].strip().lower()
    headers = (("content-disposition", f"attachment; filename*=UTF-8''{name}"),)
    return Page(200, body, headers, shown if shown.startswith(_SHOWN) else "application/octet-stream")
