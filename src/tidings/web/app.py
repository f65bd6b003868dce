"""The ASGI application: every request finds its door, is let in or turned away, and is answered."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

import tidings.web
from tidings.flow.world import World
from tidings.model.errors import Refused
from tidings.web.body import Left, read_body
from tidings.web.conversations.admitting import admit_app
from tidings.web.conversations.sharing import preflight, sharing
from tidings.web.door import ROUTES, Page, Route, Stream, Visit
from tidings.web.errors import broken_page, problem_page
from tidings.web.keys import admit
from tidings.web.linkhost import LinkHost
from tidings.web.sockets import enter
from tidings.web.streaming import Sending
from tidings.web.table import Table

log = structlog.get_logger()

_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Headers of every answer that says nothing else: what is told here is for one caller, and is what it says it is."""
_WITHOUT_BODY: Final = frozenset({204, 304})


def every_route() -> tuple[Route, ...]:
    """Every door that the modules beside and below this one declare."""
    for module in pkgutil.walk_packages(tidings.web.__path__, "tidings.web."):
        importlib.import_module(module.name)
    return tuple(ROUTES)


class App:
    """The doors of one hub."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._table = Table(every_route())
        settings = world.settings
        self._limits: Mapping[str, int] = {
            "body": settings.max_body,
            "batch": settings.max_batch_body,
            "callback": settings.max_callback_body,
            "content": settings.max_callback_body,
        }
        self._links = LinkHost.of(settings)
        self._sending: set[Sending] = set()

    def close(self) -> None:
        """Answer those who wait for something new, and end the streams: the hub stops."""
        self.world.log.close()
        self.world.live.end()
        for sending in self._sending:
            sending.hurry()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await enter(self.world, self._table, scope, receive, send)
            return
        if scope["type"] != "http":
            # Whoever assembles the hub starts and stops it.
            raise NotImplementedError(scope["type"])
        try:
            answer = preflight(self.world, scope) or await self._answer(scope, receive)
            answer.headers += sharing(self.world, scope)
        except Left:
            return
        if isinstance(answer, Stream):
            await self._stream(answer, scope, receive, send)
        else:
            await _send(send, answer, head=scope["method"] == "HEAD")

    async def _stream(self, stream: Stream, scope: Any, receive: Any, send: Any) -> None:
        sending = Sending(stream, self.world.counts, scope, receive, send)
        self._sending.add(sending)
        try:
            kind = (b"content-type", stream.content_type.encode("latin-1"))
            await sending.run([*_ALWAYS, kind, *_encoded(stream.headers)])
        finally:
            self._sending.discard(sending)
            stream.ended()

    async def _answer(self, scope: Any, receive: Any) -> Page | Stream:
        group = ""
        try:
            path = scope["raw_path"].decode("latin-1")
            route, params = self._find(scope, path)
            group = route.group
            query = scope["query_string"]
            url = f"{path}?{query.decode('latin-1')}" if query else path
            peer = scope.get("client")
            visit = Visit(self.world, route, scope["method"], url, params, _headers(scope), peer[0] if peer else "")
            admit(visit)
            await admit_app(visit)
            visit.body = await read_body(receive, visit.headers, self._limits[route.limit])
            enter = _traced if self.world.traces.is_on and group != "health" else route.door
            return await enter(visit)
        except Refused as refused:
            return problem_page(refused, group)
        except Left:
            raise
        except Exception as error:
            reference = self.world.chance.id()
            self.world.counts.add("errors", type(error).__name__)
            log.exception("a door broke", reference=reference, method=scope["method"], path=scope["path"])
            return broken_page(reference)

    def _find(self, scope: Any, path: str) -> tuple[Route, dict[str, str]]:
        """Find the door; at the host of links, what is no other door is a link. Raises Refused."""
        try:
            return self._table.find(scope["method"], path)
        except Refused:
            below = self._links.below(scope["headers"], path) if self._links is not None else None
            if below is None:
                raise
            return self._table.find(scope["method"], below)


async def _traced(visit: Visit) -> Page | Stream:
    """Let a visitor in, and tell how long they stayed."""
    workspace = visit.workspace.id if visit.workspace else ""
    span = visit.world.traces.request(visit.method, visit.route.path, workspace, visit.headers)
    status = 0
    try:
        answer = await visit.route.door(visit)
        status = answer.status
    except Refused as refused:
        status = refused.status
        raise
    except Exception:
        status = 500
        raise
    finally:
        span.end(status=status)
    return answer


def _headers(scope: Any) -> dict[str, str]:
    """Read the headers; ASGI gives their names in lower case. The first of each name counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


async def _send(send: Any, page: Page, *, head: bool) -> None:
    own = _encoded(page.headers)
    names = {name for name, _ in own}
    headers = [each for each in _ALWAYS if each[0] not in names]
    if page.status not in _WITHOUT_BODY:
        headers += (
            (b"content-type", page.content_type.encode("latin-1")),
            (b"content-length", b"%d" % len(page.body)),
        )
    headers += own
    await send({"type": "http.response.start", "status": page.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else page.body})


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
