"""The log, read from a cursor."""

import asyncio
from typing import Any

import pytest

from support.lives import Living, receipt
from tidings.flow import tail

NOW = "2026-09-21T14:13:20.000Z"


def kinds(answer: dict[str, Any]) -> list[str]:
    return [each["kind"] for each in answer["results"]]


async def test_event_is_shown_with_all_it_tells(life: Living) -> None:
    message = await life.send()
    told = await life.ask("GET", "/events")
    id_ = told["results"][0].pop("id")
    assert len(id_) == 36
    assert told == {
        "results": [
            {
                "position": 1,
                "messageId": message,
                "revision": 1,
                "kind": "accepted",
                "platform": "sms",
                "channelId": life.channel,
                "at": NOW,
                "toldAt": NOW,
                "submitted": False,
                "implied": False,
                "late": False,
            }
        ],
        "nextAfter": 1,
    }


async def test_log_goes_on_from_the_cursor(life: Living) -> None:
    for _ in range(3):
        await life.send()
    first = await life.ask("GET", "/events?limit=2")
    assert (len(first["results"]), first["nextAfter"]) == (2, 2)
    last = await life.ask("GET", f"/events?limit=2&after={first['nextAfter']}")
    assert (len(last["results"]), last["nextAfter"]) == (1, 3)
    assert await life.ask("GET", "/events?after=3") == {"results": [], "nextAfter": 3}
    assert await life.ask("GET", "/events?after=latest") == {"results": [], "nextAfter": 3}


async def test_only_the_wanted_kinds_are_told_and_the_cursor_passes_the_others(life: Living) -> None:
    message = await life.send()
    await life.report(receipt(message, "delivered"))
    await life.send()
    told = await life.ask("GET", "/events?types=delivered,sent")
    assert (kinds(told), told["nextAfter"]) == (["sent", "delivered"], 4)
    assert kinds(await life.ask("GET", "/events?types=")) == ["accepted", "sent", "delivered", "accepted"]


async def test_rare_events_are_found_a_stretch_at_a_time(life: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.tail.PAGE", 2)
    monkeypatch.setattr("tidings.flow.tail.MOST_READ", 4)
    for _ in range(5):
        await life.send()
    assert await life.ask("GET", "/events?types=read") == {"results": [], "nextAfter": 4}
    assert await life.ask("GET", "/events?types=read&after=4") == {"results": [], "nextAfter": 5}
    assert len((await life.ask("GET", "/events?limit=3"))["results"]) == 3


async def test_events_of_one_message(life: Living) -> None:
    message = await life.send()
    await life.send()
    await life.report(receipt(message, "read"))
    told = await life.ask("GET", "/events", params={"messageId": message})
    assert (kinds(told), told["nextAfter"]) == (["accepted", "sent", "delivered", "read"], 5)
    some = await life.ask("GET", "/events", params={"messageId": message, "limit": 2})
    assert (kinds(some), some["nextAfter"]) == (["accepted", "sent"], 3)
    rest = await life.ask("GET", "/events", params={"messageId": message, "after": 3, "types": "read"})
    assert (kinds(rest), rest["nextAfter"]) == (["read"], 5)
    missing = await life.visit("GET", f"{life.path}/events?messageId=nope", key=life.key)
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no message nope.")


async def test_events_in_the_words_of_a_vocabulary(life: Living) -> None:
    message = await life.send(metadata={"order": 7})
    await life.report(receipt(message, "delivered"))
    channels = await life.ask("GET", "/events?dialect=channels&types=sms.outbound")
    assert [each["payload"]["status"] for each in channels["results"]] == ["accepted", "sent", "delivered"]
    assert {each["event"] for each in channels["results"]} == {"sms.outbound"}
    omnichannel = await life.ask("GET", "/events?dialect=omnichannel&types=message.delivered")
    (delivered,) = omnichannel["results"]
    assert (delivered["name"], delivered["accountId"], delivered["apiSpaceId"]) == (
        "message.delivered",
        1234,
        life.workspace,
    )
    assert delivered["payload"]["metadata"] == {"order": 7}
    every = await life.ask("GET", "/events?dialect=omnichannel")
    assert [each["name"] for each in every["results"]] == ["message.sentRequest", "message.sent", "message.delivered"]


async def test_name_on_a_platform_of_ones_own_is_known(life: Living) -> None:
    asked = {"platform": "carrier-pigeon", "connector": "custom"}
    await life.visit.made(f"{life.path}/channels", asked, key=life.key)
    assert (await life.ask("GET", "/events?dialect=channels&types=carrier-pigeon.outbound"))["results"] == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("types=delivered,arrived", "types"),
        ("types=message.sent", "types"),
        ("dialect=channels&types=message.sent", "types"),
        ("dialect=channels&types=pigeon.outbound", "types"),
        ("dialect=klingon", "dialect"),
        ("after=-1", "after"),
        ("after=end", "after"),
        ("after=9223372036854775808", "after"),
        ("limit=0", "limit"),
        ("wait=61", "wait"),
        ("wait=1.5", "wait"),
    ],
)
async def test_unreadable_wishes_are_refused(life: Living, query: str, path: str) -> None:
    answer = await life.visit("GET", f"{life.path}/events?{query}", key=life.key)
    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, [path])


async def test_who_waits_is_told_as_soon_as_there_is_something(life: Living) -> None:
    waiting = asyncio.create_task(life.ask("GET", "/events?wait=60&types=delivered"))
    await asyncio.sleep(0.05)
    message = await life.send()
    assert not waiting.done()
    await life.report(receipt(message, "delivered"))
    told = await asyncio.wait_for(waiting, 5)
    assert (kinds(told), told["nextAfter"]) == (["delivered"], 3)


async def test_who_waits_for_one_message_hears_of_it_alone(life: Living) -> None:
    message = await life.send()
    waiting = asyncio.create_task(life.ask("GET", f"/events?wait=60&after=1&messageId={message}"))
    await asyncio.sleep(0.05)
    await life.send()
    await life.report(receipt(message, "sent"))
    assert kinds(await asyncio.wait_for(waiting, 5)) == ["sent"]


async def test_who_waits_for_nothing_is_told_in_time(life: Living) -> None:
    await life.send()
    began = asyncio.get_running_loop().time()
    assert await life.ask("GET", "/events?wait=1&after=1") == {"results": [], "nextAfter": 1}
    assert 0.9 < asyncio.get_running_loop().time() - began < 3


async def test_others_who_write_are_not_waited_for_blindly(life: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(life.visit.world.store.database), "exclusive", False)
    monkeypatch.setattr(tail, "LOOK_EVERY", 0.02)
    waited: list[float] = []
    really = life.visit.world.log.wait_since

    async def wait_since(workspace: str, mark: int, timeout: float) -> None:
        waited.append(timeout)
        await really(workspace, mark, timeout)

    monkeypatch.setattr(life.visit.world.log, "wait_since", wait_since)
    assert (await life.ask("GET", "/events?wait=1"))["results"] == []
    assert len(waited) > 10
    assert max(waited) == 0.02


async def test_log_of_another_workspace_is_not_seen(life: Living) -> None:
    await life.send()
    other, key = await life.visit.workspace("Other")
    assert (await life.visit("GET", f"/workspaces/{other}/events", key=key)).json()["results"] == []
    assert (await life.visit("GET", f"{life.path}/events", key=key)).status_code == 401
