"""Whether the hub lives, whether it can work, and how much it does; no tenant is named here."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.flow.state import State, state
from tidings.flow.world import World
from tidings.model.errors import Refused
from tidings.web.door import Page, Visit, json_page, route

log = structlog.get_logger()

PATIENCE: Final = 5.0
"""Seconds the store has to answer."""
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


@route(
    "GET",
    "/healthz",
    auth="none",
    scope=None,
    group="health",
    summary="Whether the process lives",
    gives={200: "It does."},
)
async def healthz(_: Visit) -> Page:
    """Say that the process lives."""
    return json_page(200, {"status": "ok"})


@route(
    "GET",
    "/readyz",
    auth="none",
    scope=None,
    group="health",
    summary="Whether the store can be reached",
    gives={200: "It can.", 503: "It cannot."},
)
async def readyz(visit: Visit) -> Page:
    """Say whether the hub can work."""
    await _state(visit.world)
    return json_page(200, {"status": "ready"})


@route(
    "GET",
    "/metrics",
    auth="none",
    scope=None,
    group="health",
    summary="Counters and gauges for Prometheus",
    gives={200: "Text in the Prometheus format"},
)
async def metrics(visit: Visit) -> Page:
    """Show what was counted, and what waits."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Numbers(visit.world, await _state(visit.world)))
    return Page(200, generate_latest(registry), (), METRICS)


async def _state(world: World) -> State:
    try:
        async with asyncio.timeout(PATIENCE):
            return await world.store.read(state())
    except Exception as error:
        log.warning("the store cannot be reached", exc_info=error)
        raise Refused("The store cannot be reached.", status=503) from error


class _Numbers(Collector):
    """The hub's numbers at one moment."""

    def __init__(self, world: World, waiting: State) -> None:
        self._counted = world.counts.all()
        self._waiting = waiting
        self._now = world.clock.now()

    def collect(self) -> Iterable[Metric]:
        """Give the metrics."""
        yield from self._counters()
        waiting = self._waiting
        oldest = 0 if waiting.oldest_due_at is None else max(0, self._now - waiting.oldest_due_at) / 1000
        yield GaugeMetricFamily("tidings_log_position", "Position of the newest event.", waiting.position)
        yield GaugeMetricFamily("tidings_due_hops", "Hops to be submitted.", waiting.due)
        yield GaugeMetricFamily("tidings_oldest_due_seconds", "How long the oldest of them has been due.", oldest)
        held = GaugeMetricFamily("tidings_held_events", "Events set aside for a subscription.", labels=["fate"])
        held.add_metric(["waiting"], waiting.held)
        held.add_metric(["given-up"], waiting.dead)
        yield held
        parked = GaugeMetricFamily("tidings_parked_reports", "Reports and callbacks that wait.", labels=["why"])
        for why, number in sorted(waiting.parked.items()):
            parked.add_metric([why], number)
        yield parked

    def _counters(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily] = {}
        for (name, label), number in sorted(self._counted.items()):
            if name not in families:
                families[name] = CounterMetricFamily(f"tidings_{name}", f"Counted {name}, by kind.", labels=["kind"])
            families[name].add_metric([label], number)
        yield from families.values()
