"""The stream of an app is taken up again by the id seen last, exactly, by whoever may."""

import contextlib
import json
from pathlib import Path

import httpx
import pytest

from support.app_live import Stream, app
from support.waiting import until
from tidings.flow.conversations.commands import Remove
from tidings.flow.live import kept
from tidings.flow.live.line import End
from tidings.web.live import stream as web_stream


async def numbers(stream: Stream, count: int) -> list[int]:
    """Give the numbers of the next so many events."""
    return [(await stream.next())["conversationEventId"] for _ in range(count)]


async def test_a_stream_begins_now_and_goes_on_from_the_id_seen_last(tmp_path: Path, database_url: str) -> None:
    async with app(tmp_path, database_url=database_url) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        await shop.write("c")
        async with shop.listening(anna.token) as stream:
            assert 1000 <= stream.retry <= 3000
            await shop.write("c")
            first = await stream.next()
            place = stream.place
        await shop.write("c")
        await shop.write("c")
        async with shop.listening(anna.token, last=place) as stream:
            last = first["conversationEventId"]
            assert await numbers(stream, 2) == [last + 1, last + 2]
            await shop.write("c")
            assert await numbers(stream, 1) == [last + 3]


async def test_a_long_absence_is_made_up_for_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_stream, "PAGE", 7)
    monkeypatch.setattr(kept, "STRETCH", 10)
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("mine", "anna")
        await shop.talk("theirs", "ben")
        for number in range(60):
            # Long stretches have nothing of hers.
            await shop.write("theirs" if 10 < number < 45 else "mine", str(number))
        every = await shop.happened("mine")
        async with shop.listening(anna.token, last=0) as stream:
            assert await numbers(stream, len(every)) == every
            await shop.write("mine")
            assert await numbers(stream, 1) == [every[-1] + 1]


async def test_what_she_was_taken_out_of_is_read_back_no_more(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        await shop.talk("d", "anna")
        await shop.write("c")
        await shop.world.conversations.do(Remove(place=shop.place("c"), profiles=("anna",)))
        await shop.write("c")
        await shop.write("d")
        every = await shop.happened("d")
        async with shop.listening(anna.token, last=0) as stream:
            told = [await stream.next() for _ in every]
            assert {each["conversationId"] for each in told} == {"d"}


async def test_an_id_from_beyond_the_end_begins_now(tmp_path: Path) -> None:
    """The database was taken back to an earlier state."""
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        async with shop.listening(anna.token, last=10**9) as stream:
            assert stream.place == shop.world.live.position
            message = await shop.write("c")
            assert (await stream.next())["payload"]["messageId"] == message


@pytest.mark.parametrize("last", ["x", "-1", "1" * 30, "١"])
async def test_what_is_no_id_of_ours_is_refused(tmp_path: Path, last: str) -> None:
    async with app(tmp_path) as shop, httpx.AsyncClient() as client:
        anna = await shop.person()
        headers = {b"authorization": f"Bearer {anna.token}".encode(), b"last-event-id": last.encode()}
        answer = await client.get(shop.url("stream"), headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "Last-Event-ID")
        assert len(shop.world.live.lines) == 0


async def test_silence_is_filled_so_that_nobody_takes_it_for_the_end(tmp_path: Path) -> None:
    async with app(tmp_path, stream_heartbeat=0.02) as shop, httpx.AsyncClient() as client:
        anna = await shop.person()
        headers = {"authorization": f"Bearer {anna.token}"}
        async with client.stream("GET", shop.url("stream"), headers=headers) as answer:
            lines = answer.aiter_lines()
            seen = [await anext(lines) for _ in range(8)]
        assert seen[3:] == [":"] * 5
        await until(lambda: len(shop.world.live.lines) == 0)


async def test_large_events_come_whole_and_in_pieces(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        async with shop.listening(anna.token) as stream:
            texts = ["x" * 30_000, "y\n" * 10_000, "z" * 20_000]
            for text in texts:
                await shop.write("c", text)
            told = [await stream.next() for _ in texts]
            assert [each["payload"]["parts"][0]["data"] for each in told] == texts


async def test_who_does_not_read_is_let_go_and_counted(tmp_path: Path) -> None:
    async with app(tmp_path) as shop, httpx.AsyncClient() as client:
        anna = await shop.person()
        headers = {"authorization": f"Bearer {anna.token}"}
        async with client.stream("GET", shop.url("stream"), headers=headers):
            (line,) = shop.world.live.lines.all()
            line.let_go(End.SLOW)
            await until(lambda: len(shop.world.live.lines) == 0)
        assert shop.world.counts.all()["sockets", "slow"] == 1


async def test_only_devices_are_told_live(tmp_path: Path) -> None:
    async with app(tmp_path) as shop, httpx.AsyncClient() as client:
        keys = {"authorization": f"Bearer {shop.hub.root_key}"}
        assert (await client.get(shop.url("stream"), headers=keys)).status_code == 403
        assert (await client.get(shop.url("stream"))).status_code == 401


async def test_a_page_of_the_channels_own_may_read_it(tmp_path: Path) -> None:
    async with app(tmp_path) as shop, httpx.AsyncClient() as client:
        anna = await shop.person()
        asked = {
            "origin": "https://shop.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization,last-event-id",
        }
        answer = await client.options(shop.url("stream"), headers=asked)
        assert "Last-Event-ID" in answer.headers["access-control-allow-headers"]
        async with shop.listening(anna.token, origin="https://shop.example") as stream:
            assert stream.response.headers["access-control-allow-origin"] == "https://shop.example"


async def test_a_slow_client_is_let_go_while_it_reads_what_it_missed(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        for _ in range(40):
            await shop.write("c", "x" * 30_000)
        every = await shop.happened("c")
        seen: list[int] = []
        last = 0
        while len(seen) < len(every):
            with contextlib.suppress(StopAsyncIteration):
                async with shop.listening(anna.token, last=last) as stream:
                    (line,) = shop.world.live.lines.all()
                    async for event in stream:
                        seen.append(json.loads(event.data)["conversationEventId"])
                        last = stream.place
                        if len(seen) % 10 == 0 or len(seen) == len(every):
                            line.let_go(End.SLOW)
                            break
            await until(lambda: len(shop.world.live.lines) == 0)
        assert seen == every
