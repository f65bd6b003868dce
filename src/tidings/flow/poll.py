"""Asking providers that do not call us: what they have is told like any callback, and the place is kept after it."""

import asyncio
from typing import Any, Final

import structlog

from tidings.connectors.connector import Connector
from tidings.flow.credentials import renew
from tidings.flow.facts import Told
from tidings.flow.world import World
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.workspaces import Channel
from tidings.rules.schedule import MINUTE, SECOND, Schedule
from tidings.store.statements import Transaction, statement

log = structlog.get_logger()

RETRIES: Final = Schedule((5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE))
"""When a provider is asked again that could not be asked; the last wait is repeated."""


class Poller:
    """Asks the provider of one channel, for as long as it is ours."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel
        self._task: asyncio.Task[None] | None = None

    def start(self, connector: Connector[Any]) -> None:
        """Ask from now on, if the connector wants it."""
        if connector.poll_seconds is not None:
            self._task = asyncio.get_running_loop().create_task(self._ask_on(connector))

    async def stop(self) -> None:
        """Ask no more; what is on disk is asked for from there again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask_on(self, connector: Connector[Any]) -> None:
        failures, stale = 0, False
        while True:
            try:
                connector = await renew(self._world, self._channel.id, connector, refused=stale)
                stale = False
                more = await self._ask(connector)
                failures = 0
                wait = 0 if more else round((connector.poll_seconds or 0) * SECOND)
            except (NoReply, SendFailed, SendDeferred) as error:
                failures += 1
                stale = isinstance(error, SendDeferred) and error.stale
                log.warning("a provider cannot be asked", channel=self._channel.id, why=str(error))
                wait = self._pause(failures)
            except Exception:
                failures += 1
                log.exception("a provider cannot be asked", channel=self._channel.id)
                wait = self._pause(failures)
            await self._rest(wait)

    async def _ask(self, connector: Connector[Any]) -> bool:
        """Ask once, have everything told, and keep the place; says whether there is more."""
        world = self._world
        name = f"poll:{self._channel.id}"
        place = await world.store.read(_place(name))
        exchange = connector.poll(place, world.clock.now())
        polled = await world.http.carry(exchange, timeout=world.settings.provider_timeout)
        since = world.traces.moment()
        written = [world.store.put(world.pen, Told(self._channel, report)) for report in polled.reports]
        for report, outcome in zip(polled.reports, await asyncio.gather(*written), strict=True):
            world.traces.reported(self._channel, report, outcome.messages, since)
        world.counts.add("polls", "asked")
        if polled.place != place:
            await world.store.write(lambda: _keep(name, polled.place))
        return polled.more

    def _pause(self, failures: int) -> int:
        wait = RETRIES.wait(min(failures, len(RETRIES.waits)), self._world.chance.share())
        assert wait is not None
        return wait

    async def _rest(self, milliseconds: int) -> None:
        clock, wake = self._world.clock, asyncio.Event()
        timer = clock.at(clock.now() + milliseconds, wake.set)
        try:
            await wake.wait()
        finally:
            timer.cancel()


def _place(name: str) -> Transaction[str]:
    rows = yield statement("get_setting")(name=name)
    return str(rows[0][0]) if rows else ""


def _keep(name: str, place: str) -> Transaction[None]:
    yield statement("put_setting")(name=name, value=place)
