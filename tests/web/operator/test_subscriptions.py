"""Subscriptions as an operator steers them: listed, paused, resumed, told again, explained, tried out."""

from typing import Any

import pytest

from support.quiet import quiet
from support.receiver import Receiver
from support.tenant import Tenant

HOUR = 3_600_000


async def webhook(acme: Tenant, url: str, **more: Any) -> str:
    """Set an omnichannel webhook up; gives its place."""
    asked = {"url": url, "subscriptions": [{"type": "message.*"}], **more}
    made = await acme.ask("POST", f"{acme.space}/webhooks", asked)
    assert made.status == 201
    await acme.hub.hub.readers.settled()
    return f"{acme.place}/subscriptions/{made.body['id']}"


async def fail_one(acme: Tenant) -> str:
    """Take a message that nobody can send: its failing is told by one webhook. Gives its id."""
    asked = {"to": {"phoneNumber": "+447700900123"}, "rules": ["sms"], "body": "Hello"}
    made = await acme.ask("POST", f"{acme.space}/messages", asked)
    assert made.status == 201, made
    return str(made.body["messageId"])


async def told(receiver: Receiver, number: int) -> list[str]:
    await receiver.wait_for(number)
    return [each.json["payload"]["id"] for each in receiver.got]


async def test_every_subscription_is_listed_whatever_its_vocabulary(acme: Tenant, stranger: Tenant) -> None:
    await webhook(acme, "http://127.0.0.1:9/a")
    asked = {"event": "sms.outbound", "url": "http://127.0.0.1:9/b", "signingKey": "theirs"}
    await acme.ask("POST", f"{acme.place}/webhook-subscriptions", asked)
    await acme.ask("POST", f"{acme.place}/subscriptions", {"url": "http://127.0.0.1:9/c", "name": "pager"})
    listed = await acme.ask("GET", f"{acme.place}/subscriptions")
    assert [(each["service"], each["url"][-1]) for each in listed.body["results"]] == [
        ("omnichannel", "a"),
        ("channels", "b"),
        ("operations", "c"),
    ]
    assert listed.body["results"][2]["events"] == ["*"]
    assert "theirs" not in str(listed)
    assert (await stranger.ask("GET", f"{stranger.place}/subscriptions")).body["results"] == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "http://127.0.0.1:9/", "events": ["subscription.melted"]}, "events[0]"),
        ({"url": "http://127.0.0.1:9/", "events": []}, "events"),
        ({"url": "http://127.0.0.1:9/", "colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_subscription_to_notices_is_named(acme: Tenant, asked: Any, path: str) -> None:
    refused = await acme.ask("POST", f"{acme.place}/subscriptions", asked)
    assert refused.status == 422
    assert path in [each["path"] for each in refused.body["errors"]]


async def test_notices_come_signed_with_the_key_that_was_shown(acme: Tenant) -> None:
    async with Receiver() as receiver:
        made = await acme.ask("POST", f"{acme.place}/subscriptions", {"url": receiver.url})
        assert made.body["signingKey"].startswith("whsec_")
        tried = await acme.ask("POST", f"{acme.place}/subscriptions/{made.body['id']}/test")
        assert tried.body["delivered"] is True
        (got,) = receiver.got
        assert set(got.json) == {"id", "type", "timestamp", "workspaceId", "data"}
        assert got.headers["tidings-test"] == "true"
        gone = await acme.ask("DELETE", f"{acme.place}/subscriptions/{made.body['id']}")
        assert gone.status == 204
        assert (await acme.ask("GET", f"{acme.place}/subscriptions/{made.body['id']}")).status == 404


async def test_a_subscription_shows_how_telling_it_stands(acme: Tenant) -> None:
    async with Receiver(lambda _: 500) as receiver:
        place = await webhook(acme, receiver.url)
        await fail_one(acme)
        await receiver.wait_for(1)
        await quiet(acme.hub.hub.readers.notifiers)
        shown = (await acme.ask("GET", place)).body
        assert shown["status"] == "active"
        delivery = shown["delivery"]
        assert (delivery["setAside"], delivery["givenUp"]) == (1, 0)
        assert delivery["undeliveredSince"] == "2026-09-21T14:13:20.000Z"
        assert delivery["endpoint"]["state"] == "failing"
        assert delivery["endpoint"]["failingSince"] == "2026-09-21T14:13:20.000Z"


async def test_it_is_paused_and_resumed(acme: Tenant) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        first = await fail_one(acme)
        assert await told(receiver, 1) == [first]
        await quiet(acme.hub.hub.readers.notifiers)
        paused = await acme.ask("POST", f"{place}/pause")
        assert (paused.status, paused.body["status"], paused.body["stopped"]) == (200, "inactive", "paused")
        await acme.hub.hub.readers.settled()
        second = await fail_one(acme)
        resumed = await acme.ask("POST", f"{place}/resume")
        assert (resumed.body["status"], "stopped" in resumed.body) == ("active", False)
        assert await told(receiver, 2) == [first, second]


@pytest.mark.parametrize(("since", "number"), [("drain", 2), ("skip", 1), ("2026-09-21T00:00:00Z", 3)])
async def test_it_is_resumed_from_wherever_one_wants(acme: Tenant, since: str, number: int) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        await fail_one(acme)
        await receiver.wait_for(1)
        await quiet(acme.hub.hub.readers.notifiers)
        await acme.ask("POST", f"{place}/pause")
        await acme.hub.hub.readers.settled()
        await fail_one(acme)
        await acme.ask("POST", f"{place}/resume", {"since": since})
        await acme.hub.hub.readers.settled()
        await receiver.wait_for(number)
        last = await fail_one(acme)
        assert (await told(receiver, number + 1))[-1] == last
        assert len(receiver.got) == number + 1


@pytest.mark.parametrize("since", ["yesterday", "", "2026-13-01T00:00:00Z"])
async def test_a_time_that_is_none_is_refused(acme: Tenant, since: str) -> None:
    place = await webhook(acme, "http://127.0.0.1:9/")
    refused = await acme.ask("POST", f"{place}/resume", {"since": since})
    assert (refused.status, refused.body["errors"][0]["path"]) == (422, "since")


# -- told again --------------------------------------------------------------------------------------------------------


async def replayed(acme: Tenant, place: str, replay: str) -> dict[str, Any]:
    """Wait until a replay has ended; gives it as it is shown."""

    async def shown() -> dict[str, Any]:
        found: dict[str, Any] = (await acme.ask("GET", f"{place}/replays/{replay}")).body
        return found

    while (found := await shown())["status"] == "running":
        await quiet(acme.hub.hub.readers.notifiers)
    return found


async def test_what_was_told_is_counted_and_then_told_again(acme: Tenant) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        messages = [await fail_one(acme) for _ in range(3)]
        await receiver.wait_for(3)
        await quiet(acme.hub.hub.readers.notifiers)
        counted = await acme.ask("POST", f"{place}/replays", {"dryRun": True})
        assert (counted.status, counted.body) == (200, {"events": 3, "complete": True})
        assert (await acme.ask("GET", f"{place}/replays")).body["results"] == []
        ordered = await acme.ask("POST", f"{place}/replays", {"events": ["message.failed"], "ratePerSecond": 1000})
        assert (ordered.status, ordered.body["status"]) == (201, "running")
        found = await replayed(acme, place, ordered.body["id"])
        assert (found["status"], found["told"], found["setAside"], found["progress"]) == ("done", 3, 0, 1.0)
        assert (await told(receiver, 6))[3:] == messages
        assert {each.headers.get("tidings-replay") for each in receiver.got} == {None, ordered.body["id"]}
        (listed,) = (await acme.ask("GET", f"{place}/replays")).body["results"]
        assert listed == found
        assert (await acme.ask("DELETE", f"{place}/replays/{found['id']}")).status == 409


async def test_a_replay_is_called_off(acme: Tenant) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        for _ in range(3):
            await fail_one(acme)
        await receiver.wait_for(3)
        await quiet(acme.hub.hub.readers.notifiers)
        acme.hub.clock.move(HOUR)
        ordered = await acme.ask("POST", f"{place}/replays", {"ratePerSecond": 0.01})
        await receiver.wait_for(4)
        called_off = await acme.ask("DELETE", f"{place}/replays/{ordered.body['id']}")
        assert (called_off.status, called_off.body["status"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"events": ["message.melted"]}, "events"),
        ({"since": "soon"}, "since"),
        ({"since": "2026-09-21T00:00:00Z", "until": "2026-09-20T00:00:00Z"}, "until"),
        ({"ratePerSecond": 0}, "ratePerSecond"),
        ({"deadLetters": "yes"}, "deadLetters"),
    ],
)
async def test_what_is_wrong_with_a_replay_is_named(acme: Tenant, asked: Any, path: str) -> None:
    place = await webhook(acme, "http://127.0.0.1:9/")
    refused = await acme.ask("POST", f"{place}/replays", asked)
    assert (refused.status, refused.body["errors"][0]["path"]) == (422, path)


