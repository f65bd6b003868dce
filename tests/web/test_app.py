"""What holds at every door: who comes in, what is refused and how it is said."""

import gzip
from base64 import b64encode
from typing import Any

import httpx
import pytest

from support.hub import running
from support.visiting import ROOT, Visiting
from tidings.model.errors import Refused
from tidings.web.app import App
from tidings.web.door import Visit, missing

NOBODY = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "There is no such workspace, or this is no key of its own.",
}


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def test_key_is_shown_in_any_of_the_usual_ways(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    for shown in (f"Bearer {key}", f"bearer  {key}", f"AccessKey {key}", basic(key, ""), basic("api", key)):
        answer = await visit("GET", f"/workspaces/{workspace}", key=None, headers={"authorization": shown})
        assert answer.status_code == 200, shown


async def test_nobody_learns_why_they_are_nobody(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    other, _ = await visit.workspace("Other")
    asked = [
        ("", f"/workspaces/{workspace}"),
        ("Bearer", f"/workspaces/{workspace}"),
        ("Bearer wrong", f"/workspaces/{workspace}"),
        (f"Digest {key}", f"/workspaces/{workspace}"),
        ("Basic !!!", f"/workspaces/{workspace}"),
        ("Basic " + b64encode(b"\xff").decode(), f"/workspaces/{workspace}"),
        (basic("a", "b"), f"/workspaces/{workspace}"),
        (f"Bearer {key}", f"/workspaces/{other}"),
        (f"Bearer {key}", "/workspaces/unknown"),
        (f"Bearer {ROOT}", "/workspaces/unknown"),
        ("Bearer wrong", "/workspaces"),
        ("Bearer wrong", "/connectors"),
    ]
    for shown, path in asked:
        answer = await visit("GET", path, key=None, headers={"authorization": shown} if shown else {})
        assert (answer.status_code, answer.json()) == (401, NOBODY), (shown, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="tidings"'
        assert answer.headers["content-type"] == "application/problem+json"


async def test_scope_is_needed_and_named(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    reader = await visit.made(f"/workspaces/{workspace}/access-keys", {"name": "r", "scopes": ["read"]}, key=key)
    answer = await visit("GET", f"/workspaces/{workspace}/access-keys", key=reader["accessKey"])
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "type": "urn:tidings:problem:scope-missing",
            "title": "Forbidden",
            "status": 403,
            "detail": "The key lacks the scope manage.",
        },
    )


async def test_root_door_opens_to_the_root_key_alone(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    for method, path in (("GET", "/workspaces"), ("DELETE", f"/workspaces/{workspace}")):
        answer = await visit(method, path, key=key)
        assert (answer.status_code, answer.json()["detail"]) == (403, "Only the root key opens this.")


async def test_root_key_is_of_no_workspace(visit: Visiting) -> None:
    answer = await visit("GET", "/cpaas/messages")
    assert answer.status_code == 403


async def test_what_is_not_there_says_so(visit: Visiting) -> None:
    answer = await visit("GET", "/nothing/here")
    assert (answer.status_code, answer.json()) == (
        404,
        {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is nothing here."},
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    wrong = await visit("PUT", "/workspaces")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


async def test_head_is_a_get_without_its_body(visit: Visiting) -> None:
    got, head = await visit("GET", "/healthz"), await visit("HEAD", "/healthz")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(got.content)))


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (b"", "", "json"),
        (b"{", "", "json"),
        (b"[]", "", "type"),
        (b"\xff", "", "json"),
        (b'{"name": 7}', "name", "type"),
        (b'{"name": ""}', "name", "type"),
        (b'{"name": "a\\u0000b"}', "name", "text"),
        (b'{"name": "\\ud800"}', "", "json"),
        (b'{"name": "a", "other": 1}', "other", "unknown"),
        (b'{"name": ' + b"[" * 100 + b"]" * 100 + b"}", "name" + "[0]" * 63, "too-deep"),
        (b"[" * 100_000, "", None),
        (b'{"accountId": 1}', "name", "required"),
    ],
)
async def test_bad_json_changes_nothing(visit: Visiting, body: bytes, path: str, code: str | None) -> None:
    answer = await visit("POST", "/workspaces", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["path"] == path
    assert code in (None, error["code"])
    assert (await visit("GET", "/workspaces")).json() == {"results": [], "nextPageToken": None}


async def test_large_bodies_are_refused_however_they_come(visit: Visiting) -> None:
    large = b'{"name": "' + b"x" * 2**21 + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(large), 2**16):
            yield large[start : start + 2**16]

    for request in (
        {"content": large},
        {"content": chunks()},
        {"content": gzip.compress(large), "headers": {"content-encoding": "gzip"}},
    ):
        answer = await visit("POST", "/workspaces", **request)
        assert (answer.status_code, answer.json()["detail"]) == (413, "The body is over 1048576 octets.")
        assert answer.headers["connection"] == "close"
    packed = gzip.compress(b'{"name": "Acme"}')
    answer = await visit("POST", "/workspaces", content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=-", "limit"),
        ("limit=١", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=%ff", "query"),
        ("limit=1%00", "limit"),
        ("&".join(f"a{number}=1" for number in range(101)), "query"),
    ],
)
async def test_bad_queries_are_refused(visit: Visiting, query: str, path: str) -> None:
    answer = await visit("GET", f"/workspaces?{query}")
    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, [path])


