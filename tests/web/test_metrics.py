"""What a monitor is told: of the hub, of each endpoint and channel, by whom of several processes, and to whom."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from support.flows import RAW, Flow, flowing
from support.lives import living, receipt
from support.provider import Provider
from support.receiver import Receiver
from support.scrape import Scrape, asked, scraped
from support.visiting import Visiting
from support.waiting import until
from tidings import __version__
from tidings.dialects.omnichannel import Omnichannel
from tidings.flow import again
from tidings.flow.facts import Accepted, Told
from tidings.flow.measured import Round
from tidings.flow.readings import EndpointReading, Readings
from tidings.flow.watch import FAILS_AFTER
from tidings.model.reports import Receipt, Target
from tidings.model.stages import Stage
from tidings.model.subscriptions import Fault, Replay
from tidings.rules.endpoint import STOPS_AFTER, WELL
from tidings.store.log import last_position
from tidings.web import health
from tidings.web.metrics import door
from tidings.web.metrics.families import FAMILIES, Kind
from tidings.web.metrics.telling import AT_ONCE
from tidings.web.metrics.telling import told as told_of

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
KEY = "a-key-for-monitors"
MINE = {"workspace": "w1", "subscription": "s1"}
OURS = {"workspace": "w1", "channel": "c1", "connector": "tiny"}


@pytest.fixture
async def flow(sqlite_url: str) -> AsyncIterator[Flow]:
    async with flowing(sqlite_url) as flow:
        yield flow


async def stopped(flow: Flow) -> None:
    await until(lambda: flow.notifier().endpoint.is_stopped)
    await flow.quiet()


# -- the hub -------------------------------------------------------------------------------------------------------


async def test_counters_stand_at_nothing_from_the_start_so_that_a_first_time_is_noticed(visit: Visiting) -> None:
    told = await scraped(visit.hub)
    assert told.all("tidings_callbacks_total") == {("taken",): 0, ("refused",): 0, ("unreadable",): 0}
    assert told("tidings_deliveries_total", kind="exhausted") == 0
    assert told("tidings_due_hops") == told("tidings_oldest_due_seconds") == told("tidings_log_position") == 0
    assert told.all("tidings_held_events") == {("waiting",): 0, ("given-up",): 0}
    assert told.all("tidings_endpoints") == {("well",): 0, ("failing",): 0, ("stopped",): 0}
    assert told("tidings_info", version=__version__) == 1
    assert told("tidings_store_up") == 1
    assert told("process_resident_memory_bytes") > 0


async def test_what_happens_and_what_waits_is_counted(visit: Visiting) -> None:
    life = await living(visit)
    message = await life.send()
    await life.send()
    visit.clock.move(5 * SECOND)
    await life.report(receipt(message, "delivered"), {"type": "receipt", "status": "sent", "reference": "r"}, {})
    await life.call_back(b"?")
    await life.call_back(b"?")
    await life.post(b"[]", {})
    # The operators hear that a callback could not be read.
    await visit.world.settle()
    told = await scraped(visit.hub)
    assert told("tidings_messages_total", kind="accepted") == 2
    assert told.all("tidings_callbacks_total") == {("taken",): 1, ("refused",): 1, ("unreadable",): 2}
    assert told("tidings_reports_total", kind="unknown") == 1
    assert told("tidings_log_position") == 5
    assert told("tidings_due_hops") == 2
    assert told("tidings_oldest_due_seconds") == 5
    assert told.all("tidings_parked_reports") == {("no message",): 1, ("unknown",): 1, ("unreadable",): 2}


async def test_batches_reads_and_the_event_loop_are_measured(flow: Flow) -> None:
    before = await scraped(flow.hub)
    store = flow.world.store
    written = [store.put(flow.world.pen, Accepted((flow.taking("nobody's"),))) for _ in range(5)]
    assert store.waiting >= 5
    await asyncio.gather(*written)
    told = await scraped(flow.hub)
    assert told("tidings_commit_steps_sum") >= before("tidings_commit_steps_sum") + 5
    assert told("tidings_commit_steps_count") < told("tidings_commit_steps_sum")
    assert told("tidings_commit_seconds_count") == told("tidings_commit_steps_count")
    assert 0 < told("tidings_commit_seconds_sum") < 5
    assert told("tidings_read_seconds_count") > before("tidings_read_seconds_count")
    assert told("tidings_commit_waiting") < 5
    lag = flow.world.measured.lag.seconds
    await until(lambda: len(lag) > 1)
    assert (await scraped(flow.hub))("tidings_loop_lag_seconds_count") >= 2


async def test_open_streams_and_inactive_subscriptions_are_told(flow: Flow) -> None:
    await flow.subscribe("http://127.0.0.1:9/", active=False, stopped="gone")
    await flow.subscribe("http://127.0.0.1:9/", id_="s2", active=False)
    assert flow.world.streams.open("w1")
    told = await scraped(flow.hub)
    assert told("tidings_streams_open") == 1
    assert told.all("tidings_subscriptions") == {("gone",): 1, ("paused",): 1}


async def test_the_last_round_of_forgetting_is_told_with_what_it_forgot(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await until(lambda: flow.world.measured.forgetting)
        message = await flow.accepted(expires_in=HOUR)
        begun = flow.clock.now()
        flow.clock.move(2 * HOUR)
        await until(lambda: flow.world.pen.memory[message])
        for _ in range(32):
            flow.clock.move(DAY)
            await until(lambda: _ended_at(flow) >= flow.clock.now() - HOUR)
        told = await scraped(flow.hub)
        assert told("tidings_forgetting_end_timestamp_seconds") * 1000 > begun + 31 * DAY
        assert told("tidings_forgetting_seconds") >= 0
        assert told("tidings_forgotten_total", kind="messages") == 1


def _ended_at(flow: Flow) -> int:
    last = flow.world.measured.forgetting
    assert isinstance(last, Round)
    return last.ended_at


# -- endpoints -----------------------------------------------------------------------------------------------------


async def test_an_endpoint_that_answers_is_well_and_its_attempts_are_timed(flow: Flow) -> None:
    async with Receiver() as receiver:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await flow.sent()
        await receiver.wait_for(2)
        await flow.quiet()
        told = await scraped(flow.hub)
    assert told.all("tidings_endpoint_attempts_total", **MINE) == {("", "done"): 2}
    assert told("tidings_endpoint_state", **MINE) == 0
    assert told("tidings_endpoint_oldest_undelivered_seconds", **MINE) == 0
    assert told("tidings_endpoint_seconds_count", **MINE) == told("tidings_delivery_seconds_count") == 2
    assert told("tidings_endpoint_seconds_bucket", le="10.0", **MINE) == 2
    assert told("tidings_endpoints", state="well") == 1
    assert told.all("tidings_endpoint_probe_timestamp_seconds") == {}


async def test_an_endpoint_that_fails_is_told_with_its_reasons_and_how_far_it_is_behind(flow: Flow) -> None:
    async with Receiver(lambda _: 500) as receiver:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        flow.clock.move(2 * SECOND)
        told = await scraped(flow.hub)
        assert told("tidings_endpoint_state", **MINE) == 1
        assert told("tidings_endpoint_held_events", **MINE) == 1
        assert told("tidings_endpoint_attempts_total", verdict="retry", **MINE) == 1
        assert told.all("tidings_endpoint_attempts_total", **MINE) == {("status", "retry"): 1}
        assert told("tidings_oldest_undelivered_seconds") == 2
        for _ in range(STOPS_AFTER):
            await flow.sent()
        await stopped(flow)
        flow.clock.move(SECOND)
        told = await scraped(flow.hub)
        assert told("tidings_endpoint_state", **MINE) == 2
        assert told.all("tidings_endpoints") == {("well",): 0, ("failing",): 0, ("stopped",): 1}
        assert told("tidings_endpoint_oldest_undelivered_seconds", **MINE) == 3
        probe_at = told("tidings_endpoint_probe_timestamp_seconds", **MINE) * 1000
        assert probe_at == flow.notifier().endpoint.condition.probe_at > flow.clock.now()


async def test_attempts_that_reached_nobody_have_their_class_and_no_time(flow: Flow) -> None:
    await flow.subscribe("http://nowhere.example.test/", "message.sent")
    await flow.sent()
    await until(lambda: flow.world.counts.all().get(("deliveries", "retry")))
    told = await scraped(flow.hub)
    (found,) = told.all("tidings_endpoint_attempts_total", **MINE)
    assert found in {(Fault.DNS.value, "retry"), (Fault.REFUSED_ADDRESS.value, "retry")}
    assert told("tidings_delivery_seconds_count") == 0
    assert told.all("tidings_endpoint_seconds_count") == {}


async def test_events_that_are_given_up_are_told(flow: Flow) -> None:
    async with Receiver(lambda _: 500) as receiver:
        await flow.subscribe(receiver.url, "message.sent")
        await flow.sent()
        for number in range(1, len(Omnichannel.schedule.waits) + 2):
            await receiver.wait_for(number)
            await flow.quiet()
            flow.clock.move(5 * HOUR)
        told = await scraped(flow.hub)
    assert told("tidings_endpoint_given_up_total", **MINE) == 1
    assert told("tidings_deliveries_total", kind="exhausted") == 1
    assert told("tidings_held_events", fate="given-up") == 1
    assert told("tidings_endpoint_held_events", **MINE) == 0


async def test_replays_under_way_are_told(flow: Flow) -> None:
    async with Receiver() as receiver:
        subscription = await flow.subscribe(receiver.url)
        for _ in range(3):
            await flow.sent()
        await receiver.wait_for(3)
        await flow.quiet()
        last = await flow.world.store.read(last_position())
        slow = Replay(id=flow.world.chance.id(), created_at=1, after=0, until=last, rate=0.001)
        await again.order(flow.world, subscription, slow)
        await until(lambda: flow.notifier().reading.replays)
        assert (await scraped(flow.hub))("tidings_endpoint_replays", **MINE) == 1


async def test_what_was_measured_of_a_subscription_goes_with_it(flow: Flow) -> None:
    async with Receiver() as receiver:
        await flow.subscribe(receiver.url)
        await flow.channel()
        await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        flow.world.measured.channels["c1"].callbacks["taken"] += 1
        assert "s1" in (await scraped(flow.hub)).text
        directory = flow.world.directory
        await directory.change(lambda: directory.drop_subscription(directory.subscriptions["s1"]))
        await directory.change(lambda: directory.drop_channel("w1", "c1"))
        await flow.hub.readers.settled()
        assert "s1" not in (await scraped(flow.hub)).text
        measured = flow.world.measured
        assert not measured.endpoints
        assert not measured.channels
        # The hub's own counters go on.
        assert (await scraped(flow.hub))("tidings_deliveries_total", kind="done") == 1


# -- channels ------------------------------------------------------------------------------------------------------


async def test_a_channel_is_told_with_its_queue_its_provider_and_what_came_of_its_submissions(flow: Flow) -> None:
    async with Provider(lambda _: {"id": "1"}) as provider:
        await flow.channel(provider.url)
        await flow.channel(provider.url, id_="c2")
        await flow.accepted("c1")
        await until(lambda: flow.world.measured.channels["c1"].submissions["sent"])
        await until(lambda: not flow.sender().reading.under_way)
        told = await scraped(flow.hub)
    assert told("tidings_channel_submissions_total", outcome="sent", **OURS) == 1
    assert told("tidings_channel_submissions_total", outcome="failed", **OURS) == 0
    assert told("tidings_channel_provider_seconds_count", **OURS) == 1
    assert told("tidings_channel_due_hops", **OURS) == told("tidings_channel_under_way", **OURS) == 0
    assert told("tidings_channel_failing", **OURS) == 0
    # Nothing was sent or heard by the other one.
    assert told("tidings_channel_due_hops", channel="c2") == 0
    assert told.all("tidings_channel_submissions_total", channel="c2") == {}


async def test_a_channel_whose_provider_takes_nothing_is_failing_and_its_queue_grows_old(flow: Flow) -> None:
    await flow.channel("http://127.0.0.1:9/")
    for number in range(FAILS_AFTER):
        await flow.accepted("c1", to=f"+3161234567{number}")
    await until(lambda: flow.sender().reading.failing_since is not None)
    await until(lambda: flow.world.measured.channels["c1"].submissions["deferred"] == FAILS_AFTER)
    flow.clock.move(SECOND)
    await until(lambda: not flow.sender().reading.under_way)
    told = await scraped(flow.hub)
    assert told("tidings_channel_failing", **OURS) == 1
    assert told("tidings_channel_due_hops", **OURS) == FAILS_AFTER
    assert told("tidings_channel_submissions_total", outcome="deferred", **OURS) == FAILS_AFTER


async def test_callbacks_are_told_by_channel(visit: Visiting) -> None:
    life = await living(visit)
    await life.call_back(b"?")
    await life.post(b"[]", {})
    told = await scraped(visit.hub)
    fates = told.all("tidings_channel_callbacks_total", workspace=life.workspace, channel=life.channel)
    assert fates == {("custom", "taken"): 0, ("custom", "refused"): 1, ("custom", "unreadable"): 1}


async def test_what_a_provider_fetches_is_counted_for_its_channel(visit: Visiting) -> None:
    life = await living(visit)
    await life.send()
    await life.fetch()
    told = await scraped(visit.hub)
    assert told("tidings_channel_submissions_total", channel=life.channel, outcome="fetched") == 1
    assert told("tidings_submissions_total", kind="fetched") == 1


# -- how much, by whom, to whom ------------------------------------------------------------------------------------


async def test_above_the_bound_nothing_is_told_of_each_and_everything_of_all(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url, metrics_detail=1) as flow:
        await flow.subscribe(receiver.url)
        await flow.channel()
        told = await scraped(flow.hub)
        assert told("tidings_endpoint_state", **MINE) == 0
        assert told("tidings_channel_failing", **OURS) == 0
        await flow.subscribe(receiver.url, id_="s2")
        await flow.channel(id_="c2")
        await flow.sent()
        await receiver.wait_for(2)
        told = await scraped(flow.hub)
        assert not re.search("tidings_(endpoint|channel)_", told.text)
        assert told("tidings_endpoints", state="well") == 2
        await until(lambda: flow.world.counts.all().get(("deliveries", "done")) == 2)
        assert (await scraped(flow.hub))("tidings_delivery_seconds_count") == 2


async def test_many_endpoints_are_told_a_few_at_a_time_and_one_may_go_meanwhile(flow: Flow) -> None:
    names = [f"s{number}" for number in range(3 * AT_ONCE)]
    for each in names:
        flow.world.measured.endpoints[each].given_up += 1
    endpoints = [EndpointReading("w1", each, WELL, None, 0, 0) for each in names]
    flow.world.readings = lambda: Readings(endpoints)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            flow.world.measured.keep({"s0", "s1"}, ())
            await asyncio.sleep(0)

    others = asyncio.get_running_loop().create_task(take_turns())
    sheet = await told_of(flow.world, None)
    others.cancel()
    assert turns >= 3
    told = Scrape(sheet.write().decode())
    assert len(told.all("tidings_endpoint_state")) == len(names)
    assert AT_ONCE - 1 <= len(told.all("tidings_endpoint_given_up_total")) < len(names)


async def test_what_stands_in_the_database_is_told_by_one_process_and_endpoints_by_whoever_has_them(
    postgres_url: str,
) -> None:
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        for number in range(4):
            await one.subscribe(receiver.url, id_=f"s{number + 2}")
        for each in (one, two):
            await until(lambda: len(each.world.directory.subscriptions) == 5)  # noqa: B023 - it is awaited here
            await each.hub.readers.settled()
        await until(lambda: len(one.hub.readers.notifiers) + len(two.hub.readers.notifiers) == 5)
        await one.sent()
        await receiver.wait_for(5)
        told = [await scraped(each.hub) for each in (one, two)]
    assert sorted(len(each.all("tidings_log_position")) for each in told) == [0, 1]
    assert sum(sum(each.all("tidings_subscriptions").values()) for each in told) == 5
    assert sum(sum(each.all("tidings_endpoints").values()) for each in told) == 5
    of_each = [subscription for each in told for (subscription, _) in each.all("tidings_endpoint_state")]
    assert sorted(of_each) == ["s1", "s2", "s3", "s4", "s5"]
    assert [each("tidings_store_up") for each in told] == [1, 1]


@pytest.mark.parametrize("trouble", [OSError("no disk"), None])
async def test_without_its_store_the_hub_still_tells_the_rest(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, trouble: Exception | None
) -> None:
    async def read(transaction: Any) -> Any:
        transaction.close()
        if trouble is not None:
            raise trouble
        await asyncio.Event().wait()

    monkeypatch.setattr(flow.world.store, "read", read)
    monkeypatch.setattr(door, "PATIENCE", 0.01)
    told = await scraped(flow.hub)
    monkeypatch.undo()
    assert told("tidings_store_up") == 0
    assert told.all("tidings_log_position") == {}
    assert told("tidings_endpoints", state="well") == 0
    assert health.PATIENCE > 1


@pytest.mark.parametrize(
    "shown",
    ["", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", "Bearer ", "Bearer \xff\xfe", "Basic !", f"Digest {KEY}", KEY],
)
async def test_where_there_is_a_key_nobody_comes_in_without_it(sqlite_url: str, shown: str) -> None:
    async with flowing(sqlite_url, metrics_key=KEY) as flow:
        answer = await asked(flow.hub, authorization=shown.encode("latin-1"))
        assert (answer.status_code, "tidings_" in answer.text) == (401, False)


@pytest.mark.parametrize("shown", [f"Bearer {KEY}", "Basic bW9uaXRvcjphLWtleS1mb3ItbW9uaXRvcnM="])
async def test_with_the_key_of_the_metrics_a_monitor_comes_in(tmp_path: Path, shown: str) -> None:
    async with flowing(f"sqlite:///{tmp_path / 'hub.db'}", metrics_key=KEY) as flow:
        assert (await scraped(flow.hub, authorization=shown))("tidings_store_up") == 1
        assert (await asked(flow.hub, authorization=f"Bearer {flow.world.settings.root_key}")).status_code == 401


async def test_every_number_belongs_to_a_family_that_is_declared_with_its_labels(flow: Flow) -> None:
    declared = {each.name: each for each in FAMILIES}
    told = await scraped(flow.hub)
    ours = [family for family in told.families if family.name.startswith("tidings_")]
    for family in ours:
        known = declared[family.name]
        assert (family.type, family.documentation) == (known.kind.value, known.help)
        for sample in family.samples:
            assert sample.name in known.samples
            labels = set(sample.labels) - ({"le"} if known.kind is Kind.HISTOGRAM else set())
            assert labels == set(known.labels)
    assert len(ours) > 20
    assert len(declared) == len(FAMILIES)


async def test_a_hub_to_which_everything_has_happened_tells_every_family(flow: Flow) -> None:
    async with Receiver(lambda _: 500) as receiver, Provider(lambda _: {"id": "1"}) as provider:
        await flow.subscribe(receiver.url)
        await flow.channel(provider.url)
        await flow.accepted("c1")
        await until(lambda: flow.world.measured.channels["c1"].submissions["sent"])
        for _ in range(STOPS_AFTER + 1):
            await flow.sent()
        await stopped(flow)
        lost = Receipt(target=Target(reference="nobody's"), stage=Stage.DELIVERED, raw=RAW)
        await flow.world.record(Told(flow.as_channel("c1"), lost))
        flow.world.spawn(broken())
        with structlog.testing.capture_logs():
            await flow.world.settle()
        await until(lambda: flow.world.measured.forgetting)
        told = await scraped(flow.hub)
    names = {family.name for family in told.families}
    assert {family.name for family in FAMILIES} - names == set()


async def broken() -> None:
    raise ZeroDivisionError
