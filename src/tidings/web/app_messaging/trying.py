"""Letting visitors of the example page in: off, unless the operator says on the channel that it is for trying out.

Whoever comes is nobody: a new profile, `anon_…`, that nobody else can name. A page of another site cannot ask: it would
need a preflight, which is not answered here.
"""

from math import ceil
from typing import Annotated, Final

from msgspec import Meta, Struct

from tidings.connectors.app_messaging.settings import AppSettings
from tidings.dialects.reading import read_json
from tidings.flow.conversations.setting import Setting, setting_of
from tidings.model.errors import Refused
from tidings.rules.conversations.visiting import ANONYMOUS, keepsake, visitor_of, vouch
from tidings.web.app_messaging.files import GROUP
from tidings.web.door import Argument, Page, Visit, json_page, route
from tidings.web.errors import Turned

VISITORS_PER_SECOND: Final = 1.0
AT_ONCE: Final = 20.0
"""How many may come to one workspace's example."""
OWN_PAGES: Final = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of a request that no other site has a hand in (W3C Fetch Metadata)."""


class Visiting(Struct, frozen=True, forbid_unknown_fields=True):
    """A visitor, as the example page brings them."""

    nonce: Annotated[str, Meta(min_length=1, max_length=500, description="From `GET /sessions/start`.")]
    visitor: Annotated[str, Meta(max_length=2000, description="What was given before, to be the same again.")] = ""


class Vouched(Struct, frozen=True):
    """What the page begins a session with."""

    token: Annotated[str, Meta(description="What your own server would sign: good for a minute, and once.")]
    visitor: Annotated[str, Meta(description="To be shown the next time.")]


@route(
    "POST",
    "/app-messaging/example/token",
    auth="none",
    scope=None,
    group=GROUP,
    summary="Let a visitor of the example page in; only where the channel's setting `example` says so",
    takes=Visiting,
    gives={200: Vouched, 403: "Another site asks.", 404: "There is no example.", 429: "Too many visitors."},
    query=(Argument("space", "The workspace."),),
)
async def let_in(visit: Visit) -> Page:
    """Sign that a visitor is a profile of their own."""
    world, space = visit.world, visit.query.get("space", "")
    _check_page(visit)
    asked = read_json(visit.body, Visiting)
    setting, secret = _example(visit, space)
    now = world.clock.now()
    if after := world.conversations.paces.take(("example", space), VISITORS_PER_SECOND, now, AT_ONCE):
        raise Turned("Too many visitors at once.", status=429, headers=(("retry-after", str(ceil(after))),))
    profile = visitor_of(asked.visitor, space, secret, now) or f"{ANONYMOUS}{world.chance.id()}"
    token = vouch(profile, asked.nonce, setting.trust, secret, now)
    return json_page(200, Vouched(token, keepsake(profile, space, secret, now)))


def _check_page(visit: Visit) -> None:
    """Return if it is our own page that asks; raises Refused (403, 415)."""
    if visit.headers.get("sec-fetch-site", "none") not in OWN_PAGES:
        raise Refused("Only the example page asks for this.", status=403)
    if visit.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("The body must be application/json.", status=415)


def _example(visit: Visit, space: str) -> tuple[AppSettings, str]:
    """Find what the visitors of a workspace are let in by; raises Refused (404), whatever is not so."""
    found: Setting | None = setting_of(visit.world, space) if space in visit.world.directory.workspaces else None
    settings = None if found is None else found.settings
    if settings is None or not settings.example or settings.secret is None:
        raise Refused("There is no example here: the channel's setting `example` is off.", status=404)
    return settings, settings.secret.reveal()
