"""What is said in conversations, what happens to it, and how it is read back."""

from typing import Any

import pytest

from support.appdoors import Space, space_at, words
from support.published import TIME, UUID
from support.visiting import Visiting
from tidings.model.conversations import Happening


@pytest.fixture
async def talk(space: Space) -> str:
    """A conversation of ann and ben."""
    await space.token("ben", "first")
    return await space.conversation("c1", "ann", "ben")


async def test_a_message_is_told_and_read_back_as_it_was_said(space: Space, talk: str) -> None:
    ann = await space.token("ann")
    parts: list[dict[str, Any]] = [
        {"type": "text/plain", "data": "Grüße"},
        {"type": "image/png", "url": "https://www.example.com/a.png", "name": "a.png", "size": 3},
    ]
    body: dict[str, Any] = {"parts": parts, "metadata": {"order": [1, {"a": None}]}, "alert": {"text": "New"}}
    said = await space.made(f"/conversations/{talk}/messages", body, ann)
    assert said["eventId"] == 3
    event = (await space.events(talk, 3, ann))[0]
    assert UUID.fullmatch(event["eventId"])
    assert TIME.fullmatch(event["publishedOn"])
    assert event["conversationId"] == talk
    assert event["conversationEventId"] == 3
    assert event["context"] == {"createdBy": "ann"}
    payload = event["payload"]
    assert payload["messageId"] == said["id"]
    assert payload["metadata"] == body["metadata"]
    assert payload["alert"] == body["alert"]
    assert payload["parts"] == [{**parts[0], "size": 7}, parts[1]]
    assert payload["context"]["sentBy"] == "session:ann"
    read = (await space("GET", f"/conversations/{talk}/messages", ann)).json()
    assert read["earliestEventId"] == read["latestEventId"] == 3
    (message,) = read["messages"]
    assert message["id"] == said["id"]
    assert message["sentEventId"] == 3
    assert message["parts"] == payload["parts"]
    assert message["statusUpdates"] == {}


async def test_numbers_have_no_gap_and_events_are_read_from_any(space: Space, talk: str) -> None:
    for index in range(7):
        await space.say(talk, str(index))
    events = await space.events(talk)
    assert [event["conversationEventId"] for event in events] == list(range(1, 10))
    page = (await space("GET", f"/conversations/{talk}/events?from=4&limit=3")).json()
    assert [event["conversationEventId"] for event in page] == [4, 5, 6]
    assert await space.events(talk, 10) == []
    last = (await space("GET", f"/conversations/{talk}/messages?limit=2")).json()
    assert [each["parts"][0]["data"] for each in last["messages"]] == ["5", "6"]
    before = (await space("GET", f"/conversations/{talk}/messages?limit=2&from={last['earliestEventId'] - 1}")).json()
    assert [each["parts"][0]["data"] for each in before["messages"]] == ["3", "4"]
    empty = (await space("GET", f"/conversations/{talk}/messages?from=0")).json()
    assert empty == {"messages": [], "earliestEventId": None, "latestEventId": None}


async def test_a_message_with_the_same_key_is_said_once(space: Space, talk: str) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    first = await space.say(talk, "Hi", ann, **{"idempotency-key": "k"})
    again = await space(
        "POST", f"/conversations/{talk}/messages", ann, json=words("Hi"), headers={"idempotency-key": "k"}
    )
    assert again.status_code == 201
    assert again.json() == first
    assert again.headers["idempotency-replayed"] == "true"
    other = await space(
        "POST", f"/conversations/{talk}/messages", ann, json=words("Ho"), headers={"idempotency-key": "k"}
    )
    assert other.status_code == 409
    of_ben = await space.say(talk, "Hi", ben, **{"idempotency-key": "k"})
    assert of_ben["id"] != first["id"], "whoever else has the same key means something else"
    assert len((await space("GET", f"/conversations/{talk}/messages")).json()["messages"]) == 2


