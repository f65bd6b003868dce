"""What a subscription is told, fetched instead, and the place that the hub keeps for it."""

import asyncio
from typing import Any

import pytest
import structlog

from support.lives import Living, receipt
from support.receiver import Receiver
from tidings.dialects.channels import Channels
from tidings.dialects.omnichannel import Omnichannel
from tidings.flow.resuming import resumed
from tidings.store.statements import statement

SILENT = "http://127.0.0.1:9/"


async def webhook(life: Living, *types: str, url: str = SILENT, **more: Any) -> str:
    """Set an omnichannel webhook up; gives its id."""
    asked = {"name": "All", "url": url, "subscriptions": [{"type": each} for each in types or ("message.*",)], **more}
    made = await life.visit.made(f"/apispaces/{life.workspace}/webhooks", asked, key=life.key)
    id_: str = made["id"]
    return id_


async def subscription(life: Living, event: str = "sms.outbound", *, url: str = SILENT, **filters: str) -> str:
    """Subscribe in the channels vocabulary; gives the id."""
    wanted = [{"key": key, "value": value} for key, value in filters.items()]
    asked = {"service": "channels", "event": event, "url": url, "signingKey": "k" * 16, "eventFilters": wanted}
    made = await life.visit.made(f"{life.path}/webhook-subscriptions", asked, key=life.key)
    id_: str = made["id"]
    return id_


async def pause(life: Living, named: str) -> None:
    await life.ask("POST", f"/subscriptions/{named}/pause")
    await life.visit.hub.readers.settled()


def place(named: str) -> str:
    return f"/subscriptions/{named}/events"


def bodies(told: dict[str, Any]) -> list[Any]:
    return [each["body"] for each in told["results"]]


async def read(life: Living) -> str:
    """Live a life: four events, of which the channels vocabulary has no word for the last."""
    message = await life.send(metadata={"order": 7})
    await life.report(receipt(message, "read"))
    return message


async def test_every_event_is_fetched_as_its_webhook_has_it(life: Living) -> None:
    async with Receiver() as receiver:
        named = [
            await webhook(life, url=f"{receiver.url}/omnichannel"),
            await subscription(life, url=f"{receiver.url}/channels"),
        ]
        await life.visit.hub.readers.settled()
        message = await read(life)
        await receiver.wait_for(6)
        fetched = [(await life.ask("GET", f"{place(each)}?after=0")) for each in named]
    for path, told in zip(("/omnichannel", "/channels"), fetched, strict=True):
        webhooks = {got.id: got.json for got in receiver.got if got.path == path}
        assert {each["webhookId"]: each["body"] for each in told["results"]} == webhooks
        assert {each["messageId"] for each in told["results"]} == {message}
        assert told["nextAfter"] == 4
    assert [(each["position"], each["event"]) for each in fetched[0]["results"]] == [
        (2, "message.sent"),
        (3, "message.delivered"),
        (4, "message.read"),
    ]
    assert [each["event"] for each in fetched[1]["results"]] == ["sms.outbound"] * 3


async def test_bodies_are_byte_for_byte_those_of_webhooks(life: Living) -> None:
    async with Receiver() as receiver:
        named = await webhook(life, url=receiver.url)
        await life.visit.hub.readers.settled()
        message = await life.send(metadata={"a": 1.0, "b": "é"})
        await life.report(receipt(message, "sent"))
        (got,) = await receiver.wait_for(1)
    answer = await life.visit("GET", f"{life.path}{place(named)}?after=0", key=life.key)
    assert b'"body":' + got.body + b"}" in answer.content


async def test_filters_and_what_siblings_take_count(life: Living) -> None:
    """One without filters leaves out what an active sibling with filters takes."""
    rest, claims = await subscription(life), await subscription(life, messageStatus="delivered")
    await read(life)

    async def words(named: str) -> list[str]:
        return [each["payload"]["status"] for each in bodies(await life.ask("GET", f"{place(named)}?after=0"))]

    assert (await words(rest), await words(claims)) == (["accepted", "sent"], ["delivered"])
    await pause(life, claims)
    assert (await words(rest), await words(claims)) == (["accepted", "sent", "delivered"], ["delivered"])


async def test_a_place_is_read_on_from_page_by_page(life: Living) -> None:
    named = await webhook(life)
    for _ in range(3):
        await read(life)
    seen, after = [], 0
    for _ in range(5):
        told = await life.ask("GET", f"{place(named)}?limit=2&after={after}")
        seen.append([each["position"] for each in told["results"]])
        after = told["nextAfter"]
    assert (seen, after) == ([[2, 3], [4, 6], [7, 8], [10, 11], [12]], 12)
    assert (await life.ask("GET", f"{place(named)}?after=latest"))["results"] == []


