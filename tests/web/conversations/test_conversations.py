"""Conversations: who makes them, who takes part, and that nobody else reads or writes them."""

from typing import Any

import pytest

from support.appdoors import Space, space_at, words
from support.apps import SENDER
from support.visiting import Visiting


def names(events: Any) -> list[str]:
    return [event["name"].partition(".")[2] for event in events]


async def test_a_person_finds_the_conversation_with_the_business_again(space: Space) -> None:
    token = await space.token("anon_1")
    made = await space("POST", "/conversations", token, json={})
    assert made.status_code == 201
    conversation = made.json()
    assert conversation["id"] == "Customer_Services_anon_1"
    assert conversation["participantCount"] == 2
    again = await space("POST", "/conversations", token, json={"participants": [{"id": SENDER}]})
    assert again.status_code == 200
    assert again.json() == conversation
    people = await space("GET", f"/conversations/{conversation['id']}/participants", token)
    assert people.json() == [{"id": SENDER, "role": "owner"}, {"id": "anon_1", "role": "member"}]


async def test_the_server_makes_a_conversation_of_a_name_once(space: Space) -> None:
    await space.conversation(
        "c1", "anon_1", name="Order 17", description="Shoes", roles={"participant": {"canSend": False}}
    )
    shown = (await space("GET", "/conversations/c1")).json()
    assert shown["name"] == "Order 17"
    assert shown["roles"]["participant"]["canSend"] is False
    assert shown["latestSentEventId"] == 1
    refused = await space("POST", "/conversations", json={"id": "c1"})
    assert refused.status_code == 409
    for wrong in ("", " c"):
        answer = await space("POST", "/conversations", json={"id": wrong or "x" * 600})
        assert answer.status_code == 400


async def test_people_have_conversations_of_their_own(space: Space) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    refused = await space("POST", "/conversations", ann, json={"id": "mine", "participants": [{"id": "ben"}]})
    assert refused.status_code == 403
    unknown = await space("POST", "/conversations", ann, json={"participants": [{"id": "cat"}]})
    assert unknown.status_code == 400
    made = await space.made("/conversations", {"name": "We", "participants": [{"id": "ben"}]}, ann)
    listed = (await space("GET", "/conversations", ben)).json()
    assert [each["id"] for each in listed] == [made["id"]]
    roles = (await space("GET", f"/conversations/{made['id']}/participants", ben)).json()
    assert roles == [{"id": "ann", "role": "owner"}, {"id": "ben", "role": "member"}]
    assert names(await space.events(made["id"], token=ben)) == ["participantAdded", "participantAdded"]


async def test_a_conversation_is_changed_by_its_owner_and_only_as_it_is_known(space: Space) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    made = await space.made("/conversations", {"participants": [{"id": "ben"}]}, ann)
    path = f"/conversations/{made['id']}"
    assert (await space("PUT", path, ben, json={"name": "Mine"})).status_code == 403
    for tag, status in (('"9"', 412), ("nonsense", 412), (made["_etag"], 200), (made["_etag"], 412), ("*", 200)):
        answer = await space("PUT", path, ann, json={"name": "Ours"}, headers={"if-match": tag})
        assert answer.status_code == status, tag
    shown = await space("GET", path, ben)
    assert shown.json()["name"] == "Ours"
    assert shown.headers["etag"] == shown.json()["_etag"] == '"3"'
    assert (await space("DELETE", path, ben)).status_code == 403
    assert (await space("DELETE", path, ann, headers={"if-match": '"1"'})).status_code == 412
    assert (await space("DELETE", path, ann)).status_code == 204
    for token in (ann, ""):
        assert (await space("GET", path, token)).status_code == 404
        assert (await space("GET", f"{path}/messages", token)).status_code == 404
    assert names(await space.events(made["id"], 4, ben)) == ["update", "delete"], "who was away reads that it is gone"
    assert (await space("POST", f"{path}/messages", json=words("Hi"))).status_code == 404
    assert (await space("GET", "/conversations", ben)).json() == []


async def test_a_deleted_conversation_with_the_business_is_taken_up_again(space: Space) -> None:
    token = await space.token("anon_1")
    made = await space.made("/conversations", {}, token)
    await space("DELETE", f"/conversations/{made['id']}")
    again = await space("POST", "/conversations", token, json={})
    assert again.status_code == 201
    told = names(await space.events(made["id"], token=token))
    assert told == ["participantAdded", "participantAdded", "delete", "undelete"]


