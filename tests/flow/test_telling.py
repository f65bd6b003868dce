"""A notifier tells in order per message, holds what failed, and goes on with everything else."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from support.flows import RAW, flowing
from support.keys import hmac_key
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.dialects.dialect import Telling
from tidings.flow import notify
from tidings.flow.erase import delete
from tidings.flow.facts import Accepted, Submitted
from tidings.model.exchange import Piece, Sent
from tidings.model.secrets import Secret
from tidings.model.stages import Stage
from tidings.rules.signing import key_from, verify_standard


def names_by_message(got: list[Got]) -> dict[str, list[str]]:
    by: dict[str, list[str]] = defaultdict(list)
    for each in got:
        by[each.json["payload"]["id"]].append(each.json["name"])
    return dict(by)


def refuse_once(true: Callable[[Got], bool], status: int = 500) -> Callable[[Got], int]:
    """Refuse the first webhook of which something is true."""
    refused: list[Got] = []

    def answer(got: Got) -> int:
        if not refused and true(got):
            refused.append(got)
            return status
        return 204

    return answer


async def test_each_message_is_told_in_order_whatever_the_others_do(sqlite_url: str) -> None:
    """Answers take longer and shorter; later events of a message always come after its earlier ones."""
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await asyncio.gather(*(flow.sent() for _ in range(40)))
        for stage in (Stage.DELIVERED, Stage.READ):
            await asyncio.gather(*(flow.reached(each, stage) for each in messages))
        await receiver.wait_for(120)
        whole = ["message.sent", "message.delivered", "message.read"]
        assert names_by_message(receiver.got) == dict.fromkeys(messages, whole)
        revisions = [each.json["revision"] for each in receiver.got if each.json["payload"]["id"] == messages[0]]
        assert revisions == sorted(revisions)


async def test_two_events_of_one_message_are_never_under_way_together(sqlite_url: str) -> None:
    under_way: set[str] = set()
    together: list[str] = []
    most = 0

    class Slow(Receiver):
        async def _take(self, request: Any) -> Any:
            nonlocal most
            message = (await request.json())["payload"]["id"]
            if message in under_way:
                together.append(message)
            under_way.add(message)
            most = max(most, len(under_way))
            await asyncio.sleep(0.005)
            under_way.discard(message)
            return await super()._take(request)

    async with Slow() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = [await flow.sent() for _ in range(8)]
        for stage in (Stage.DELIVERED, Stage.READ):
            for message in messages:
                await flow.reached(message, stage)
        await receiver.wait_for(24)
        assert together == []
        assert most > 1


async def test_what_failed_is_set_aside_and_only_its_own_message_waits(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        receiver.answer = refuse_once(lambda got: got.json["payload"]["id"] == first)
        await flow.subscribe(receiver.url)
        first = await flow.sent()
        await until(lambda: flow.notifier()._aside)
        for stage in (Stage.DELIVERED, Stage.READ):
            await flow.reached(first, stage)
        second = await flow.sent()
        await flow.reached(second, Stage.DELIVERED)
        await receiver.wait_for(3)
        await flow.quiet()
        assert names_by_message(receiver.got) == {
            first: ["message.sent"],
            second: ["message.sent", "message.delivered"],
        }
        assert [row[1] for row in await flow.held()] == [1, 0, 0]
        # What is told and what is set aside: everything is behind the cursor.
        assert await flow.cursor() == max(row[0] for row in await flow.stored("events_of", message=second))

        flow.clock.move(5000)
        await receiver.wait_for(6)
        await flow.quiet()
        assert names_by_message(receiver.got)[first] == [
            "message.sent",
            "message.sent",
            "message.delivered",
            "message.read",
        ]
        assert await flow.held() == []
        assert not flow.notifier().behind


async def test_an_event_that_comes_while_an_earlier_one_waits_is_told_after_it(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        receiver.answer = refuse_once(lambda got: got.json["name"] == "message.sent")
        await flow.subscribe(receiver.url)
        message = await flow.sent()
        await until(lambda: flow.notifier()._aside)
        await flow.reached(message, Stage.READ)
        flow.clock.move(5000)
        await receiver.wait_for(4)
        await flow.quiet()
        assert [each.json["name"] for each in receiver.got] == [
            "message.sent",
            "message.sent",
            "message.delivered",
            "message.read",
        ]
        assert await flow.held() == []


async def test_nobody_is_told_what_is_another_workspaces_or_not_wanted(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url, "message.read")
        message = await flow.sent()
        await flow.reached(message, Stage.READ)
        await receiver.wait_for(1)
        await flow.quiet()
        assert [each.json["name"] for each in receiver.got] == ["message.read"]


async def test_the_cursor_is_kept_when_nothing_is_wanted_for_long(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "CHECKPOINT", 10)
    async with flowing(sqlite_url) as flow:
        await flow.subscribe("http://127.0.0.1:9/", "interaction.click")
        for _ in range(12):
            await flow.sent()
        await flow.quiet()
        assert await flow.cursor() >= 20


async def test_a_hanging_subscriber_delays_no_other(sqlite_url: str) -> None:
    settings: dict[str, Any] = {"webhook_timeout": 1.0, "webhook_concurrency": 64}
    async with Receiver(lambda _: 0) as hanging, Receiver() as receiver, flowing(sqlite_url, **settings) as flow:
        await flow.subscribe(hanging.url)
        await flow.subscribe(receiver.url, id_="s2")
        for _ in range(50):
            await flow.sent()
        await receiver.wait_for(50)
        # The second event is the first that it wants.
        assert await flow.cursor(1) < 2
        await flow.quiet()
        found = await flow.stored("attempts_after", subscription=1, after=0, since=0)
        assert {row[2] for row in found} == {"retry"}


async def test_a_dead_address_is_tried_again_and_says_why(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.subscribe("http://127.0.0.1:9/")
        message = await flow.sent()
        await until(lambda: flow.notifier()._aside)
        await flow.quiet()
        positions = [row[0] for row in await flow.stored("events_of", message=message)]
        found = await flow.stored("attempts_at", subscriptions=[1], positions=positions)
        assert [(row[2], row[5], row[6], row[7]) for row in found] == [(1, 0, "retry", "connect")]


async def test_every_attempt_has_the_same_bytes_and_new_signatures(sqlite_url: str) -> None:
    clock = None
    async with Receiver(lambda _: 500) as receiver:
        for _ in range(2):
            async with flowing(sqlite_url, clock=clock) as flow:
                clock = flow.clock
                if not flow.world.directory.subscriptions:
                    await flow.subscribe(receiver.url)
                    message = await flow.sent()
                for _ in range(2):
                    before = len(receiver.got)
                    clock.move(60_000)
                    await receiver.wait_for(before + 1)
                    await flow.quiet()
        numbers = [each.headers["tidings-attempt"] for each in receiver.got]
        assert numbers == ["1", "2", "3", "4"]
        assert len({each.body for each in receiver.got}) == 1
        assert len({each.id for each in receiver.got}) == 1
        assert receiver.got[0].json["payload"]["id"] == message
        moments = [int(each.headers["webhook-timestamp"]) for each in receiver.got]
        assert moments == sorted(set(moments))
        for each, moment in zip(receiver.got, moments, strict=True):
            verify_standard([key_from(b"k" * 24)], each.headers, each.body, now_ms=moment * 1000)


# -- what the endpoint answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "event", "ends"), [("omnichannel", "message.*", True), ("channels", "sms.outbound", False)]
)
async def test_a_bad_request_is_final_in_one_vocabulary_only(
    sqlite_url: str, dialect: str, event: str, ends: bool
) -> None:
    async with Receiver(lambda _: 400) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url, event, dialect=dialect)
        message = await flow.sent()
        await flow.reached(message, Stage.DELIVERED)
        await receiver.wait_for(2 if ends else 1)
        await flow.quiet()
        held = await flow.held()
        assert bool(held) is not ends
        found = await flow.stored("attempts_after", subscription=1, after=0, since=0)
        assert {row[2] for row in found} == {"refused" if ends else "retry"}


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
async def test_what_is_no_success_is_tried_again(sqlite_url: str, status: int) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        receiver.answer = refuse_once(lambda _: True, status)
        receiver.answer_headers = {"location": receiver.url + "/elsewhere"}
        await flow.subscribe(receiver.url)
        await flow.sent()
        await until(lambda: flow.notifier()._aside)
        flow.clock.move(5000)
        await receiver.wait_for(2)
        await flow.quiet()
        assert [each.path for each in receiver.got] == ["/", "/"]
        assert await flow.held() == []


@pytest.mark.parametrize(
    ("said", "waits"),
    [("3600", 3_600_000), ("1", 5000), ("9999999", 86_400_000), ("tomorrow", 5000), ("-5", 5000)],
)
async def test_a_wish_to_wait_is_honoured_within_bounds(sqlite_url: str, said: str, waits: int) -> None:
    async with Receiver(lambda _: 503) as receiver, flowing(sqlite_url) as flow:
        receiver.answer_headers = {"retry-after": said}
        await flow.subscribe(receiver.url)
        await flow.sent()
        await until(lambda: flow.notifier()._aside)
        await flow.quiet()
        assert [row[1:] for row in await flow.held()] == [(1, flow.clock.now() + waits)]


async def test_an_endpoint_that_is_gone_is_told_nothing_more(sqlite_url: str) -> None:
    async with Receiver(lambda _: 410) as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(5)))
        await until(lambda: not flow.world.directory.subscriptions["s1"].active)
        await flow.hub.readers.settled()
        assert flow.hub.readers.notifiers == []
        told = len(receiver.got)
        await flow.sent()
        flow.clock.move(60_000)
        await asyncio.sleep(0.05)
        assert len(receiver.got) == told
        assert flow.world.directory.subscriptions["s1"].revision == made.revision + 1

        receiver.answer = lambda _: 204
        await flow.put(replace(flow.world.directory.subscriptions["s1"], active=True))
        await until(lambda: len({each.id for each in receiver.got}) == 6 and not flow.notifier().behind)


async def test_an_old_address_that_is_gone_disables_nothing_new(sqlite_url: str) -> None:
    """The answer of the old address comes after the address was changed."""
    arrived, answer = asyncio.Event(), asyncio.Event()

    class Slow(Receiver):
        async def _take(self, request: Any) -> Any:
            arrived.set()
            await answer.wait()
            return await super()._take(request)

    async with Slow(lambda _: 410) as old, Receiver() as new, flowing(sqlite_url) as flow:
        made = await flow.subscribe(old.url)
        await flow.sent()
        await arrived.wait()
        await flow.put(replace(made, url=new.url))
        answer.set()
        await until(lambda: flow.notifier()._aside)
        await flow.world.settle()
        assert flow.world.directory.subscriptions["s1"].active
        flow.clock.move(5000)
        await new.wait_for(1)


async def test_a_changed_address_and_secret_count_from_the_next_attempt(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as old, Receiver() as new, flowing(sqlite_url) as flow:
        made = await flow.subscribe(old.url)
        await flow.sent()
        await until(lambda: flow.notifier()._aside)
        key = key_from(b"n" * 24)
        await flow.put(replace(made, url=new.url, keys=(hmac_key(b"n" * 24),), secret=Secret("another sixteen!")))
        flow.clock.move(5000)
        await new.wait_for(1)
        await flow.quiet()
        (got,) = new.got
        verify_standard([key], got.headers, got.body, now_ms=flow.clock.now())
        assert (got.body, got.id) == (old.got[0].body, old.got[0].id)
        assert got.headers["x-comapi-signature"] != old.got[0].headers["x-comapi-signature"]
        assert got.headers["tidings-attempt"] == "2"


async def test_a_subscription_that_was_off_goes_on_from_its_cursor(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        await flow.sent()
        await receiver.wait_for(1)
        await flow.put(replace(made, active=False))
        missed = [await flow.sent() for _ in range(5)]
        assert len(receiver.got) == 1
        await flow.put(replace(made, active=True))
        await receiver.wait_for(6)
        assert sorted(each.json["payload"]["id"] for each in receiver.got[1:]) == sorted(missed)


# -- our own faults --------------------------------------------------------------------------------------------------


async def test_an_event_that_cannot_be_rendered_hinders_nobody(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        dialect = flow.world.dialects["omnichannel"]
        render = type(dialect).render
        broken: list[str] = []

        def sometimes(self: Any, telling: Telling) -> bytes:
            if telling.event.message in broken:
                raise OverflowError("a time after the year 9999")
            body: bytes = render(self, telling)
            return body

        monkeypatch.setattr(type(dialect), "render", sometimes)
        with structlog.testing.capture_logs() as logs:
            taking = flow.taking("nobody's")
            broken.append(taking.message.id)
            await flow.world.record(Accepted((taking,)))
            await flow.world.record(Submitted(taking.message.id, 0, Sent(pieces=(Piece("r"),), answer=RAW)))
            await flow.sent()
            await receiver.wait_for(1)
            await until(lambda: flow.notifier()._aside)
        assert [each["event"] for each in logs] == ["an event cannot be told"]
        broken.clear()
        flow.clock.move(5000)
        await receiver.wait_for(2)
        assert receiver.got[1].json["payload"]["id"] == taking.message.id


async def test_a_vocabulary_that_cannot_decide_makes_no_hole(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        dialect = type(flow.world.dialects["omnichannel"])
        wants = dialect.wants
        calls: list[int] = []

        def once(self: Any, *given: Any) -> bool:
            calls.append(1)
            if len(calls) == 2:
                raise RecursionError("too deep")
            return bool(wants(self, *given))

        monkeypatch.setattr(dialect, "wants", once)
        with structlog.testing.capture_logs() as logs:
            await flow.sent()
            await flow.sent()
            await receiver.wait_for(2)
        assert [each["event"] for each in logs] == ["nobody knows whether an event is wanted"]


async def test_the_store_writes_on_when_a_workspace_is_taken_away(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        message = await flow.sent()
        await until(lambda: flow.notifier()._aside)
        flow.world.directory.workspaces = {}
        await flow.reached(message, Stage.DELIVERED)
        other = await flow.sent()
        flow.clock.move(5000)
        await until(lambda: not flow.notifier()._aside)
        assert await flow.stored("events_of", message=other) != []
        await flow.world.directory.read()


async def test_what_was_taken_out_is_not_tried_again(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        first, second = await flow.sent(), await flow.sent()
        await flow.reached(first, Stage.READ)
        await until(lambda: len(flow.notifier()._aside) == 4)
        await flow.quiet()
        assert await delete(flow.world, "w1", first)
        receiver.answer = lambda _: 204
        for _ in range(4):
            flow.clock.move(5000)
            await flow.quiet()
        assert {each.json["payload"]["id"] for each in receiver.got[2:]} == {second}
        assert await flow.held() == []
        assert not flow.notifier().behind
