"""Workspaces and their access keys."""

from typing import Any

import pytest

from support.visiting import ROOT, Visiting

CREATED = "2026-09-21T14:13:20.000Z"


SHOWN = {
    "name": "Acme",
    "accountId": 1234,
    "catchAll": "all",
    "trackOpens": True,
    "keepClients": False,
    "doNotTrack": "honour",
    "createdAt": CREATED,
}


async def test_workspace_is_made_with_a_key_that_may_do_everything(visit: Visiting) -> None:
    answer = await visit("POST", "/workspaces", json={"name": "Acme", "accountId": 1234, "catchAll": "all"})
    made = answer.json()
    id_, key = made.pop("id"), made.pop("accessKey")
    assert (answer.status_code, answer.headers["location"]) == (201, f"/workspaces/{id_}")
    assert made == SHOWN
    got = await visit("GET", f"/workspaces/{id_}", key=key)
    assert got.json() == {**made, "id": id_}
    keys = await visit("GET", f"/workspaces/{id_}/access-keys", key=key)
    (first,) = keys.json()["results"]
    assert len(first.pop("id")) == 36
    assert first == {"name": "first key", "scopes": ["send", "read", "manage"], "createdAt": CREATED}


async def test_workspace_needs_no_more_than_a_name(visit: Visiting) -> None:
    made = await visit.made("/workspaces", {"name": "Acme"})
    assert (made["accountId"], made["catchAll"], made["trackOpens"]) == (1, "unclaimed", True)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a", "accountId": "1"}, "accountId"),
        ({"name": "a", "accountId": -1}, "accountId"),
        ({"name": "a", "accountId": 2**53}, "accountId"),
        ({"name": "a", "catchAll": "some"}, "catchAll"),
        ({"name": None}, "name"),
        ({"name": "a", "trackOpens": "no"}, "trackOpens"),
    ],
)
async def test_bad_workspace_is_refused(visit: Visiting, asked: dict[str, Any], path: str) -> None:
    answer = await visit("POST", "/workspaces", json=asked)
    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (422, [path])
    assert visit.world.directory.workspaces == {}


async def test_workspaces_are_listed_a_page_at_a_time(visit: Visiting) -> None:
    made = [(await visit.workspace(f"Number {number}"))[0] for number in range(3)]
    first = (await visit("GET", "/workspaces?limit=2")).json()
    assert ([each["id"] for each in first["results"]], first["nextPageToken"]) == (made[:2], made[1])
    last = (await visit("GET", f"/workspaces?limit=2&pageToken={first['nextPageToken']}")).json()
    assert ([each["id"] for each in last["results"]], last["nextPageToken"]) == (made[2:], None)


async def test_workspace_changes_in_what_is_said_only(visit: Visiting) -> None:
    id_, key = await visit.workspace()
    path = f"/workspaces/{id_}"
    etag = (await visit("GET", path, key=key)).headers["etag"]
    changed = await visit("PATCH", path, key=key, json={"catchAll": "all"}, headers={"if-match": etag})
    assert changed.json() == {**SHOWN, "id": id_}
    assert changed.headers["etag"] == (await visit("GET", path, key=key)).headers["etag"] != etag
    late = await visit("PATCH", path, key=key, json={"name": "Late"}, headers={"if-match": etag})
    assert (late.status_code, late.json()["type"]) == (412, "urn:tidings:problem:changed")
    assert (await visit("PATCH", path, key=key, json={"name": ""})).status_code == 422
    assert (await visit("PATCH", path, key=key, json={"id": "x"})).status_code == 422


async def test_only_root_moves_a_workspace_to_another_account(visit: Visiting) -> None:
    id_, key = await visit.workspace()
    refused = await visit("PATCH", f"/workspaces/{id_}", key=key, json={"accountId": 7})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (403, "accountId")
    same = await visit("PATCH", f"/workspaces/{id_}", key=key, json={"accountId": 1234})
    assert same.status_code == 200
    moved = await visit("PATCH", f"/workspaces/{id_}", json={"accountId": 7})
    assert (moved.status_code, moved.json()["accountId"]) == (200, 7)


async def test_workspace_goes_with_its_keys_and_channels(visit: Visiting) -> None:
    id_, key = await visit.workspace()
    channel = {"platform": "sms", "connector": "custom", "settings": {}}
    await visit.made(f"/workspaces/{id_}/channels", channel, key=key)
    assert (await visit("DELETE", f"/workspaces/{id_}", headers={"if-match": '"old"'})).status_code == 412
    gone = await visit("DELETE", f"/workspaces/{id_}")
    assert (gone.status_code, gone.content) == (204, b"")
    directory = visit.world.directory
    assert (directory.workspaces, directory.keys, directory.channels) == ({}, {}, {})
    assert (await visit("GET", f"/workspaces/{id_}", key=key)).status_code == 401


async def test_access_key_opens_what_it_may_until_it_is_taken_away(visit: Visiting) -> None:
    id_, key = await visit.workspace()
    path = f"/workspaces/{id_}/access-keys"
    answer = await visit("POST", path, key=key, json={"name": "ci", "scopes": ["read"]})
    made = answer.json()
    assert {**made, "id": "", "accessKey": ""} == {
        "id": "",
        "name": "ci",
        "scopes": ["read"],
        "createdAt": CREATED,
        "accessKey": "",
    }
    assert (await visit("GET", f"/workspaces/{id_}", key=made["accessKey"])).status_code == 200
    assert (await visit("DELETE", f"{path}/{made['id']}", key=made["accessKey"])).status_code == 403
    assert (await visit("DELETE", f"{path}/{made['id']}", key=key)).status_code == 204
    assert (await visit("GET", f"/workspaces/{id_}", key=made["accessKey"])).status_code == 401
    assert (await visit("DELETE", f"{path}/{made['id']}", key=key)).status_code == 404
    assert made["accessKey"].encode() not in b"".join(
        file.read_bytes() for file in visit.world.settings.data_dir.glob("*.db*")
    )


async def test_access_key_of_another_workspace_is_not_found(visit: Visiting) -> None:
    mine, key = await visit.workspace()
    other, _ = await visit.workspace("Other")
    theirs = (await visit("GET", f"/workspaces/{other}/access-keys")).json()["results"][0]["id"]
    answer = await visit("DELETE", f"/workspaces/{mine}/access-keys/{theirs}", key=key)
    assert (answer.status_code, answer.json()["detail"]) == (404, f"There is no access key {theirs}.")


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"name": "a"}, "scopes"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["read", "all"]}, "scopes[1]"),
        ({"name": "a", "scopes": ["read", "read"]}, "scopes"),
        ({"scopes": ["read"]}, "name"),
    ],
)
async def test_bad_access_key_is_refused(visit: Visiting, asked: dict[str, Any], path: str) -> None:
    id_, key = await visit.workspace()
    answer = await visit("POST", f"/workspaces/{id_}/access-keys", key=key, json=asked)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
    assert len(visit.world.directory.keys) == 1


async def test_access_key_is_shown_once_even_to_who_repeats_the_request(visit: Visiting) -> None:
    id_, _ = await visit.workspace()
    asked = {"json": {"name": "ci", "scopes": ["read"]}, "headers": {"idempotency-key": "k"}}
    first = await visit("POST", f"/workspaces/{id_}/access-keys", key=ROOT, **asked)
    again = await visit("POST", f"/workspaces/{id_}/access-keys", key=ROOT, **asked)
    shown = first.json()
    del shown["accessKey"]
    assert (again.status_code, again.json()) == (201, shown)
    assert len(visit.world.directory.keys) == 2
