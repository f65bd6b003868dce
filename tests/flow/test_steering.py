"""Paused, resumed from where it stood, from now, or from a time; and why an event was told or not."""

from typing import Any

from msgspec.structs import replace

from support.flows import Flow, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.flow.explain import Fate, explain
from tidings.flow.resuming import Resumption
from tidings.flow.steering import activated, drained, pause, resume
from tidings.model.events import Event, Kind
from tidings.model.stages import Stage
from tidings.model.subscriptions import Subscription
from tidings.store.log import events_at, events_of
from tidings.store.statements import Transaction

SECOND, HOUR = 1000, 3_600_000


def ids(got: list[Got]) -> list[str]:
    return [each.json["payload"]["id"] for each in got]


def subscription(flow: Flow, id_: str = "s1") -> Subscription:
    return flow.world.directory.subscriptions[id_]


async def paused(flow: Flow) -> None:
    await pause(flow.world, subscription(flow))
    await flow.hub.readers.settled()


async def resumed(flow: Flow, how: Resumption, **more: Any) -> None:
    await resume(flow.world, subscription(flow), how, **more)
    await flow.hub.readers.settled()


async def told_one_and_paused(flow: Flow, receiver: Receiver) -> list[str]:
    """One message is told, then it is paused, and an hour later another one is sent."""
    first = await flow.sent()
    await receiver.wait_for(1)
    await flow.quiet()
    await paused(flow)
    flow.clock.move(HOUR)
    return [first, await flow.sent()]