WRONG: list[tuple[Any, int, str]] = [
    ({}, 400, "parts"),
    ({"parts": []}, 400, "parts"),
    ({"parts": [{}]}, 400, "parts[0].type"),
    ({"parts": [{"type": "text", "data": "x"}]}, 400, "parts[0].type"),
    ({"parts": [{"type": "text/plain\r\nx: y", "data": "x"}]}, 400, "parts[0].type"),
    ({"parts": [{"type": "text/plain"}]}, 400, "parts[0]"),
    ({"parts": [{"type": "text/plain", "data": "x", "url": "https://a.example/"}]}, 400, "parts[0]"),
    ({"parts": [{"type": "image/png", "url": "javascript:alert(1)"}]}, 400, "parts[0].url"),
    ({"parts": [{"type": "image/png", "url": "https://[::1/"}]}, 400, "parts[0].url"),
    ({"parts": [{"type": "image/png", "url": "https://a.example/", "size": -1}]}, 400, "parts[0].size"),
    ({"parts": [{"type": "image/png", "url": "https://a.example/", "name": "n" * 256}]}, 400, "parts[0].name"),
    ({"parts": [{"type": "text/plain", "data": 17}]}, 400, "parts[0].data"),
    ({"parts": [{"type": "text/plain", "data": "a\0b"}]}, 400, "parts[0].data"),
    ({"parts": [{"type": "text/plain", "data": "x"}], "alert": []}, 400, "alert"),
    ({"parts": [{"type": "text/plain", "data": "x"}], "from": "TEAM"}, 400, "from"),
    ({"parts": [{"type": "text/plain", "data": "x" * 33_000}]}, 413, "parts[0].data"),
    ({"parts": [{"type": "text/plain", "data": "x"}] * 11}, 413, "parts"),
    ({"parts": [{"type": "text/plain", "data": "x" * 30_000}] * 3}, 413, ""),
    ({"parts": [{"type": "application/x-hub-action", "data": "no JSON"}]}, 400, "parts[0].data"),
]


@pytest.mark.parametrize(("body", "status", "named"), WRONG)
async def test_a_message_that_cannot_be_taken_is_refused_by_name(
    space: Space, talk: str, body: Any, status: int, named: str
) -> None:
    ann = await space.token("ann")
    answer = await space("POST", f"/conversations/{talk}/messages", ann, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["validationFailures"][0]["paramName"] == named
    assert len(await space.events(talk)) == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"parts":[{"type":"a/b","data":"\xff"}]}', b"[" * 100_000])
async def test_what_is_no_message_is_refused(space: Space, talk: str, body: bytes) -> None:
    answer = await space("POST", f"/conversations/{talk}/messages", content=body)
    assert answer.status_code == 400


async def test_metadata_may_not_be_nested_beyond_what_can_be_told(space: Space, talk: str) -> None:
    deep: Any = 1
    for _ in range(61):
        deep = [deep]
    body = {**words("x"), "metadata": deep}
    assert (await space("POST", f"/conversations/{talk}/messages", json=body)).status_code == 400
    await space.made(f"/conversations/{talk}/messages", {**words("x"), "metadata": deep[0]})


async def test_a_role_that_may_not_send_does_not(space: Space) -> None:
    await space.conversation("news", "ann", roles={"participant": {"canSend": False}})
    ann = await space.token("ann")
    refused = await space("POST", "/conversations/news/messages", ann, json=words("Hi"))
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("not-allowed")


async def test_a_profile_goes_no_faster_than_it_may(visit: Visiting) -> None:
    space = await space_at(visit, messagesPerSecond=2)
    ann = await space.token("ann")
    talk = (await space.made("/conversations", {}, ann))["id"]
    await space.say(talk, "1", ann)
    refused = await space("POST", f"/conversations/{talk}/messages", ann, json=words("2"))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    await space.say(talk, "The server is not held back")
    visit.clock.move(500)
    await space.say(talk, "2", ann)


async def marked(space: Space, talk: str, token: str, *updates: Any, status: int = 200) -> list[tuple[str, str]]:
    """Say how far messages have come; give what happened by it."""
    before = len(await space.events(talk))
    answer = await space("POST", f"/conversations/{talk}/messages/statusupdates", token, json=list(updates))
    assert answer.status_code == status, answer.text
    events = await space.events(talk, before + 1)
    return [(event["name"].partition(".")[2], event["payload"]["messageId"]) for event in events]


async def test_messages_are_marked_once_and_never_go_back(space: Space, talk: str, visit: Visiting) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    tablet = await space.token("ben", "tablet")
    first, second = [(await space.say(talk, text, ann))["id"] for text in "12"]
    delivered = {"messageIds": [first, second], "status": "delivered", "timestamp": "2001-01-01T00:00:00Z"}
    assert await marked(space, talk, ben, delivered) == [("delivered", first), ("delivered", second)]
    assert await marked(space, talk, tablet, delivered) == []
    visit.clock.move(1000)
    assert await marked(space, talk, tablet, {"messageIds": [first], "status": "read"}) == [("read", first)]
    assert await marked(space, talk, ben, {"messageIds": [first], "status": "delivered"}) == []
    assert await marked(space, talk, ann, {"messageIds": [first], "status": "read"}) == [], "one's own"
    assert await marked(space, talk, ben, {"messageIds": ["none", first], "status": "read"}) == []
    read = (await space("GET", f"/conversations/{talk}/messages", ben)).json()["messages"]
    assert [each["statusUpdates"]["ben"]["status"] for each in read] == ["read", "delivered"]
    # A device's clock counts between the sending and now.
    assert read[1]["statusUpdates"]["ben"]["on"] == read[1]["context"]["sentOn"]