async def test_what_breaks_is_logged_and_not_shown(visit: Visiting, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise RuntimeError("the inside")

    monkeypatch.setattr(visit.world.clock, "now", broken)
    answer = await visit("POST", "/workspaces", json={"name": "Acme"})
    monkeypatch.undo()
    told = answer.json()
    assert (answer.status_code, told["status"], len(told["reference"])) == (500, 500, 36)
    assert "inside" not in answer.text
    assert visit.world.counts.all()["errors", "RuntimeError"] == 1


async def test_same_idempotency_key_gets_the_same_answer(visit: Visiting) -> None:
    named = {"Idempotency-Key": "one"}
    first = await visit("POST", "/workspaces", json={"name": "Acme"}, headers=named)
    again = await visit("POST", "/workspaces", json={"name": "Acme"}, headers=named)
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    shown = first.json()
    assert shown.pop("accessKey").startswith("tdg_")
    assert again.json() == shown
    other = await visit("POST", "/workspaces", json={"name": "Else"}, headers=named)
    assert (other.status_code, other.json()["type"]) == (409, "urn:tidings:problem:idempotency-key-reused")
    assert len((await visit("GET", "/workspaces")).json()["results"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "caf\xe9"])
async def test_idempotency_key_must_be_one(visit: Visiting, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1")), (b"authorization", f"Bearer {ROOT}".encode())]
    answer = await visit.client.post("/workspaces", json={"name": "Acme"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "Idempotency-Key")


async def test_a_websocket_where_there_is_none_and_what_is_no_request_are_turned_away(visit: Visiting) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    app: App = visit.hub.app
    asked = {"type": "websocket", "raw_path": b"/livez", "query_string": b"", "headers": [], "subprotocols": []}
    await app(asked, receive, send)
    assert sent == [{"type": "websocket.close"}]
    with pytest.raises(NotImplementedError):
        await app({"type": "lifespan"}, receive, send)


async def test_client_that_leaves_gets_no_answer(visit: Visiting) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "GET", "raw_path": b"/healthz", "path": "/", "query_string": b"", "headers": []}
    await visit.hub.app(scope, receive, send)
    assert sent == []


async def test_etags_are_compared_as_they_are() -> None:
    visit = Visit.__new__(Visit)
    for match in ('"a"', "*", '"b", "a"', None):
        visit.headers = {} if match is None else {"if-match": match}
        visit.check_match('"a"')
    for match in ('"b"', 'W/"a"', ""):
        visit.headers = {"if-match": match}
        with pytest.raises(Refused) as refused:
            visit.check_match('"a"')
        assert refused.value.status == 412


def test_missing_names_what() -> None:
    assert (missing("thing", "7").detail, missing("thing", "7").status) == ("There is no thing 7.", 404)


async def test_doors_are_open_on_real_sockets_too(tmp_path: Any) -> None:
    async with running(tmp_path) as hub, httpx.AsyncClient(base_url=hub.base_url) as client:
        answer = await client.post(
            "/workspaces", content=b"x" * 2**21, headers={"authorization": f"Bearer {hub.root_key}"}
        )
        assert answer.status_code == 413
        assert (await client.get("/healthz")).json() == {"status": "ok"}