async def test_participants_come_and_go_as_their_roles_let_them(space: Space) -> None:
    tokens = {name: await space.token(name) for name in ("ann", "ben", "cat", "dan")}
    made = await space.made("/conversations", {"participants": [{"id": "ben"}]}, tokens["ann"])
    path = f"/conversations/{made['id']}/participants"
    assert (await space("POST", path, tokens["ben"], json=[{"id": "cat"}])).status_code == 403
    assert (await space("POST", path, tokens["cat"], json=[{"id": "cat"}])).status_code == 403
    added = await space("POST", path, tokens["ann"], json=[{"id": "cat"}, {"id": "ben"}])
    assert [each["id"] for each in added.json()] == ["ann", "ben", "cat"]
    assert (await space("POST", path, tokens["ben"], json=[{"id": "ben", "role": "owner"}])).status_code == 403
    assert (await space("DELETE", f"{path}?id=cat", tokens["ben"])).status_code == 403
    assert (await space("DELETE", path, tokens["ann"])).status_code == 400
    assert (await space("POST", path, tokens["ann"], json=[])).status_code == 400
    assert (await space("DELETE", f"{path}?id=ben&id=cat", tokens["ann"])).status_code == 204
    assert (await space("GET", path, tokens["ben"])).status_code == 403
    assert (await space("DELETE", f"{path}?id=ann", tokens["ann"])).status_code == 204
    assert (await space("GET", path)).json() == []


async def test_a_member_who_may_add_cannot_depose_an_owner(space: Space) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    roles = {"participant": {"canAddParticipants": True, "canRemoveParticipants": True}}
    made = await space.made("/conversations", {"participants": [{"id": "ben"}], "roles": roles}, ann)
    path = f"/conversations/{made['id']}/participants"
    assert (await space("POST", path, ben, json=[{"id": "ann", "role": "member"}])).status_code == 403
    assert (await space("DELETE", f"{path}?id=ann", ben)).status_code == 403
    assert (await space("POST", path, ben, json=[{"id": "ben", "role": "owner"}])).status_code == 403


async def test_anybody_comes_into_a_public_conversation_by_himself(space: Space) -> None:
    token = await space.token("ann")
    await space.conversation("lobby", isPublic=True)
    await space.conversation("closed")
    assert [each["id"] for each in (await space("GET", "/conversations?scope=public", token)).json()] == ["lobby"]
    assert (await space("POST", "/conversations/lobby/messages", token, json=words("Hi"))).status_code == 403
    joined = await space("POST", "/conversations/lobby/participants", token, json=[{"id": "ann"}])
    assert joined.json() == [{"id": "ann", "role": "member"}]
    await space.say("lobby", "Hi", token)
    assert (await space("POST", "/conversations/closed/participants", token, json=[{"id": "ann"}])).status_code == 403


async def test_conversations_are_listed_a_page_at_a_time(space: Space) -> None:
    token = await space.token("ann")
    for index in range(5):
        await space.conversation(f"c{index}", "ann", "ben" if index % 2 else "cat")
    first = await space("GET", "/conversations?limit=2", token)
    assert [each["id"] for each in first.json()] == ["c0", "c1"]
    link = first.headers["link"].partition(">")[0].partition("<")[2]
    second = await space.visit("GET", link, key=token)
    assert [each["id"] for each in second.json()] == ["c2", "c3"]
    third = await space("GET", "/conversations?limit=2&from=c3", token)
    assert [each["id"] for each in third.json()] == ["c4"]
    assert "link" not in third.headers
    of_ben = await space("GET", "/conversations?profileId=ben")
    assert [each["id"] for each in of_ben.json()] == ["c1", "c3"]
    assert len((await space("GET", "/conversations?scope=all")).json()) == 5
    for query in ("scope=all", "profileId=ben", "limit=0", "limit=101", "scope=strange"):
        assert (await space("GET", f"/conversations?{query}", token)).status_code in (400, 403)


HOSTILE = [
    ("GET", "/conversations/{c}", None),
    ("PUT", "/conversations/{c}", {"name": "Mine"}),
    ("DELETE", "/conversations/{c}", None),
    ("GET", "/conversations/{c}/participants", None),
    ("POST", "/conversations/{c}/participants", [{"id": "mallory"}]),
    ("DELETE", "/conversations/{c}/participants?id=ann", None),
    ("DELETE", "/conversations/{c}/participants?id=mallory", None),
    ("POST", "/conversations/{c}/messages", {"parts": [{"type": "text/plain", "data": "Hi"}]}),
    ("GET", "/conversations/{c}/messages", None),
    ("POST", "/conversations/{c}/messages/statusupdates", [{"messageIds": ["{m}"], "status": "read"}]),
    ("POST", "/conversations/{c}/messages/statusupdates", [{"upTo": 9, "status": "read"}]),
    ("POST", "/conversations/{c}/messages/{m}/reactions", {"emoji": "x"}),
    ("POST", "/conversations/{c}/messages/{m}/deleterequests", None),
    ("GET", "/conversations/{c}/events", None),
    ("POST", "/conversations/{c}/typing", None),
    ("DELETE", "/conversations/{c}/typing", None),
]


