"""What happens in conversations is told as reports on the hub's messages: each of it, and once, whoever dies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.appdoors import Space, space_at
from support.visiting import Visiting, visiting
from tidings.connectors.app_messaging import BUSINESS, DOOR, HAPPENED
from tidings.connectors.app_messaging.words import Request
from tidings.flow.conversations.reports import LEFT_AFTER, Reporter
from tidings.flow.conversations.wire import Spokesman
from tidings.flow.receive import receive
from tidings.model.conversations import Part
from tidings.model.exchange import Call, Callback
from tidings.rules.conversations.saying import Spoken
from tidings.store.statements import statement


@pytest.fixture
async def space(tmp_path: Path, database_url: str) -> AsyncIterator[Space]:
    """A workspace with apps, on either database."""
    async with visiting(tmp_path, database_url=database_url) as visit:
        yield await space_at(visit)


async def sent(space: Space, profile: str = "ann", **more: Any) -> str:
    """Send somebody a message by the hub, and wait until it is in its conversation."""
    asked = {"to": {"profileId": profile}, "rules": ["appMessaging"], "body": "Hello", **more}
    made = await space.made("/messages", asked)
    await space.visit.world.settle()
    return str(made["messageId"])


async def told(space: Space) -> list[str]:
    """Read what the log says, in order."""
    await space.visit.world.settle()
    read = await space.visit("GET", f"/workspaces/{space.workspace}/events")
    return [event["kind"] for event in read.json()["results"]]


async def untold(visit: Visiting) -> int:
    """How much is still to be told."""

    def step() -> Any:
        return (yield statement("untold_before")(before=2**60, limit=100))

    return len(await visit.world.store.read(step()))


async def test_what_a_process_wrote_before_it_died_is_told_by_the_next_sweep(space: Space) -> None:
    world = space.visit.world
    ann = await space.token("ann")
    message = await sent(space)
    world.conversations.tell = lambda _: None  # It dies between the commit and the telling.
    talk = "Customer_Services_ann"
    await space.say(talk, "Hi", ann)
    update = [{"messageIds": [message], "status": "read"}]
    await space("POST", f"/conversations/{talk}/messages/statusupdates", ann, json=update)
    assert "inbound" not in await told(space)
    assert await untold(space.visit) == 2
    reporter = Reporter(world)
    assert await reporter.sweep() == 0, "whoever wrote it may still be telling it"
    space.visit.clock.move(LEFT_AFTER + 1)
    await world.settle()
    await reporter.sweep()
    await world.settle()
    assert await untold(space.visit) == 0
    heard = await told(space)
    assert [heard.count(each) for each in ("inbound", "delivered", "read")] == [1, 1, 1]


async def test_what_is_told_twice_is_taken_once(space: Space) -> None:
    world = space.visit.world
    ann = await space.token("ann")
    await sent(space)
    kept: list[Any] = []
    world.conversations.tell = kept.extend
    await space.say("Customer_Services_ann", "Hi", ann)
    for _ in range(2):
        Reporter(world).tell(kept)
        await world.settle()
    assert (await told(space)).count("inbound") == 1


async def test_a_report_that_the_store_does_not_take_is_told_later(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = space.visit.world
    ann = await space.token("ann")
    await sent(space)
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise OSError("the disk is full")

        broken.setattr("tidings.flow.conversations.reports.receive", fail)
        await space.say("Customer_Services_ann", "Hi", ann)
        await world.settle()
    assert await untold(space.visit) == 1
    space.visit.clock.move(LEFT_AFTER + 1)
    await world.settle()
    await Reporter(world).sweep()
    assert (await told(space)).count("inbound") == 1


async def test_nobody_is_told_where_there_are_no_apps_any_more(space: Space) -> None:
    world = space.visit.world
    ann = await space.token("ann")
    await sent(space)
    kept: list[Any] = []
    world.conversations.tell = kept.extend
    await space.say("Customer_Services_ann", "Hi", ann)
    await space.visit(
        "DELETE", f"/workspaces/{space.workspace}/channels/{world.directory.channels_of(space.workspace)[0].id}"
    )
    Reporter(world).tell(kept)
    await world.settle()
    assert await untold(space.visit) == 0


async def test_nothing_from_outside_is_believed(space: Space) -> None:
    world = space.visit.world
    await space.token("ann")
    message = await sent(space)
    channel = world.directory.channels_of(space.workspace)[0]
    body = (
        b'{"eventId":"e","name":"conversationMessage.read","conversationId":"c","publishedOn":"",'
        b'"payload":{"messageId":"%b","profileId":"ann","timestamp":""}}' % message.encode()
    )
    sender = channel.settings["sender"]
    answer = await space.visit("POST", f"/callbacks/{channel.id}", key=None, content=body, headers={"business": sender})
    assert answer.status_code == 403
    by_http = Callback(method=HAPPENED, url=f"https://hub/{DOOR}", headers={BUSINESS: sender}, body=body, received_at=0)
    assert (await receive(world, channel, by_http)).status == 403
    assert "read" not in await told(space)


async def test_only_the_first_of_several_people_counts_for_the_message(space: Space) -> None:
    tokens = [await space.token(name) for name in ("ann", "ben")]
    talk = await space.conversation("group", "ann", "ben")
    message = await sent(space, conversationId=talk)
    update = [{"messageIds": [message], "status": "delivered"}]
    for token in tokens:
        await space("POST", f"/conversations/{talk}/messages/statusupdates", token, json=update)
    assert (await told(space)).count("delivered") == 1
    said = (await space("GET", f"/conversations/{talk}/messages")).json()["messages"][-1]
    assert said["statusUpdates"].keys() == {"ann", "ben"}
    people = (await space("GET", f"/conversations/{talk}/participants")).json()
    assert [each["id"] for each in people] == ["TEAM\\Customer_Services", "ann", "ben"], "the business came in"


async def test_receipts_of_what_the_hub_did_not_send_are_nobodys(space: Space) -> None:
    ann, ben = await space.token("ann"), await space.token("ben")
    talk = (await space.made("/conversations", {"participants": [{"id": "ben"}]}, ann))["id"]
    said = (await space.say(talk, "Hi", ann))["id"]
    by_server = (await space.say(talk, "From our own server"))["id"]
    update = [{"messageIds": [said, by_server], "status": "read"}]
    await space("POST", f"/conversations/{talk}/messages/statusupdates", ben, json=update)
    path = f"/conversations/{talk}/messages/{said}"
    await space("POST", f"{path}/reactions", ben, json={"emoji": "x"})
    await space("POST", f"{path}/deleterequests", ben)
    assert await told(space) == ["inbound"], "what people say is told, also among themselves"
    parked = await space.visit("GET", f"/workspaces/{space.workspace}/parked")
    assert parked.json()["results"] == []


@pytest.mark.parametrize(
    ("to", "more", "why"),
    [
        ("nobody", {}, "There is no profile nobody."),
        ("ann", {"conversationId": "none"}, "There is no conversation none."),
        ("ann", {"conversationId": "theirs"}, "ann does not take part in theirs."),
    ],
)
async def test_a_message_to_nobody_fails(space: Space, to: str, more: Any, why: str) -> None:
    await space.token("ann")
    await space.conversation("theirs", "ben")
    message = await sent(space, to, **more)
    life = (await space.visit("GET", f"/workspaces/{space.workspace}/messages/{message}")).json()
    assert life["stage"] == "failed"
    assert why in str(life)


async def test_a_message_that_is_said_again_is_said_once(space: Space) -> None:
    """The hub that said it may have died before it could write that down."""
    await space.token("ann")
    world = space.visit.world
    channel = world.directory.channels_of(space.workspace)[0]
    spoken = Spoken(parts=(Part(type="text/plain", data="Hi"),))
    call = Call.post("app:messages", json=Request(id="m1", sender="TEAM\\Sales", to="ann", spoken=spoken))

    def exchange() -> Any:
        reply = yield call
        return reply

    replies = [await Spokesman(world).carry(channel, exchange(), timeout=1) for _ in range(2)]
    assert replies[0] == replies[1]
    assert replies[0].status == 201
    assert len((await space("GET", "/conversations/Sales_ann/messages")).json()["messages"]) == 1


async def test_redaction_reaches_what_was_said(space: Space) -> None:
    ann = await space.token("ann")
    message = await sent(space, body="A secret of ours")
    await space.say("Customer_Services_ann", "A secret of hers", ann)
    await told(space)
    listed = (await space("GET", "/messages")).json()
    assert len(listed) == 2
    for each in listed:
        await space("PATCH", f"/messages/{each['messageId']}", json={"redact": True})
    events, messages = (
        await space.events("Customer_Services_ann"),
        (await space("GET", "/conversations/Customer_Services_ann/messages")).json(),
    )
    assert "secret" not in str(events) + str(messages)
    assert messages["messages"][0]["id"] == message
    assert [each["conversationEventId"] for each in events] == list(range(1, 5))
    await space("DELETE", f"/messages/{message}")