async def test_one_event_is_sent_again(acme: Tenant, stranger: Tenant) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        message = await fail_one(acme)
        await receiver.wait_for(1)
        await quiet(acme.hub.hub.readers.notifiers)
        event = receiver.got[0].id
        assert (await acme.ask("POST", f"{place}/events/{event}/resend")).status == 201
        assert await told(receiver, 2) == [message, message]
        assert receiver.got[1].id == event
        theirs = await webhook(stranger, receiver.url)
        assert (await stranger.ask("POST", f"{theirs}/events/{event}/resend")).status == 404
        assert (await acme.ask("POST", f"{place}/events/nothing/resend")).status == 404


async def test_what_is_not_wanted_is_not_sent_again_and_it_is_said_why(acme: Tenant) -> None:
    async with Receiver() as receiver:
        await webhook(acme, receiver.url)
        picky = await webhook(acme, receiver.url, subscriptions=[{"type": "message.read"}])
        await fail_one(acme)
        await receiver.wait_for(1)
        refused = await acme.ask("POST", f"{picky}/events/{receiver.got[0].id}/resend")
        assert (refused.status, refused.body["errors"][0]["code"]) == (409, "other-event")


async def test_what_was_given_up_is_listed_and_told_again(acme: Tenant) -> None:
    async with Receiver(lambda _: 500) as receiver:
        place = await webhook(acme, receiver.url)
        message = await fail_one(acme)
        for number in range(1, 18):
            await receiver.wait_for(number)
            await quiet(acme.hub.hub.readers.notifiers)
            acme.hub.clock.move(5 * HOUR)
        await quiet(acme.hub.hub.readers.notifiers)
        (dead,) = (await acme.ask("GET", f"{place}/dead-letters")).body["results"]
        assert (dead["messageId"], dead["kind"], dead["attempts"], dead["lastStatus"]) == (message, "failed", 17, 500)
        receiver.answer = lambda _: 204
        ordered = await acme.ask("POST", f"{place}/replays", {"deadLetters": True})
        assert (await replayed(acme, place, ordered.body["id"]))["told"] == 1
        assert (await acme.ask("GET", f"{place}/dead-letters")).body["results"] == []


