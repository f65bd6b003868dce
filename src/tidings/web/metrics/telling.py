"""Putting the numbers of a moment down: of the process, of what waits in the store, of each endpoint and channel."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final

from tidings import __version__
from tidings.flow.readings import ChannelReading, EndpointReading
from tidings.flow.state import State
from tidings.flow.world import World
from tidings.model.subscriptions import Subscription
from tidings.rules.endpoint import Condition
from tidings.web.metrics import families as of
from tidings.web.metrics.sheet import Sheet

STATES: Final = ("well", "failing", "stopped")
"""How endpoints can be doing; the place of each is its number."""
AT_ONCE: Final = 100
"""How many endpoints are told in one go, before everybody else has a turn: a millisecond."""


async def told(world: World, waiting: State | None) -> Sheet:
    """Put everything down; `waiting` is what waits in the store, None where another process tells it."""
    sheet = Sheet()
    readings = world.readings()
    endpoints = sorted(readings.endpoints, key=lambda each: each.subscription)
    _tell_counts(sheet, world)
    _tell_process(sheet, world)
    _tell_all_endpoints(sheet, endpoints, world.clock.now())
    if waiting is not None:
        _tell_waiting(sheet, world, waiting)
    # Every process decides alike: it is not how many are told here that counts.
    most = world.settings.metrics_detail
    if len(world.directory.subscriptions) <= most:
        for number, endpoint in enumerate(endpoints):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            _tell_endpoint(sheet, world, endpoint)
    if len(world.directory.channels) <= most:
        _tell_channels(sheet, world, readings.channels, waiting)
    return sheet


def _tell_counts(sheet: Sheet, world: World) -> None:
    counted = world.counts.all()
    for family in of.COUNTED:
        kinds = {kind: number for (name, kind), number in counted.items() if name == family.counted}
        for kind, number in sorted((dict.fromkeys(family.values, 0) | kinds).items()):
            sheet.put(family, number, kind)


def _tell_process(sheet: Sheet, world: World) -> None:
    measured, timing = world.measured, world.store.timing
    sheet.put(of.INFO, 1, __version__)
    sheet.put(of.SOCKETS_OPEN, len(world.live.lines))
    sheet.put(of.SOCKETS_WAITING, world.live.lines.waiting)
    sheet.put(of.STREAMS_OPEN, len(world.streams))
    sheet.put(of.COMMIT_WAITING, world.store.waiting)
    sheet.put_histogram(of.DELIVERY_SECONDS, measured.deliveries)
    sheet.put_histogram(of.COMMIT_SECONDS, timing.commits)
    sheet.put_histogram(of.COMMIT_STEPS, timing.steps)
    sheet.put_histogram(of.READ_SECONDS, timing.reads)
    sheet.put_histogram(of.LAG, measured.lag.seconds)
    if (last := measured.forgetting) is not None:
        sheet.put(of.FORGETTING_ENDED, last.ended_at / 1000)
        sheet.put(of.FORGETTING_SECONDS, (last.ended_at - last.began_at) / 1000)


def _tell_all_endpoints(sheet: Sheet, endpoints: Iterable[EndpointReading], now: int) -> None:
    found = Counter(_state(each.condition) for each in endpoints)
    for number, name in enumerate(STATES):
        sheet.put(of.ENDPOINTS, found[number], name)
    sheet.put(of.OLDEST_UNDELIVERED, max((_since(each.oldest_at, now) for each in endpoints), default=0.0))


def _tell_waiting(sheet: Sheet, world: World, waiting: State) -> None:
    now = world.clock.now()
    oldest = min((each.oldest_at for each in waiting.due.values()), default=None)
    sheet.put(of.LOG_POSITION, waiting.position)
    sheet.put(of.DUE_HOPS, sum(each.number for each in waiting.due.values()))
    sheet.put(of.OLDEST_DUE, _since(oldest, now))
    sheet.put(of.HELD, waiting.held, "waiting")
    sheet.put(of.HELD, waiting.dead, "given-up")
    for why, number in sorted(waiting.parked.items()):
        sheet.put(of.PARKED, number, why)
    for state, number in sorted(Counter(map(_standing, world.directory.subscriptions.values())).items()):
        sheet.put(of.SUBSCRIPTIONS, number, state)


def _tell_endpoint(sheet: Sheet, world: World, endpoint: EndpointReading) -> None:
    labels, condition = (endpoint.workspace, endpoint.subscription), endpoint.condition
    sheet.put(of.ENDPOINT_STATE, _state(condition), *labels)
    sheet.put(of.ENDPOINT_OLDEST, _since(endpoint.oldest_at, world.clock.now()), *labels)
    sheet.put(of.ENDPOINT_HELD, endpoint.held, *labels)
    sheet.put(of.ENDPOINT_REPLAYS, endpoint.replays, *labels)
    if condition.is_stopped:
        sheet.put(of.ENDPOINT_PROBE, condition.probe_at / 1000, *labels)
    tally = world.measured.endpoints.get(endpoint.subscription)
    if tally is None:
        return  # It went away meanwhile.
    for (verdict, fault), number in sorted(tally.attempts.items(), key=str):
        sheet.put(of.ENDPOINT_ATTEMPTS, number, *labels, verdict.value, fault.value if fault else "")
    sheet.put(of.ENDPOINT_GIVEN_UP, tally.given_up, *labels)
    if tally.seconds:
        sheet.put_histogram(of.ENDPOINT_SECONDS, tally.seconds, *labels)


def _tell_channels(sheet: Sheet, world: World, readings: Iterable[ChannelReading], waiting: State | None) -> None:
    now, here = world.clock.now(), {each.channel: each for each in readings}
    for channel in sorted(world.directory.channels.values(), key=lambda each: each.id):
        labels = channel.workspace, channel.id, channel.connector
        if waiting is not None:
            due = waiting.due.get(channel.id)
            sheet.put(of.CHANNEL_DUE, due.number if due else 0, *labels)
            sheet.put(of.CHANNEL_OLDEST, _since(due.oldest_at if due else None, now), *labels)
        if (reading := here.get(channel.id)) is not None:
            sheet.put(of.CHANNEL_UNDER_WAY, reading.under_way, *labels)
            sheet.put(of.CHANNEL_FAILING, reading.failing_since is not None, *labels)
        # Callbacks come to any process, whoever sends for the channel.
        if (tally := world.measured.channels.get(channel.id)) is not None:
            for outcome in of.OUTCOMES:
                sheet.put(of.CHANNEL_SUBMISSIONS, tally.submissions[outcome], *labels, outcome)
            for fate in of.FATES:
                sheet.put(of.CHANNEL_CALLBACKS, tally.callbacks[fate], *labels, fate)
            if tally.seconds:
                sheet.put_histogram(of.CHANNEL_SECONDS, tally.seconds, *labels)


def _state(condition: Condition) -> int:
    if condition.is_stopped:
        return STATES.index("stopped")
    return STATES.index("well" if condition.failing_since is None else "failing")


def _standing(subscription: Subscription) -> str:
    return "active" if subscription.active else subscription.stopped or "paused"


def _since(at: int | None, now: int) -> float:
    """Seconds since a time; 0 where there is none, or it is still to come."""
    return 0.0 if at is None else max(0, now - at) / 1000
