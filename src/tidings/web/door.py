"""Doors: one declaration gives a route its place, who may come in, how much they may bring, and its OpenAPI entry."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from tidings.dialects.reading import is_clean
from tidings.flow.facts import Promise
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import Scope, Workspace

MOST_ARGUMENTS: Final = 100
"""Query parameters a request may have."""
LONGEST_KEY: Final = 255
"""Characters of an idempotency key."""
TENANTS: Final = ("workspace", "space")
"""Path parameters that say whose a route is; a route without one is the key's own workspace's."""
ANY: Final = "*"
"""Stands for every method."""

JSON: Final = "application/json"


class Page(Struct):
    """What a door answers."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON


class Stream(Struct):
    """What a door answers a piece at a time, for as long as the client stays."""

    pieces: AsyncGenerator[bytes]
    ended: Callable[[], None]
    """Called once when nothing more is sent, also where nothing ever was."""
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200


def json_page(status: int, value: Any, **headers: str) -> Page:
    """Answer with a JSON value; header names are written with `_`."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Page(status, msgspec.json.encode(value), named)


class Visit:
    """One request at a door."""

    __slots__ = (
        "_query",
        "actor",
        "body",
        "headers",
        "method",
        "params",
        "peer",
        "root",
        "route",
        "scopes",
        "url",
        "workspace",
        "world",
    )

    def __init__(
        self,
        world: World,
        route: "Route",
        method: str,
        url: str,
        params: dict[str, str],
        headers: Mapping[str, str],
        peer: str = "",
    ) -> None:
        self.world = world
        self.route = route
        self.method = method
        self.url = url
        """Path and query, as requested."""
        self.params = params
        """What stands in the path, by the names the route gives."""
        self.headers = headers
        """Names in lower case; the first value of each."""
        self.peer = peer
        """The address of whoever is connected, a proxy perhaps; empty where nobody knows."""
        self.body = b""
        self.workspace: Workspace | None = None
        self.scopes: frozenset[Scope] = frozenset()
        self.root = False
        """Whether they came with the root key."""
        self.actor: Any = None
        """Who came with a session's token, or does it in the name of the workspace's server (auth `app`)."""
        self._query: dict[str, str] | None = None

    @property
    def tenant(self) -> Workspace:
        """The workspace, at a door that always has one."""
        assert self.workspace is not None, f"{self.route.path} belongs to no workspace"
        return self.workspace

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the first of each name; raises Refused where they cannot be read."""
        if self._query is None:
            self._query = _read_query(self.url.partition("?")[2])
        return self._query

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Read a whole number from the query; raises Refused where it is none, or not between `low` and `high`."""
        text = self.query.get(name)
        if text is None:
            return default
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < 20 and low <= int(text) <= high:
            return int(text)
        raise Refused(
            "A query parameter does not fit.",
            errors=(FieldError(name, f"It must be a whole number from {low} to {high}.", "range"),),
        )

    def promise(self, status: int, body: bytes) -> Promise | None:
        """Promise an answer to the request's `Idempotency-Key`; None without one, raises Refused where it is none."""
        key = self.headers.get("idempotency-key")
        if key is None:
            return None
        if not (0 < len(key) <= LONGEST_KEY and all("!" <= letter <= "~" for letter in key)):
            message = f"It must be 1 to {LONGEST_KEY} visible ASCII characters."
            raise Refused("The Idempotency-Key does not fit.", errors=(FieldError("Idempotency-Key", message, "key"),))
        asked = sha256(f"{self.method} {self.url}\n".encode("latin-1") + self.body).hexdigest()
        return Promise(self.workspace.id if self.workspace else "", key, asked, status, body)

    def replay(self, before: Promise, promise: Promise | None) -> Page:
        """Give the answer that was given to the same key before; raises Refused where another thing was asked."""
        if promise is None or before.fingerprint != promise.fingerprint:
            raise Refused(
                "This Idempotency-Key was used for another request.", status=409, kind="idempotency-key-reused"
            )
        return Page(before.status, before.body, (("idempotency-replayed", "true"),))

    def check_match(self, etag: str) -> None:
        """Return if the thing is still the one the client knows (RFC 9110 13.1.1); raises Refused if not."""
        wanted = self.headers.get("if-match")
        if wanted is None or wanted.strip() == "*":
            return
        if etag not in (each.strip() for each in wanted.split(",")):
            raise Refused("It has changed since: If-Match names another ETag.", status=412, kind="changed")