# -- why ---------------------------------------------------------------------------------------------------------------


async def test_it_is_explained_what_became_of_an_event(acme: Tenant) -> None:
    async with Receiver() as receiver:
        place = await webhook(acme, receiver.url)
        picky = await webhook(
            acme, receiver.url, subscriptions=[{"type": "message.*", "filters": [{"name": "channel", "value": "rcs"}]}]
        )
        message = await fail_one(acme)
        await receiver.wait_for(1)
        await quiet(acme.hub.hub.readers.notifiers)
        event = receiver.got[0].id
        got = (await acme.ask("GET", f"{place}/explain?eventId={event}")).body
        assert (got["fate"], got["rule"]) == ("delivered", "matched")
        assert [(each["number"], each["status"]) for each in got["attempts"]] == [(1, 204)]
        kept_out = (await acme.ask("GET", f"{picky}/explain?eventId={event}")).body
        assert (kept_out["fate"], kept_out["rule"], kept_out["by"]) == ("not-wanted", "filter", "channel")
        every = (await acme.ask("GET", f"{place}/explain?messageId={message}")).body["results"]
        assert [each["event"]["kind"] for each in every] == ["accepted", "failed"]


@pytest.mark.parametrize("query", ["", "?eventId=a&messageId=b"])
async def test_it_must_be_said_what_to_explain(acme: Tenant, query: str) -> None:
    place = await webhook(acme, "http://127.0.0.1:9/")
    assert (await acme.ask("GET", f"{place}/explain{query}")).status == 400


async def test_nobody_reaches_anothers_subscription(acme: Tenant, stranger: Tenant) -> None:
    place = await webhook(acme, "http://127.0.0.1:9/")
    id_ = place.rpartition("/")[2]
    for method, below in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/replays"),
        ("GET", "/replays"),
        ("GET", "/replays/x"),
        ("DELETE", "/replays/x"),
        ("GET", "/dead-letters"),
        ("GET", "/explain?eventId=x"),
        ("POST", "/events/x/resend"),
        ("POST", "/test"),
    ):
        answer = await stranger.ask(method, f"{stranger.place}/subscriptions/{id_}{below}")
        assert answer.status == 404, below
        answer = await stranger.ask(method, f"{acme.place}/subscriptions/{id_}{below}")
        assert answer.status == 401, below
