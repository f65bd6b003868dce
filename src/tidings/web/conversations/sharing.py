"""Which web pages may use the doors for apps: what browsers ask before, and hear with every answer (CORS).

WHATWG Fetch  https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from typing import Any, Final

from tidings.flow.conversations.setting import setting_of
from tidings.flow.world import World
from tidings.web.door import Page

DOORS: Final = frozenset({"sessions", "profiles", "conversations", "content", "stream"})
"""What stands below a workspace for apps."""
_SHOWN: Final = "ETag, Idempotency-Replayed, Link, Retry-After"
_ASKED: Final = "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID"
_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_ONE_HOUR: Final = "3600"

Headers = tuple[tuple[str, str], ...]


def preflight(world: World, scope: Any) -> Page | None:
    """Answer a browser that asks whether a page may make a request; None where it asks about no door for apps."""
    if scope["method"] != "OPTIONS" or (workspace := _workspace(scope)) is None:
        return None
    allowed = _allowed(world, workspace, scope)
    if not allowed:
        return Page(204, headers=(("vary", "Origin"),))
    told = (
        ("access-control-allow-methods", _METHODS),
        ("access-control-allow-headers", _ASKED),
        ("access-control-max-age", _ONE_HOUR),
    )
    return Page(204, headers=told)


def sharing(world: World, scope: Any) -> Headers:
    """Give the headers by which a browser lets a page of the channel's own read an answer; none for any other."""
    workspace = _workspace(scope)
    return () if workspace is None else _allowed(world, workspace, scope)


def _allowed(world: World, workspace: str, scope: Any) -> Headers:
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    if origin is None:
        return ()
    setting = setting_of(world, workspace) if workspace in world.directory.workspaces else None
    text = origin.decode("latin-1")
    if setting is None or text not in setting.settings.origins:
        return ()
    return (
        ("access-control-allow-origin", text),
        ("access-control-expose-headers", _SHOWN),
        ("vary", "Origin"),
    )


def _workspace(scope: Any) -> str | None:
    """Give whose door for apps a request is at; None where it is at no such door."""
    path: bytes = scope["raw_path"]
    if not path.startswith(b"/apispaces/"):
        return None
    parts = path.decode("latin-1").split("/", 4)
    return parts[2] if len(parts) > 3 and parts[3] in DOORS else None
