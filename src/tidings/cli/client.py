"""Asking a running hub over its HTTP API, and following it live."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tidings import __version__
from tidings.cli.hearing import Heard, heard_in

REFUSALS = 400
"""Where the statuses begin that say no."""
FORBIDDEN = 403

TIMEOUT = 60.0
"""Seconds an answer may take; a long poll is answered within them, and a live stream is never silent for so long."""
RETRY = 2_000
"""Milliseconds after which a stream that broke off is taken up again, where the hub does not say."""
NOTHING: Mapping[str, str] = {}

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Trouble(Exception):
    """What a person at the command line is told in place of an answer."""

    def __init__(self, text: str, *, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Denied(Trouble):
    """The hub's own no: its status, and what it said."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(_explain(status, problem))
        self.status = status


class Client:
    """One hub, and the key shown to it; `tenant` is the workspace asked for, by name or id."""

    def __init__(self, url: str, key: str, tenant: str = "") -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.tenant = tenant

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Ask something; give the decoded answer, None where it is empty. Raises Trouble, and Denied for a no."""
        sent = None if body is None else json.dumps(body).encode()
        with self._answer(method, path, sent, query) as response:
            answer = response.read()
        return _read(response.status, answer)

    def follow(self, path: str, **query: Any) -> Iterator[Heard]:
        """Give the events of a live stream as they come, over as many connections as it takes.

        Raises Trouble where no hub answers at first, and Denied for a no.
        """
        last, retry = "", RETRY
        while True:
            try:
                with self._answer("GET", path, None, query, {"last-event-id": last} if last else {}) as response:
                    if response.status >= REFUSALS:
                        _read(response.status, response.read())
                    for heard in heard_in(response):
                        last, retry = heard.id or last, heard.retry or retry
                        if heard.data:
                            yield heard
            except Denied:
                raise
            except Trouble:
                if not last:
                    raise
            time.sleep(retry / 1000)

    @contextmanager
    def _answer(
        self, method: str, path: str, body: bytes | None, query: Mapping[str, Any], more: Mapping[str, str] = NOTHING
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask something and give the answer to be read; raises Trouble where none comes, or it breaks off."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Trouble(f"{self.url!r} is no URL of a hub: write http://… or https://….", exit_code=2)
        given = {name: value for name, value in query.items() if value not in (None, "")}
        target = parts.path + path + (f"?{urlencode(given)}" if given else "")
        try:
            connection = _connection(parts.scheme, parts.hostname, parts.port)
            try:
                connection.request(method, target, body, {**self._headers(), **more})
                yield connection.getresponse()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Trouble(
                f"No hub answers at {self.url} ({error}). Start one with `tidings serve`, or name another with --url."
            ) from error

    def every(self, path: str, *, most: int, **query: Any) -> Iterator[dict[str, Any]]:
        """Give the items of a list, page by page, at most so many."""
        token: str | None = ""
        left = most
        while token is not None and left > 0:
            page = self.ask("GET", path, limit=min(left, 100), pageToken=token, **query)
            results = page["results"]
            yield from results[:left]
            left -= len(results)
            token = page.get("nextPageToken") or None

    def workspace(self) -> str:
        """Find the id of the workspace asked for; without one, the only one there is. Raises Trouble."""
        if _ID.fullmatch(self.tenant):
            return self.tenant
        try:
            known = list(self.every("/workspaces", most=10_000))
        except Denied as denied:
            if denied.status != FORBIDDEN:
                raise
            raise Trouble(
                "Only the root key can look workspaces up by name: say --workspace (or TIDINGS_WORKSPACE) and the id.",
                exit_code=2,
            ) from denied
        return str(one_of(known, self.tenant, "workspace", "--workspace")["id"])

    def within(self, *rest: str) -> str:
        """Give a path within the workspace."""
        return "/".join(["/workspaces", self.workspace(), *(quote(each, safe="") for each in rest)])

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "user-agent": f"tidings-cli/{__version__}"}
        return {**headers, "authorization": f"AccessKey {self.key}"} if self.key else headers


def one_of(known: list[dict[str, Any]], wanted: str, what: str, option: str = "") -> dict[str, Any]:
    """Find one thing by its id, else by its name; where nothing is wanted, the only one. Raises Trouble."""
    named = ", ".join(str(each.get("name") or each.get("id")) for each in known)
    if not wanted:
        if len(known) == 1:
            return known[0]
        if known:
            raise Trouble(f"Which {what}? Say {option} and one of: {named}.", exit_code=2)
        raise Trouble(f"There is no {what} yet. Make one: tidings {what} create …")
    found = [each for each in known if each.get("id") == wanted] or [
        each for each in known if each.get("name") == wanted
    ]
    if len(found) > 1:
        raise Trouble(f"Several of them are called {wanted!r}: name one by its id.")
    if not found:
        raise Trouble(f"There is no {what} {wanted!r}" + (f"; there are: {named}." if named else "."))
    return found[0]


def answers(url: str, path: str) -> int:
    """Give the status of what answers at a URL; raises OSError or HTTPException where nothing does."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT)


def _read(status: int, answer: bytes) -> Any:
    try:
        value = json.loads(answer) if answer else None
    except ValueError as error:
        raise Trouble(f"What answered is no hub: status {status}, {answer[:60]!r}.") from error
    if status < REFUSALS:
        return value
    raise Denied(status, value if isinstance(value, dict) else {})


def _explain(status: int, problem: Mapping[str, Any]) -> str:
    lines = [str(problem.get("detail") or problem.get("title") or f"The hub answered {status}.")]
    lines += [f"  {each['path']}: {each['message']}" for each in problem.get("errors", ())]
    if status == 401:
        lines.append("  Set TIDINGS_KEY (or --key) to the hub's root key, or to a key of the workspace.")
    return "\n".join(lines)