@pytest.mark.parametrize(("method", "below", "body"), HOSTILE, ids=lambda each: str(each)[:60])
async def test_a_conversation_is_closed_to_whoever_takes_no_part(
    space: Space, method: str, below: str, body: Any
) -> None:
    ann, mallory = await space.token("ann"), await space.token("mallory")
    conversation = (await space.made("/conversations", {}, ann))["id"]
    message = (await space.say(conversation, "A secret", ann))["id"]
    before = await space.events(conversation)

    async def ask(where: str, token: str = mallory) -> tuple[int, Any]:
        path = below.format(c=where, m=message)
        said = None if body is None else [{**body[0], "messageIds": [message]}] if "{m}" in str(body) else body
        answer = await space(method, path, token, json=said)
        told = answer.json()
        return answer.status_code, {**told, "detail": told["detail"].replace(where, "")}

    there = await ask(conversation)
    assert there[0] == 403
    assert there == await ask("Customer_Services_nobody"), "nobody learns which conversations there are"
    assert await space.events(conversation) == before


async def test_a_message_of_another_conversation_is_not_to_be_touched_by_way_of_ones_own(space: Space) -> None:
    ann, mallory = await space.token("ann"), await space.token("mallory")
    theirs = (await space.made("/conversations", {}, ann))["id"]
    secret = (await space.say(theirs, "A secret", ann))["id"]
    own = (await space.made("/conversations", {}, mallory))["id"]
    before = await space.events(own)
    path = f"/conversations/{own}/messages"
    marked = await space("POST", f"{path}/statusupdates", mallory, json=[{"messageIds": [secret], "status": "read"}])
    assert marked.status_code == 200
    assert (await space("POST", f"{path}/{secret}/reactions", mallory, json={"emoji": "x"})).status_code == 404
    assert (await space("POST", f"{path}/{secret}/deleterequests", mallory)).status_code == 404
    tapped = {"type": "application/x-hub-action", "data": f'{{"action": "a", "messageId": "{secret}"}}'}
    assert (await space("POST", path, mallory, json={"parts": [tapped]})).status_code == 400
    assert await space.events(own) == before
    assert (await space("GET", f"/conversations/{theirs}/messages")).json()["messages"][0]["statusUpdates"] == {}


async def test_nobody_takes_the_place_of_a_conversation_that_is_to_come(space: Space) -> None:
    """Whoever could make it first would read what the business writes to somebody else."""
    mallory = await space.token("mallory")
    await space.token("ann")
    taken = await space("POST", "/conversations", mallory, json={"id": "Customer_Services_ann"})
    assert taken.status_code == 403
    answer = await space("GET", "/conversations/Customer_Services_ann")
    assert answer.status_code == 404


async def test_other_workspaces_have_conversations_of_the_same_names(space: Space, visit: Visiting) -> None:
    neighbour = await space_at(visit, "Neighbour")
    for each in (space, neighbour):
        await each.conversation("c1", "ann")
    await space.say("c1", "Only here")
    assert (await neighbour("GET", "/conversations/c1/messages")).json()["messages"] == []
    assert len((await space("GET", "/conversations/c1/messages")).json()["messages"]) == 1


async def test_the_server_speaks_in_whose_name_it_likes(space: Space) -> None:
    await space.conversation("c1", "ann")
    await space.say("c1", "Hello", **{"on-behalf-of": "TEAM\\Sales"})
    await space.say("c1", "Hello")
    said = (await space("GET", "/conversations/c1/messages")).json()["messages"]
    assert [each["context"]["from"]["id"] for each in said] == ["TEAM\\Sales", SENDER]
    assert [each["context"]["direction"] for each in said] == ["outbound", "outbound"]
    assert (
        await space("POST", "/conversations/c1/messages", json=words("x"), headers={"on-behalf-of": " "})
    ).status_code == 400
    token = await space.token("ann")
    await space.say("c1", "Hi", token, **{"on-behalf-of": SENDER})
    last = (await space("GET", "/conversations/c1/messages")).json()["messages"][-1]
    assert last["context"]["from"]["id"] == "ann", "a device speaks for its own profile only"