async def test_a_word_up_to_a_number_is_said_of_every_message_before(space: Space, talk: str) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    said = [(await space.say(talk, str(index), ann)) for index in range(4)]
    until = said[2]["eventId"]
    assert await marked(space, talk, ben, {"upTo": until, "status": "read"}) == [
        ("read", each["id"]) for each in said[:3]
    ]
    assert await marked(space, talk, ben, {"upTo": until, "status": "read"}) == []
    everything = {"upTo": 10**9, "status": "delivered"}
    assert await marked(space, talk, ben, everything) == [("delivered", said[3]["id"])]
    assert await marked(space, talk, ben, {"upTo": 0, "status": "read"}) == []


async def test_a_word_up_to_a_number_reaches_more_messages_than_are_read_at_once(
    space: Space, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("page", "responding"):
        monkeypatch.setattr(f"tidings.flow.conversations.{module}.MARKED_AT_ONCE", 2)
    said = [(await space.say(talk, str(index))) for index in range(5)]
    ben = await space.token("ben")
    told = await marked(space, talk, ben, {"upTo": said[4]["eventId"], "status": "delivered"})
    assert told == [("delivered", each["id"]) for each in said]


@pytest.mark.parametrize(
    "updates",
    [
        [{"status": "read"}],
        [{"status": "read", "messageIds": ["a"], "upTo": 3}],
        [{"status": "sent", "messageIds": ["a"]}],
        [{"status": "read", "messageIds": ["a"], "timestamp": "soon"}],
        [{"status": "read", "messageIds": ["a"] * 1001}],
        [{"status": "read", "messageIds": ["a"]}] * 101,
        {"status": "read", "messageIds": ["a"]},
    ],
)
async def test_a_status_update_that_does_not_fit_is_refused(space: Space, talk: str, updates: Any) -> None:
    answer = await space("POST", f"/conversations/{talk}/messages/statusupdates", json=updates)
    assert answer.status_code == 400


async def test_reactions_and_requests_to_delete_are_told_to_everybody(space: Space, talk: str) -> None:
    ben = await space.token("ben")
    message = (await space.say(talk, "Hi"))["id"]
    path = f"/conversations/{talk}/messages/{message}"
    for body in ({"emoji": "👍"}, {"emoji": "👍", "action": "unreact"}):
        assert (await space("POST", f"{path}/reactions", ben, json=body)).status_code == 202
    assert (await space("POST", f"{path}/deleterequests", ben)).status_code == 202
    for wrong in ({}, {"emoji": ""}, {"emoji": "x" * 65}, {"emoji": "x", "action": "hug"}):
        assert (await space("POST", f"{path}/reactions", ben, json=wrong)).status_code == 400
    told = await space.events(talk, 4)
    assert [(each["name"], each["payload"].get("action")) for each in told] == [
        ("conversationMessage.reaction", "react"),
        ("conversationMessage.reaction", "unreact"),
        ("conversationMessage.deleteRequested", None),
    ]
    assert {each["payload"]["profileId"] for each in told} == {"ben"}
    assert len((await space("GET", f"/conversations/{talk}/messages")).json()["messages"]) == 1


class Ear:
    """Hears what happens."""

    def __init__(self) -> None:
        self.heard: list[Happening] = []

    def happened(self, workspace: str, conversation: str, happenings: Any) -> None:
        self.heard += happenings

    def look(self, workspace: str, conversation: str) -> None:
        raise AssertionError("there is nobody else")

    def ended(self, workspace: str, session: str) -> None:
        raise AssertionError("no session has ended")


async def test_typing_is_told_and_not_kept_and_not_too_often(space: Space, talk: str, visit: Visiting) -> None:
    ben, ear = await space.token("ben", "second"), Ear()
    visit.world.conversations.listen(ear)
    path = f"/conversations/{talk}/typing"
    for _ in range(3):
        assert (await space("POST", path, ben)).status_code == 204
    assert (await space("DELETE", path, ben)).status_code == 204
    assert [each.name.partition(".")[2] for each in ear.heard] == ["participantTyping", "participantTypingOff"]
    visit.clock.move(3000)
    await space("POST", path, ben)
    assert [each.number for each in ear.heard] == [0, 0, 0]
    assert len(await space.events(talk)) == 2
    visit.world.conversations.unlisten(ear)
    await space("POST", "/conversations/none/typing")
    assert len(ear.heard) == 3
