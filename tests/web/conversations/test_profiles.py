"""Profiles: one's own, or anybody's for the server."""

import pytest

from support.appdoors import Space


async def test_a_profile_is_written_by_its_person_and_by_the_server(space: Space) -> None:
    token = await space.token("ann")
    first = await space("PATCH", "/profiles/ann", token, json={"name": "Ann", "age": 7, "id": "mallory", "_etag": "x"})
    assert first.status_code == 200
    shown = first.json()
    assert {name: shown[name] for name in ("id", "name", "age", "_etag")} == {
        "id": "ann",
        "name": "Ann",
        "age": 7,
        "_etag": '"2"',
    }
    changed = await space("PATCH", "/profiles/ann", token, json={"age": None, "city": {"name": "Riga"}})
    assert "age" not in changed.json()
    whole = await space("PUT", "/profiles/ann", json={"name": "Anna"})
    assert whole.status_code == 200
    assert "city" not in whole.json()
    assert (await space("GET", "/profiles/ann", token)).json() == whole.json()


async def test_only_the_server_makes_profiles_and_sees_those_of_others(space: Space) -> None:
    token = await space.token("ann")
    made = await space("PUT", "/profiles/ben", json={"name": "Ben"})
    assert made.status_code == 201
    for method, body in (("GET", None), ("PUT", {}), ("PATCH", {})):
        assert (await space(method, "/profiles/ben", token, json=body)).status_code == 403
    assert (await space("GET", "/profiles/cat")).status_code == 404
    assert (await space("PATCH", "/profiles/cat", json={})).status_code == 404
    assert (await space("GET", "/profiles/%20")).status_code == 404


@pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ('"2"', 412), ("x", 412), ("*", 200), ('"1", "9"', 200)])
async def test_a_profile_is_changed_only_as_it_is_known(space: Space, tag: str, status: int) -> None:
    token = await space.token("ann")
    answer = await space("PUT", "/profiles/ann", token, json={"name": "Ann"}, headers={"if-match": tag})
    assert answer.status_code == status


async def test_a_profile_that_is_not_there_matches_no_tag(space: Space) -> None:
    assert (await space("PUT", "/profiles/ann", json={}, headers={"if-match": '"1"'})).status_code == 412


async def test_a_profile_has_its_bounds(space: Space) -> None:
    token = await space.token("ann")
    assert (await space("PUT", "/profiles/ann", token, json={"name": "x" * 20_000})).status_code == 413
    for body in (b"[]", b"{", b'{"a": "\\u0000"}'):
        assert (await space("PUT", "/profiles/ann", token, content=body)).status_code == 400