async def test_hub_keeps_the_place_of_who_wants_no_webhooks(life: Living) -> None:
    named = await webhook(life)
    await pause(life, named)
    await read(life)
    for query in ("", "?after=stored"):
        told = await life.ask("GET", place(named) + query)
        assert [each["position"] for each in told["results"]] == [2, 3, 4]
    assert await life.ask("POST", f"{place(named)}/ack", json={"after": 3}) == {"after": 3}
    told = await life.ask("GET", place(named))
    assert [each["position"] for each in told["results"]] == [4]
    await life.ask("POST", f"{place(named)}/ack", json={"after": told["nextAfter"]})
    assert await life.ask("GET", place(named)) == {"results": [], "nextAfter": 4}
    shown = await life.ask("GET", f"/subscriptions/{named}")
    assert (shown["delivery"]["cursor"], shown["status"]) == (4, "inactive")
    # It may be set back, too.
    await life.ask("POST", f"{place(named)}/ack", json={"after": 0})
    assert len((await life.ask("GET", place(named)))["results"]) == 3


async def test_webhooks_go_on_from_the_place_that_was_kept(life: Living) -> None:
    async with Receiver() as receiver:
        named = await webhook(life, url=receiver.url)
        await pause(life, named)
        await read(life)
        await life.ask("POST", f"{place(named)}/ack", json={"after": 3})
        await life.ask("POST", f"/subscriptions/{named}/resume")
        await life.visit.hub.readers.settled()
        (got,) = await receiver.wait_for(1)
        assert got.json["name"] == "message.read"
        refused = await life.visit("POST", f"{life.path}{place(named)}/ack", key=life.key, json={"after": 3})
        assert (refused.status_code, refused.json()["detail"]) == (
            409,
            "The subscription is active: its webhooks move its place. Pause it first.",
        )


@pytest.mark.parametrize("by", ["resume", "vocabulary"])
async def test_a_reader_that_goes_on_moves_the_place_again(life: Living, by: str) -> None:
    """In whichever way it is made active: its reader is of the epoch that the place is in."""
    async with Receiver() as receiver:
        named = await subscription(life, url=receiver.url)
        await pause(life, named)
        await read(life)
        await life.ask("POST", f"{place(named)}/ack", json={"after": 2})
        if by == "resume":
            await life.ask("POST", f"/subscriptions/{named}/resume")
        else:
            await life.ask("PATCH", f"/webhook-subscriptions/{named}", json={"status": "active"})
        await life.visit.hub.readers.settled()
        await receiver.wait_for(1)
        await pause(life, named)
        assert (await life.ask("GET", place(named))) == {"results": [], "nextAfter": 4}


async def test_a_reader_that_stops_late_does_not_set_the_place_back(life: Living) -> None:
    named = await webhook(life)
    known = life.visit.world.directory.subscriptions[named]
    await pause(life, named)
    await read(life)
    await life.ask("POST", f"{place(named)}/ack", json={"after": 4})

    def late() -> Any:
        yield statement("move_cursor")(position=1, state=b"", subscription=known.serial, epoch=known.epoch)

    await life.visit.world.store.write(late)
    assert await life.ask("GET", place(named)) == {"results": [], "nextAfter": 4}
    assert (await life.visit.world.store.read(resumed(known, most_held=10))).cursor == 4


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"after": 5}, "after"),
        ({"after": -1}, "after"),
        ({"after": 2**63}, "after"),
        ({"after": "3"}, "after"),
        ({"after": 1.5}, "after"),
        ({"after": None}, "after"),
        ({}, "after"),
        ({"after": 1, "before": 2}, "before"),
        ([], ""),
    ],
)
async def test_a_place_that_is_none_is_refused_and_nothing_moves(life: Living, body: Any, path: str) -> None:
    named = await webhook(life)
    await pause(life, named)
    await read(life)
    epoch = life.visit.world.directory.subscriptions[named].epoch
    answer = await life.visit("POST", f"{life.path}{place(named)}/ack", key=life.key, json=body)
    assert (answer.status_code, [each["path"] for each in answer.json()["errors"]]) == (422, [path])
    assert (await life.ask("GET", f"/subscriptions/{named}"))["delivery"]["cursor"] == 0
    await life.visit.world.directory.read()
    assert life.visit.world.directory.subscriptions[named].epoch == epoch


@pytest.mark.parametrize("query", ["after=-1", "after=end", "limit=0", "limit=1001", "wait=61"])
async def test_unreadable_wishes_are_refused(life: Living, query: str) -> None:
    answer = await life.visit("GET", f"{life.path}{place(await webhook(life))}?{query}", key=life.key)
    assert (answer.status_code, [each["path"] for each in answer.json()["errors"]]) == (400, [query.partition("=")[0]])


