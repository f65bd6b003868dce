"""The log and subscriptions followed live, over real sockets."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from support.live import Live, living
from support.receiver import Receiver
from support.waiting import until
from tidings.flow.facts import Noticed
from tidings.model.events import Notice
from tidings.web import streaming


async def gone(live: Live) -> None:
    """Wait until no stream is open, and see that none has left anything behind."""
    await until(lambda: not len(live.world.streams))
    assert live.hub.hub.app._sending == set()
    await until(lambda: live.world.log._waiting == {})
    assert live.world.pages._under_way == {}


async def test_stream_begins_at_the_end_and_has_what_the_log_has(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.send()
        async with live.listening() as stream:
            assert stream.response.headers["content-type"] == "text/event-stream"
            assert stream.response.headers["cache-control"] == "no-store"
            assert stream.response.headers["x-accel-buffering"] == "no"
            assert (stream.place, 1_000 <= stream.retry <= 3_000) == (1, True)
            await live.send(2)
            events = await stream.take(2)
        told = await live.ask("GET", "/events?after=1")
        assert [json.loads(each.data) for each in events] == told["results"]
        assert [(each.id, each.event) for each in events] == [("2", "accepted"), ("3", "accepted")]
        await gone(live)


async def test_stream_goes_on_after_the_last_id_wherever_else_it_was_to_begin(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.send(4)
        for asked, last, places in (
            ({"after": "0"}, None, "1234"),
            ({"after": "2"}, None, "34"),
            ({"after": "0"}, 3, "4"),
            ({}, 1, "234"),
        ):
            async with live.listening(last=last, **asked) as stream:
                assert [each.id for each in await stream.take(len(places))] == list(places)
        # Beyond its end the log was another one.
        for last in (4, 5, 10**18):
            async with live.listening(last=last) as stream:
                assert stream.place == 4


async def test_stream_has_only_what_is_wanted_in_the_words_that_are_wanted(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.send(metadata={"order": 7})
        (accepted,) = (await live.ask("GET", "/events"))["results"]
        for query, name in (
            ({"dialect": "omnichannel"}, "message.sentRequest"),
            ({"dialect": "channels", "types": "sms.outbound"}, "sms.outbound"),
            ({"types": "accepted"}, "accepted"),
            ({"messageId": accepted["messageId"]}, "accepted"),
        ):
            async with live.listening(last=0, **query) as stream:
                event = await stream.next()
            assert event.event == name
            told = await live.ask("GET", "/events?" + "&".join(f"{key}={value}" for key, value in query.items()))
            assert json.loads(event.data) == told["results"][0]


async def test_who_wants_few_events_still_hears_how_far_the_stream_has_come(tmp_path: Path) -> None:
    async with living(tmp_path, stream_heartbeat=0.1) as live:
        async with live.listening(types="read") as stream:
            await live.send(3)
            reading = asyncio.create_task(stream.rest())
            await until(lambda: stream.place == 3)
            reading.cancel()
        async with live.listening(last=0) as stream:
            assert [each.id for each in await stream.take(3)] == ["1", "2", "3"]


async def test_silence_is_broken_by_comments(tmp_path: Path) -> None:
    async with living(tmp_path, stream_heartbeat=0.05) as live:
        reader, writer = await connected(live)
        assert await asyncio.wait_for(reader.readuntil(b"\r\n:\n\r\n"), 5)
        assert await asyncio.wait_for(reader.readuntil(b"\r\n:\n\r\n"), 5)
        writer.close()
        await gone(live)


async def test_line_breaks_in_what_clients_wrote_break_no_line(tmp_path: Path) -> None:
    async with living(tmp_path) as live, httpx.AsyncClient() as client:
        body = b'{"to": {"phoneNumber": "+447700900123"}, "rules": ["sms"], "body": "a\\nb", "metadata": {\r\n"a":\n1}}'
        sent = await client.post(
            f"{live.hub.base_url}/apispaces/{live.workspace}/messages",
            content=body,
            headers={"authorization": f"Bearer {live.key}"},
        )
        assert sent.status_code == 201
        async with live.listening(last=0, dialect="omnichannel") as stream:
            assert json.loads((await stream.next()).data)["payload"]["metadata"] == {"a": 1}


@pytest.mark.parametrize(
    ("query", "headers", "status", "path"),
    [
        ("?after=-1", {}, 400, "after"),
        ("?after=stored", {}, 400, "after"),
        ("?types=arrived", {}, 400, "types"),
        ("?dialect=klingon", {}, 400, "dialect"),
        ("", {"last-event-id": "x"}, 400, "Last-Event-ID"),
        ("", {"last-event-id": "-1"}, 400, "Last-Event-ID"),
        ("", {"last-event-id": "١"}, 400, "Last-Event-ID"),
        ("", {"last-event-id": "9" * 5000}, 400, "Last-Event-ID"),
        ("?messageId=nope", {}, 404, ""),
        ("", {"authorization": "Bearer nobody's"}, 401, ""),
    ],
)
async def test_what_cannot_be_streamed_is_refused(
    tmp_path: Path, query: str, headers: dict[str, str], status: int, path: str
) -> None:
    async with living(tmp_path) as live, httpx.AsyncClient() as client:
        given = {"authorization": f"Bearer {live.key}", **headers}
        sent = [(name.encode(), value.encode()) for name, value in given.items()]
        answer = await client.get(f"{live.url}/events/stream{query}", headers=sent)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert [each["path"] for each in answer.json().get("errors", ())] == ([path] if path else [])
        assert len(live.world.streams) == 0


async def test_an_empty_last_id_is_none(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        reader, writer = await connected(live, "last-event-id: \r\n")
        assert b"id: 0\n" in await asyncio.wait_for(reader.readuntil(b"\n\n"), 5)
        writer.close()


async def test_others_streams_are_not_seen(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        other, key = await live.hub.workspace(name="Other")
        mine = await live.subscription()
        await live.send()
        url = f"{live.hub.base_url}/workspaces/{other}"
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client:
            assert (await client.get(f"{live.url}/events/stream")).status_code == 401
            assert (await client.get(f"{live.url}/subscriptions/{mine}/events/stream")).status_code == 401
            assert (await client.get(f"{url}/subscriptions/{mine}/events/stream")).status_code == 404
            (message,) = (each["messageId"] for each in (await live.ask("GET", "/events"))["results"])
            assert (await client.get(f"{url}/events/stream?messageId={message}")).status_code == 404
        async with live.listening(url=url, key=key, last=0) as stream:
            await live.send(3)
            made = await live.hub.ask("POST", f"/workspaces/{other}/channels", CHANNEL, key=key)
            assert made["platform"] == "sms"
            asked = {"to": {"phoneNumber": "+447700900123"}, "rules": ["sms"], "body": "Theirs"}
            await live.hub.ask("POST", f"/apispaces/{other}/messages", asked, key=key)
            assert [each.id for each in await stream.take(1)] == ["5"]


CHANNEL = {"name": "Their sms", "platform": "sms", "connector": "custom", "settings": {}}


async def test_subscription_is_followed_with_its_filters_and_bodies(tmp_path: Path) -> None:
    async with living(tmp_path) as live, Receiver() as receiver:
        filters = [{"key": "messageStatus", "value": "accepted"}]
        mine = await live.subscription(eventFilters=filters, url=receiver.url)
        async with live.listening(f"/subscriptions/{mine}/events/stream") as stream:
            await live.send(2)
            events = await stream.take(2)
        await receiver.wait_for(2)
        webhooks = {got.id: got.json for got in receiver.got}
        told = [json.loads(each.data) for each in events]
        assert {each["webhookId"]: each["body"] for each in told} == webhooks
        assert [(each["position"], each["event"]) for each in told] == [(1, "sms.outbound"), (2, "sms.outbound")]
        fetched = await live.ask("GET", f"/subscriptions/{mine}/events?after=0")
        assert fetched["results"] == told


async def test_subscription_is_followed_from_its_own_place(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        mine = await live.subscription(active=False)
        await live.send(3)
        await live.ask("POST", f"/subscriptions/{mine}/events/ack", {"after": 1})
        async with live.listening(f"/subscriptions/{mine}/events/stream") as stream:
            assert stream.place == 3
        async with httpx.AsyncClient() as client:
            head = await client.head(f"{live.url}/events/stream", headers={"authorization": f"Bearer {live.key}"})
        assert (head.status_code, head.headers["content-type"], head.content) == (200, "text/event-stream", b"")
        async with live.listening(f"/subscriptions/{mine}/events/stream", after="stored") as stream:
            assert [each.id for each in await stream.take(2)] == ["2", "3"]
        await gone(live)


async def test_no_workspace_has_more_streams_than_it_may(tmp_path: Path) -> None:
    async with living(tmp_path, max_streams=2) as live:
        other, key = await live.hub.workspace(name="Other")
        async with live.listening(), live.listening(f"/subscriptions/{await live.subscription()}/events/stream"):
            async with live.listening() as refused:
                assert refused.response.status_code == 429
                assert refused.response.headers["retry-after"] == "5"
                problem = json.loads(await refused.response.aread())
                assert problem["detail"] == "This workspace has 2 streams open, which is as many as it may have here."
            async with live.listening(url=f"{live.hub.base_url}/workspaces/{other}", key=key) as theirs:
                assert theirs.response.status_code == 200
        await gone(live)
        async with live.listening() as stream:
            assert stream.response.status_code == 200
        await gone(live)
        counted = {label: number for (name, label), number in live.world.counts.all().items() if name == "streams"}
        assert counted == {"opened": 4, "ended": 4, "refused": 1}


async def test_stream_ends_with_what_it_needs(tmp_path: Path) -> None:
    """The key, the subscription, the message, the workspace: each ends what hangs on it, and nothing else."""
    async with living(tmp_path, stream_heartbeat=0.05) as live:
        made = await live.ask("POST", "/access-keys", {"name": "Another", "scopes": ["read"]})
        mine = await live.subscription()
        await live.send()
        (message,) = (each["messageId"] for each in (await live.ask("GET", "/events"))["results"])
        async with (
            live.listening() as lasting,
            live.listening(key=made["accessKey"]) as keyed,
            live.listening(f"/subscriptions/{mine}/events/stream") as subscribed,
            live.listening(messageId=message) as about,
        ):
            await live.ask("DELETE", f"/access-keys/{made['id']}")
            await live.ask("DELETE", f"/subscriptions/{mine}")
            await live.hub.ask("DELETE", f"/apispaces/{live.workspace}/messages/{message}", key=live.key)
            await live.send()
            assert [await keyed.rest(), await subscribed.rest(), await about.rest()] == [[], [], []]
            assert (await lasting.next()).id == "2"
            await live.hub.ask("DELETE", f"/workspaces/{live.workspace}")
            assert await lasting.rest() == []
        await gone(live)


async def test_a_key_that_is_taken_away_hears_nothing_that_comes_after(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        made = await live.ask("POST", "/access-keys", {"name": "Another", "scopes": ["read"]})
        async with live.listening(key=made["accessKey"]) as stream:
            await live.send()
            await stream.next()
            await live.ask("DELETE", f"/access-keys/{made['id']}")
            await live.send(50)
            assert await stream.rest() == []


async def test_a_client_that_leaves_is_noticed_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        before = asyncio.all_tasks()
        for _ in range(10):
            _, writer = await connected(live)
            writer.transport.abort()
        await until(lambda: live.world.counts.all()["streams", "ended"] == 10)
        await gone(live)
        await until(lambda: {task for task in asyncio.all_tasks() - before if "write_all" not in str(task)} == set())


async def test_a_client_that_does_not_read_costs_a_page_and_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STALLED", 0.5)
    reads: dict[int, int] = {}
    async with living(tmp_path, stream_heartbeat=0.1) as live:
        really = live.world.pages.read

        async def read(workspace: Any, after: int, size: int, mark: int) -> Any:
            reads[after] = size
            return await really(workspace, after, size, mark)

        monkeypatch.setattr(live.world.pages, "read", read)
        await live.send(1500, metadata={"long": "x" * 20_000})
        began = time.monotonic()
        reader, writer = await connected(live, query="?after=0&dialect=omnichannel", limit=2**10)
        await until(lambda: live.world.counts.all().get(("streams", "stalled")))
        assert 0.4 < time.monotonic() - began < 8
        await gone(live)
        # Much of thirty megabytes was never read from the log, and never as much at once as of small events.
        assert max(reads) < 1200
        assert max(reads.values()) == 20
        seen = await rest_of(reader)
        writer.close()
        assert 0 < len(seen) < 1500
        async with live.listening(last=seen[-1], dialect="omnichannel") as stream:
            seen += [int(each.id) for each in await stream.take(1500 - len(seen))]
        assert seen == list(range(1, 1501))


async def test_small_events_are_read_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    async with living(tmp_path) as live:
        await live.send(250)
        really = live.world.pages.read

        async def read(workspace: Any, after: int, size: int, mark: int) -> Any:
            sizes.append(size)
            return await really(workspace, after, size, mark)

        monkeypatch.setattr(live.world.pages, "read", read)
        async with live.listening(last=0) as stream:
            await stream.take(250)
        assert sizes[:6] == [10, 20, 40, 80, 100, 100]


async def test_a_stream_whose_store_fails_ends_and_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as live:
        async with live.listening() as stream:

            async def read(*_: Any) -> Any:
                raise OSError("the disk is away")

            with structlog.testing.capture_logs() as logs:
                monkeypatch.setattr(live.world.pages, "read", read)
                await live.send()
                assert await stream.rest() == []
                monkeypatch.undo()
            assert [each["event"] for each in logs] == ["a stream broke"]
            assert live.world.counts.all()["errors", "OSError"] == 1
        async with live.listening(last=stream.place) as stream:
            assert (await stream.next()).id == "1"


async def test_a_hub_stops_at_once_though_streams_are_open(tmp_path: Path) -> None:
    streams = 20
    async with living(tmp_path) as live:
        await live.send(1500, metadata={"long": "x" * 20_000})
        opened = [await connected(live) for _ in range(streams)]
        slow = await connected(live, query="?after=0&dialect=omnichannel", limit=2**10)
        polling = asyncio.create_task(live.ask("GET", "/events?after=latest&wait=60"))
        await until(lambda: len(live.world.streams) == streams + 1 and len(live.world.log._waiting) == 1)
        await asyncio.sleep(0.3)
        began = time.monotonic()
        live.hub.server.should_exit = True
        await asyncio.wait_for(live.hub.serving, 10)
        assert time.monotonic() - began < 2
        for reader, writer in opened:
            # The end of the answer, and not only of the connection.
            assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"0\r\n\r\n")
            writer.close()
        assert await polling == {"results": [], "nextAfter": 1500}
        await gone(live)
        slow[1].close()


async def test_a_stream_that_is_asked_for_while_the_hub_stops_ends_at_once(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        live.hub.hub.app.close()
        async with live.listening() as stream:
            assert await stream.rest() == []


async def test_notices_are_followed_like_all_that_is_in_the_log(tmp_path: Path) -> None:
    async with (
        living(tmp_path) as live,
        live.listening() as stream,
        live.listening(dialect="operations") as operations,
    ):
        await live.world.record(Noticed(live.workspace, "channel:1", Notice("channel.failing", {"a": 1})))
        assert (await stream.next()).event == "notice"
        told = await operations.next()
        assert (told.event, json.loads(told.data)["data"]) == ("channel.failing", {"a": 1})


async def connected(
    live: Live, headers: str = "", *, query: str = "", limit: int = 2**16
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream by hand and read the head of the answer and the beginning; no more than `limit` is taken then."""
    host, port = live.hub.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=limit)
    asked = f"GET {live.path}/events/stream{query} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {live.key}\r\n"
    writer.write(f"{asked}{headers}\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 200 OK")
    if not headers:
        assert b"retry: " in await asyncio.wait_for(reader.readuntil(b"\n\n"), 5)
    return reader, writer


async def rest_of(reader: asyncio.StreamReader) -> list[int]:
    """Read until the connection breaks; give the ids of the events that came whole."""
    got = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(2**20), 5):
            got += chunk
    except ConnectionError:
        pass
    whole = got.rpartition(b"\n\n")[0]
    return [int(each.partition(b"\n")[0]) for each in whole.split(b"id: ")[1:]]