Door = Callable[[Visit], Awaitable[Page | Stream]]
D = TypeVar("D", bound=Door)


class Argument(Struct, frozen=True):
    """A parameter of the query, or a header, as the docs describe it."""

    name: str
    summary: str
    kind: Literal["string", "integer", "boolean"] = "string"
    place: Literal["query", "header"] = "query"


class Other(Struct, frozen=True):
    """An answer that is no JSON, as the docs describe it."""

    content_type: str
    summary: str


class Route(Struct, frozen=True, kw_only=True):
    """What one door declares."""

    method: str
    """`*`: any."""
    path: str
    """Segments; `{name}` stands for any one, a last `{name...}` for any number of them."""
    door: Door
    summary: str
    group: str
    scope: Scope | None
    auth: Literal["workspace", "root", "any", "none", "app"]
    """Whose key opens it: the workspace's (and then the root key too), the root key alone, any, or none is needed.

    `app`: a session's token of in-app messaging, or a key of the workspace's own."""
    limit: Literal["body", "batch", "callback", "content"]
    takes: Any
    """Type of the request's body, or a sentence about it; None where there is none."""
    gives: Mapping[int, Any]
    """By status: the type of the answer's body, a sentence about it, or what it is instead of JSON."""
    query: tuple[Argument, ...]
    socket: Callable[[Any], Awaitable[None]] | None = None
    """What a WebSocket is led to that is asked for here (`tidings.web.sockets.Socket`); None: there is none."""

    @property
    def names(self) -> tuple[str, ...]:
        """The path's parameters, in order."""
        return tuple(each.strip("{.}") for each in self.path.split("/") if each.startswith("{"))


ROUTES: Final[list[Route]] = []
"""Every door there is, in the order they were declared."""


def route(
    method: str,
    path: str,
    *,
    scope: Scope | None,
    summary: str,
    takes: Any = None,
    gives: Mapping[int, Any] | None = None,
    group: str,
    limit: Literal["body", "batch", "callback", "content"] = "body",
    auth: Literal["workspace", "root", "any", "none", "app"] = "workspace",
    query: tuple[Argument, ...] = (),
    socket: Callable[[Any], Awaitable[None]] | None = None,
) -> Callable[[D], D]:
    """Declare a door; one that stands at several places is declared several times."""

    def declare(door: D) -> D:
        ROUTES.append(
            Route(
                method=method,
                path=path,
                door=door,
                summary=summary,
                group=group,
                scope=scope,
                auth=auth,
                limit=limit,
                takes=takes,
                gives=gives or {},
                query=query,
                socket=socket,
            )
        )
        return door

    return declare


def missing(what: str, named: str) -> Refused:
    """There is no such thing, or it is not theirs; nobody is told which."""
    return Refused(f"There is no {what} {named}.", status=404)


def _read_query(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_ARGUMENTS)
    except ValueError as error:
        message = f"It must be UTF-8, and at most {MOST_ARGUMENTS} parameters."
        raise Refused("The query cannot be read.", errors=(FieldError("query", message),)) from error
    unclean = [name for name, value in pairs if not (is_clean(name) and is_clean(value))]
    if unclean:
        errors = tuple(FieldError(name, "Text may hold no NUL.", "text") for name in unclean)
        raise Refused("The query cannot be taken.", errors=errors)
    return dict(reversed(pairs))