async def test_what_is_anothers_is_not_there(life: Living) -> None:
    named = await webhook(life)
    await pause(life, named)
    other, key = await life.visit.workspace("Other")
    for method, below in (("GET", ""), ("GET", "/stream"), ("POST", "/ack")):
        answer = await life.visit(method, f"/workspaces/{other}{place(named)}{below}", key=key, json={"after": 0})
        assert (answer.status_code, answer.json()["detail"]) == (404, f"There is no subscription {named}.")
        answer = await life.visit(method, life.path + place(named) + below, key=key, json={"after": 0})
        assert answer.status_code == 401


async def test_a_key_that_may_not_read_fetches_nothing(life: Living) -> None:
    named = await webhook(life)
    made = await life.visit.made(f"{life.path}/access-keys", {"name": "Send", "scopes": ["send"]}, key=life.key)
    for method, below in (("GET", ""), ("GET", "/stream"), ("POST", "/ack")):
        answer = await life.visit(method, life.path + place(named) + below, key=made["accessKey"], json={"after": 0})
        assert answer.status_code == 403


async def test_who_waits_is_told_as_soon_as_there_is_something(life: Living) -> None:
    named = await webhook(life)
    await pause(life, named)
    waiting = asyncio.create_task(life.ask("GET", f"{place(named)}?wait=60"))
    await asyncio.sleep(0.05)
    message = await life.send()
    assert not waiting.done()
    await life.report(receipt(message, "sent"))
    told = await asyncio.wait_for(waiting, 5)
    assert [each["event"] for each in told["results"]] == ["message.sent"]


async def test_who_waits_with_a_key_that_is_taken_away_is_told_nothing(life: Living) -> None:
    named = await webhook(life)
    made = await life.visit.made(f"{life.path}/access-keys", {"name": "Read", "scopes": ["read"]}, key=life.key)
    path = f"{life.path}{place(named)}?wait=60"
    waiting = asyncio.create_task(life.visit("GET", path, key=made["accessKey"]))
    await asyncio.sleep(0.05)
    await life.visit("DELETE", f"{life.path}/access-keys/{made['id']}", key=life.key)
    await read(life)
    assert (await asyncio.wait_for(waiting, 5)).status_code == 401


async def test_a_subscription_that_goes_while_its_place_is_kept_is_not_there(life: Living) -> None:
    named = await webhook(life)
    await pause(life, named)
    known = life.visit.world.directory.subscriptions[named]
    await life.visit("DELETE", f"/apispaces/{life.workspace}/webhooks/{named}", key=life.key)
    life.visit.world.directory.subscriptions[named] = known
    answer = await life.visit("POST", f"{life.path}{place(named)}/ack", key=life.key, json={"after": 0})
    assert answer.status_code == 404
    assert await life.ask("GET", place(named)) == {"results": [], "nextAfter": 0}


def broken(*_: object) -> Any:
    raise ValueError("a fault of ours")


async def test_an_event_that_cannot_be_told_keeps_nobody_from_the_others(
    life: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [await webhook(life), await subscription(life)]
    for each in named:
        await pause(life, each)
    message = await read(life)
    for dialect, id_ in zip((Omnichannel, Channels), named, strict=True):
        really = dialect.render

        def render(self: Any, telling: Any, really: Any = really) -> bytes:
            return broken() if telling.event.position == 3 else really(self, telling)  # type: ignore[no-any-return]

        with structlog.testing.capture_logs() as logs:
            monkeypatch.setattr(dialect, "render", render)
            told = await life.ask("GET", f"{place(id_)}?after=1")
            whole = await life.ask("GET", f"/events?dialect={dialect.name}&after=1")
        assert [each["event"] for each in logs] == ["an event cannot be told"] * 2
        assert [each["position"] for each in told["results"]][:2] == [2, 3]
        assert told["nextAfter"] == 4
        (spoilt,) = (each for each in told["results"] if "error" in each)
        assert spoilt == {
            "position": 3,
            "webhookId": spoilt["webhookId"],
            "event": "delivered",
            "messageId": message,
            "body": None,
            "error": "render",
        }
        (spoilt,) = (each for each in whole["results"] if "error" in each)
        assert (len(whole["results"]), spoilt["position"], spoilt["error"]) == (3, 3, "render")


async def test_an_event_of_which_nobody_knows_whether_it_is_wanted_is_told(
    life: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = await webhook(life, "message.read")
    await pause(life, named)
    await read(life)
    monkeypatch.setattr(Omnichannel, "fit", broken)
    with structlog.testing.capture_logs() as logs:
        told = await life.ask("GET", f"{place(named)}?after=2")
    assert [each["event"] for each in logs] == ["nobody knows whether an event is wanted"] * 2
    assert [each["event"] for each in told["results"]] == ["message.delivered", "message.read"]
