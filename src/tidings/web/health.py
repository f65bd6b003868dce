"""Whether the hub lives, and whether it can work."""

import asyncio
from typing import Final

import structlog

from tidings.model.errors import Refused
from tidings.store.log import last_position
from tidings.web.door import Page, Visit, json_page, route

log = structlog.get_logger()

PATIENCE: Final = 5.0
"""Seconds the store has to answer."""


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
    try:
        async with asyncio.timeout(PATIENCE):
            await visit.world.store.read(last_position())
    except Exception as error:
        log.warning("the store cannot be reached", exc_info=error)
        raise Refused("The store cannot be reached.", status=503) from error
    return json_page(200, {"status": "ready"})
