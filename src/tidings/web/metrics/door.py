"""The door where a monitor reads what the hub counts and measures."""

import asyncio
import hmac

import structlog

from tidings.flow.state import State, state
from tidings.flow.world import World
from tidings.store.log import last_position
from tidings.store.statements import Transaction
from tidings.web.door import Page, Visit, route
from tidings.web.errors import no_key
from tidings.web.health import PATIENCE
from tidings.web.keys import shown_keys
from tidings.web.metrics.families import STORE_UP
from tidings.web.metrics.sheet import CONTENT_TYPE
from tidings.web.metrics.telling import told

log = structlog.get_logger()


@route(
    "GET",
    "/metrics",
    auth="none",
    scope=None,
    group="health",
    summary="Counters, gauges and histograms for Prometheus",
    gives={200: "Text in the Prometheus format", 401: "It needs the key of `TIDINGS_METRICS_KEY`."},
)
async def metrics(visit: Visit) -> Page:
    """Show what was counted and measured, and what waits; also where the store cannot be reached."""
    world = visit.world
    _admit(visit, world.settings.metrics_key)
    sweeps = world.readings().sweeps
    found = await _found(world, state() if sweeps else last_position())
    sheet = await told(world, found if isinstance(found, State) else None)
    sheet.put(STORE_UP, found is not None)
    # A thousand endpoints are some ten thousand lines: nobody else is to wait for them.
    return Page(200, await asyncio.to_thread(sheet.write), (), CONTENT_TYPE)


def _admit(visit: Visit, key: str) -> None:
    """Let everybody in where there is no key; raises Refused where there is one, and it is not shown."""
    if key and not any(hmac.compare_digest(shown.encode(), key.encode()) for shown in shown_keys(visit)):
        raise no_key()


async def _found(world: World, asked: Transaction[State] | Transaction[int]) -> State | int | None:
    """Ask the store something; None where it does not answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await world.store.read(asked)
    except Exception as error:
        log.warning("the store cannot be reached", exc_info=error)
        return None
