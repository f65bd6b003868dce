"""The files that pages load: anybody may have them, from any site, and caches ask whether they are still the same."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from tidings.web.door import Other, Page, Visit, route
from tidings.web.errors import no_such_place

GROUP: Final = "conversations"

JAVASCRIPT: Final = "text/javascript; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
TYPES: Final = "text/plain; charset=utf-8"
"""Declarations are read by editors: a browser that took them for a video, by their ending, would be of no help."""

FILES: Final = {
    "tidings-messaging.js": JAVASCRIPT,
    "tidings-messaging.d.ts": TYPES,
    "widget.js": JAVASCRIPT,
    "widget-composer.js": JAVASCRIPT,
    "widget-log.js": JAVASCRIPT,
    "widget-message.js": JAVASCRIPT,
    "widget-texts.js": JAVASCRIPT,
    "widget.css": CSS,
    "example.js": JAVASCRIPT,
    "example.css": CSS,
    "icon.svg": "image/svg+xml",
}

SHARED: Final = (
    # A module is asked for with CORS wherever it is from. Nothing here is anybody's own.
    ("access-control-allow-origin", "*"),
    ("cross-origin-resource-policy", "cross-origin"),
    # The modules belong together: after an upgrade none may be old beside one that is new.
    ("cache-control", "public, no-cache"),
)
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        # What people upload is shown from memory; what is sent may lead to pictures elsewhere.
        "img-src 'self' blob: https:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the example page may do: a chat needs nothing more of the page that it is in."""
OWN: Final = (
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
    ("cache-control", "no-cache"),
)


@route(
    "GET",
    "/app-messaging/{file}",
    auth="none",
    scope=None,
    group=GROUP,
    summary="The client for browsers, the chat made with it, and what they load: `tidings-messaging.js`, `widget.js`",
    gives={
        200: Other("text/javascript", "The file; from any site."),
        304: "It is still the one that the ETag names.",
        404: "There is no such file.",
    },
)
async def give_file(visit: Visit) -> Page:
    """Give one of the files."""
    name = visit.params["file"]
    kind = FILES.get(name)
    if kind is None:
        raise no_such_place()
    return _page(visit, name, kind, SHARED)


@route(
    "GET",
    "/app-messaging/example",
    auth="none",
    scope=None,
    group=GROUP,
    summary="A page with the chat on it, to try it out with the workspace that `?space=` names",
    gives={200: Other("text/html", "The page."), 304: "It is still the one that the ETag names."},
)
async def show_example(visit: Visit) -> Page:
    """Give the example page."""
    return _page(visit, "example.html", HTML, OWN)


def _page(visit: Visit, name: str, kind: str, headers: tuple[tuple[str, str], ...]) -> Page:
    body, tag = _read(name)
    told = (*headers, ("etag", tag))
    known = visit.headers.get("if-none-match", "")
    # What a proxy has compressed on the way has a weak tag (RFC 9110 8.8.3).
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")) or known.strip() == "*":
        return Page(304, b"", told, kind)
    return Page(200, body, told, kind)


@lru_cache(None)
def _read(name: str) -> tuple[bytes, str]:
    """Read a file, once; gives its ETag with it."""
    body = (Path(__file__).parent / name).read_bytes()
    return body, f'"{sha256(body).hexdigest()[:24]}"'
