"""What `tidings doctor` finds of the URLs that a hub is to call: those that its address guard refuses, and why."""

import asyncio

import msgspec
import sqlalchemy
from msgspec import Struct

from tidings.assemble import bounds
from tidings.cli.findings import Finding, Level
from tidings.cli.inspection import looked_at
from tidings.model.errors import Misconfigured
from tidings.settings import Settings
from tidings.wire.guard import Guard

SUBJECT = "Webhook URLs"
LOOK_UP_SECONDS = 5.0
"""How long each name may take to be looked up."""
SHOWN = 3
"""How many refused ones are told."""


class _Told(Struct):
    """What is read of a subscription."""

    id: str
    url: str
    active: bool


async def webhook_urls(settings: Settings, *, has_tables: bool) -> Finding:
    """Look at the URL of every active subscription as the hub would before it calls it."""
    try:
        guard = Guard(bounds(settings))
    except Misconfigured as error:
        return Finding(SUBJECT, Level.WRONG, str(error), "Write networks as 10.0.0.0/8, separated by commas.")
    told = [each for each in await looked_at(settings, _subscriptions) if each.active] if has_tables else []
    passages = await asyncio.gather(*(guard.find(each.url, timeout=LOOK_UP_SECONDS) for each in told))
    refused = [
        f"{each.id}: {passage.why}"
        for each, passage in zip(told, passages, strict=True)
        if passage.error in ("refused-address", "url")
    ]
    if refused:
        more = [f"and {len(refused) - SHOWN} more"] if len(refused) > SHOWN else []
        return Finding(
            SUBJECT,
            Level.DOUBT,
            f"{len(refused)} of {len(told)} are not called. {' '.join([*refused[:SHOWN], *more])}",
            "Have the URL changed, or allow it with TIDINGS_ALLOW_NETWORKS or TIDINGS_ALLOW_HTTP.",
        )
    beside = f", and in {settings.allow_networks}" if settings.allow_networks else ""
    how = "http and https" if settings.allow_http else "https"
    return Finding(SUBJECT, Level.GOOD, f"all {len(told)} may be called: by {how} at public addresses{beside}")


def _subscriptions(connection: sqlalchemy.Connection) -> list[_Told]:
    rows = connection.execute(sqlalchemy.text("SELECT body FROM subscription ORDER BY id"))
    return [msgspec.json.decode(bytes(row[0]), type=_Told) for row in rows]