async def test_what_happened_meanwhile_is_told_when_it_is_drained(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await told_one_and_paused(flow, receiver)
        assert subscription(flow).stopped == "paused"
        assert ids(receiver.got) == messages[:1]
        await resumed(flow, Resumption.DRAIN)
        await receiver.wait_for(2)
        await flow.quiet()
        assert ids(receiver.got) == messages


async def test_what_happened_meanwhile_is_passed_over_when_it_is_skipped(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await until(lambda: flow.notifier().held)
        await flow.quiet()
        await paused(flow)
        await flow.sent()
        receiver.answer = lambda _: 204
        receiver.got.clear()
        await resumed(flow, Resumption.SKIP)
        third = await flow.sent()
        flow.clock.move(HOUR)
        await receiver.wait_for(1)
        await flow.quiet()
        assert ids(receiver.got) == [third]
        assert await flow.held() == []


async def test_everything_since_a_time_is_told_again_with_its_attempts_numbered_on(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        before = await flow.sent()
        await receiver.wait_for(1)
        flow.clock.move(HOUR)
        since = flow.clock.now()
        messages = [await flow.sent() for _ in range(3)]
        await receiver.wait_for(4)
        await flow.quiet()
        await paused(flow)
        flow.clock.move(HOUR)
        messages.append(await flow.sent())
        await resumed(flow, Resumption.AGAIN, since=since)
        await receiver.wait_for(8)
        await flow.quiet()
        assert ids(receiver.got) == [before, *messages[:3], *messages]
        assert [each.headers["tidings-attempt"] for each in receiver.got[4:]] == ["2", "2", "2", "1"]
        assert len({each.id for each in receiver.got}) == 5


async def test_a_subscription_that_is_told_can_be_set_back_without_a_pause(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        message = await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        await resumed(flow, Resumption.AGAIN, since=0)
        await receiver.wait_for(2)
        await flow.quiet()
        assert ids(receiver.got) == [message, message]
        # The next reader finds what this one has told, and tells nothing a third time.
        flow.clock.move(SECOND)
        await resumed(flow, Resumption.DRAIN)
        await flow.quiet()
        assert len(receiver.got) == 2


async def test_a_failing_endpoint_is_tried_at_once_when_somebody_resumes_it(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        for _ in range(10):
            await flow.sent()
        await until(lambda: flow.notifier().endpoint.is_stopped)
        await flow.quiet()
        receiver.answer = lambda _: 204
        await resumed(flow, Resumption.DRAIN)
        await until(lambda: len({each.id for each in receiver.got}) == 10)
        flow.clock.move(5 * SECOND)
        await until(lambda: not flow.notifier().behind)


# -- why ---------------------------------------------------------------------------------------------------------------


async def events(flow: Flow, message: str) -> list[Event]:
    return await flow.world.store.read(events_of(message))


async def fate(flow: Flow, message: str, kind: Kind = Kind.SENT, id_: str = "s1") -> Fate:
    event = next(each for each in await events(flow, message) if each.kind is kind)
    ((_, about),) = await flow.world.store.read(events_at([event.position]))
    return await explain(flow.world, subscription(flow, id_), event, about)


async def test_every_fate_is_told_by_its_word(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        early = await flow.sent()
        flow.clock.move(SECOND)
        await flow.subscribe(receiver.url, created_at=flow.clock.now())
        await flow.subscribe("http://127.0.0.1:9/", "message.read", id_="s2")
        await flow.subscribe(
            "http://127.0.0.1:9/", "message.*", id_="s3", filters=[("channelId", "c9")], active=False, stopped="paused"
        )
        await flow.subscribe("http://127.0.0.1:9/", "message.*", id_="s4", active=False, stopped="failing")
        good = await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        assert (await fate(flow, early)).word == "before-subscription"
        delivered = await fate(flow, good)
        assert (delivered.word, [each.number for each in delivered.attempts]) == ("delivered", [1])
        assert (await fate(flow, good, Kind.ACCEPTED)).fit.rule == "other-event"
        assert (await fate(flow, good, id_="s2")).word == "not-wanted"
        kept_out = await fate(flow, good, id_="s3")
        assert (kept_out.word, kept_out.fit.by) == ("not-wanted", "channelId")
        off = await fate(flow, good, id_="s4")
        assert off.word == "paused"
        assert "days" in off.why

        receiver.answer = lambda _: 400
        refused = await flow.sent()
        await receiver.wait_for(2)
        await flow.quiet()
        assert (await fate(flow, refused)).word == "refused"

        receiver.answer = lambda _: 500
        failing = await flow.sent()
        await until(lambda: flow.notifier().held)
        await flow.reached(failing, Stage.DELIVERED)
        await flow.quiet()
        assert (await fate(flow, failing)).word == "retrying"
        behind = await fate(flow, failing, Kind.DELIVERED)
        assert behind.word == "waiting-behind"
        assert behind.behind == next(each.id for each in await events(flow, failing) if each.kind is Kind.SENT)


async def test_what_waits_for_a_failing_endpoint_says_so(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = [await flow.sent() for _ in range(10)]
        await until(lambda: flow.notifier().endpoint.is_stopped)
        await flow.quiet()
        waiting = await fate(flow, messages[-1])
        assert waiting.word == "endpoint-failing"
        assert waiting.condition is not None
        assert waiting.condition.is_stopped


async def test_a_sibling_that_takes_it_is_named(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        directory = flow.world.directory
        workspace = directory.workspaces["w1"]
        await directory.change(lambda: directory.put_workspace(replace(workspace, catch_all="unclaimed")))
        await flow.subscribe(receiver.url, "sms.outbound", dialect="channels")
        await flow.subscribe(
            receiver.url, "sms.outbound", dialect="channels", id_="s2", filters=[("messageStatus", "sent")]
        )
        message = await flow.sent()
        await receiver.wait_for(2)
        await until(lambda: not any(each.behind for each in flow.hub.readers.notifiers))
        await flow.quiet()
        taken = await fate(flow, message)
        assert (taken.word, taken.fit.rule, taken.fit.by) == ("not-wanted", "sibling", "s2")
        assert (await fate(flow, message, id_="s2")).word == "delivered"


async def test_who_is_activated_by_a_change_is_given_its_days_anew(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        for _ in range(10):
            await flow.sent()
        await until(lambda: flow.notifier().endpoint.is_stopped)
        await flow.quiet()
        directory, now = flow.world.directory, flow.clock.now()
        off = await flow.put(replace(made, active=False, stopped="failing"))

        def step() -> Transaction[Subscription]:
            kept = yield from directory.put_subscription(activated(off))
            yield from drained(kept, since=off, now=now)
            return kept

        tried = len(receiver.got)
        on = await directory.change(step)
        await flow.hub.readers.settled()
        assert (on.active, on.stopped, on.epoch) == (True, "", off.epoch + 1)
        # It is tried at once, and not at the time that the last reader had set.
        await receiver.wait_for(tried + 1)
