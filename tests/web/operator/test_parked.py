"""What is parked, and telling it again."""

import asyncio

import msgspec
import pytest

from support.lives import Living, receipt
from support.visiting import Visiting
from tidings.connectors.custom import Custom
from tidings.flow.facts import Told, Unread
from tidings.flow.look import NEWEST
from tidings.flow.parked import parked_in
from tidings.flow.sweep import sweep_parked
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback
from tidings.model.reports import Report

NOW = "2026-09-21T14:13:20.000Z"


async def test_report_without_its_message_is_parked_and_found_later(life: Living) -> None:
    early = {"type": "receipt", "status": "delivered", "reference": "r1", "id": "once"}
    assert await life.report(early, early) == 200
    told = await life.ask("GET", "/parked")
    (parked,) = told["results"]
    id_ = parked.pop("id")
    assert (parked, told["nextPageToken"]) == (
        {
            "channelId": life.channel,
            "reference": "r1",
            "why": "no message",
            "at": NOW,
            "report": {
                "type": "receipt",
                "target": {"reference": "r1"},
                "stage": "delivered",
                "raw": early,
                "key": "receipt:once",
            },
        },
        None,
    )
    again = await life.ask("POST", f"/parked/{id_}/replay")
    assert again == {"found": False, "messages": [], "why": "no message"}
    assert [each["id"] for each in (await life.ask("GET", "/parked"))["results"]] == [id_]
    message = await life.send()
    await life.fetch()
    await life.report(receipt(message, "sent", reference="r1"))
    found = await life.ask("POST", f"/parked/{id_}/replay")
    assert found == {"found": True, "messages": [message], "why": ""}
    assert (await life.ask("GET", f"/messages/{message}"))["stage"] == "delivered"
    assert (await life.ask("GET", "/parked"))["results"] == []
    gone = await life.visit("POST", f"{life.path}/parked/{id_}/replay", key=life.key)
    assert (gone.status_code, gone.json()["detail"]) == (404, f"There is no parked report {id_}.")


async def test_unread_callback_is_read_by_a_better_connector(life: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await life.send()
    body = msgspec.json.encode(receipt(message, "delivered"))

    def cannot(self: Custom, callback: Callback) -> list[Report]:
        raise Unreadable("not yet")

    with monkeypatch.context() as older:
        older.setattr(Custom, "parse", cannot)
        assert await life.call_back(body) == 200
        (parked,) = (await life.ask("GET", "/parked"))["results"]
        again = await life.ask("POST", f"/parked/{parked['id']}/replay")
        assert again == {"found": False, "messages": [], "why": "unreadable: not yet"}
    headers = parked["callback"].pop("headers")
    assert headers["webhook-id"] == "call"
    assert parked == {
        "id": parked["id"],
        "channelId": life.channel,
        "reference": "",
        "why": "unreadable: not yet",
        "at": NOW,
        "callback": {
            "method": "POST",
            "url": f"https://hub.example.test/callbacks/{life.channel}",
            "body": body.decode(),
            "receivedAt": NOW,
        },
    }
    # Its signature is too old by now; it was proven when it came.
    life.visit.clock.move(3_600_000)
    found = await life.ask("POST", f"/parked/{parked['id']}/replay")
    assert found == {"found": True, "messages": [message], "why": ""}
    assert (await life.ask("GET", "/parked"))["results"] == []


async def test_unknown_report_stays(life: Living) -> None:
    await life.report({"type": "odd"})
    (parked,) = (await life.ask("GET", "/parked"))["results"]
    assert parked["report"]["raw"] == {"type": "odd"}
    again = await life.ask("POST", f"/parked/{parked['id']}/replay")
    assert (again["found"], again["messages"], again["why"].partition(":")[0]) == (False, [], "unknown")
    assert len((await life.ask("GET", "/parked"))["results"]) == 1


async def test_parked_reports_are_listed_a_page_at_a_time_newest_first(life: Living) -> None:
    for number in range(3):
        await life.report({"type": "receipt", "status": "sent", "reference": f"r{number}"})
    first = await life.ask("GET", "/parked?limit=2")
    assert [each["reference"] for each in first["results"]] == ["r2", "r1"]
    last = await life.ask("GET", f"/parked?limit=2&pageToken={first['nextPageToken']}")
    assert ([each["reference"] for each in last["results"]], last["nextPageToken"]) == (["r0"], None)


async def test_credentials_of_a_callback_are_not_shown(life: Living, visit: Visiting) -> None:
    original = Callback(
        method="POST",
        url="https://hub.example.test/callbacks/1",
        headers={"authorization": "Basic c2VjcmV0", "cookie": "a=b", "x-other": "c"},
        body=b"?",
        received_at=visit.clock.now(),
    )
    channel = visit.world.directory.channels[life.channel]
    await visit.world.record(Unread(channel, original, "not JSON"))
    (parked,) = (await life.ask("GET", "/parked"))["results"]
    assert parked["callback"]["headers"] == {"x-other": "c"}


async def test_what_came_by_a_channel_that_is_gone_cannot_be_told(life: Living) -> None:
    await life.report({"type": "receipt", "status": "sent", "reference": "r1"})
    (parked,) = (await life.ask("GET", "/parked"))["results"]
    await life.visit("DELETE", f"{life.path}/channels/{life.channel}", key=life.key)
    answer = await life.visit("POST", f"{life.path}/parked/{parked['id']}/replay", key=life.key)
    assert answer.status_code == 409


async def test_parked_reports_of_others_are_not_there(life: Living) -> None:
    await life.report({"type": "receipt", "status": "sent", "reference": "r1"})
    (parked,) = (await life.ask("GET", "/parked"))["results"]
    other, key = await life.visit.workspace("Other")
    assert (await life.visit("GET", f"/workspaces/{other}/parked", key=key)).json()["results"] == []
    answer = await life.visit("POST", f"/workspaces/{other}/parked/{parked['id']}/replay", key=key)
    assert answer.status_code == 404


async def parked_click(life: Living) -> tuple[str, str]:
    """Have a click parked whose message appears later; gives its id and the message's."""
    await life.report({"type": "interaction", "id": "c1", "interaction": "clicked", "reference": "r1"})
    (parked,) = (await life.ask("GET", "/parked"))["results"]
    message = await life.send()
    await life.fetch()
    await life.report(receipt(message, "sent", reference="r1"))
    return parked["id"], message


async def test_what_is_told_again_twice_at_once_is_told_once(life: Living) -> None:
    id_, message = await parked_click(life)
    world = life.visit.world
    (parked,) = await world.store.read(parked_in(life.workspace, NEWEST, 10))
    assert parked.waiting.report is not None
    again = Told(world.directory.channels[life.channel], parked.waiting.report, parked=id_)
    # Both in one batch, then one more that comes too late.
    outcomes = await asyncio.gather(world.record(again), world.record(again))
    late = await world.record(again)
    assert [outcome.value for outcome in (*outcomes, late)] == [message, "", ""]
    assert len((await life.ask("GET", f"/messages/{message}"))["interactions"]) == 1


async def test_sweep_tells_what_was_parked_once_its_message_appears(life: Living) -> None:
    _, message = await parked_click(life)
    world = life.visit.world
    assert await sweep_parked(world) == 1
    assert len((await life.ask("GET", f"/messages/{message}"))["interactions"]) == 1
    assert (await life.ask("GET", "/parked"))["results"] == []
    assert await sweep_parked(world) == 0
