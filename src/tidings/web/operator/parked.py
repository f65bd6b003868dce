"""What is parked: reports that found no message, and what could not be read."""

from typing import Any, Final

from tidings.flow.look import NEWEST
from tidings.flow.parked import Parked, parked_in, replay
from tidings.model.exchange import Callback
from tidings.model.workspaces import Scope
from tidings.rules.times import to_iso
from tidings.web.door import Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, limit_of, shown_page
from tidings.web.operator.shown import shown, shown_fields

HIDDEN: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers of a callback that are not shown."""


@route(
    "GET",
    "/workspaces/{workspace}/parked",
    scope=Scope.READ,
    group="operator",
    summary="List the receipts and callbacks that found no message or could not be read, newest first",
    gives={200: "A page of what is parked"},
    query=PAGING,
)
async def list_parked(visit: Visit) -> Page:
    """List what is parked."""
    limit = limit_of(visit)
    before = visit.query.get("pageToken", NEWEST)
    found = await visit.world.store.read(parked_in(visit.tenant.id, before, limit + 1))
    token = found[limit - 1].id if len(found) > limit else None
    return json_page(200, shown_page([show_parked(each) for each in found[:limit]], token))


@route(
    "POST",
    "/workspaces/{workspace}/parked/{parked}/replay",
    scope=Scope.MANAGE,
    group="operator",
    summary="Tell something parked again: a report as it is, a callback as today's connector reads it",
    gives={200: "Whether it found its message and is parked no longer, and which message"},
)
async def replay_parked(visit: Visit) -> Page:
    """Tell something parked again."""
    named = visit.params["parked"]
    told = await replay(visit.world, visit.tenant.id, named)
    if told is None:
        raise missing("parked report", named)
    return json_page(200, {"found": told.found, "messages": told.messages, "why": told.why})


def show_parked(parked: Parked) -> dict[str, Any]:
    """Show something parked."""
    told: dict[str, Any] = {
        "id": parked.id,
        "channelId": parked.channel,
        "reference": parked.reference,
        "why": parked.why,
        "at": to_iso(parked.at),
    }
    if parked.waiting.report is not None:
        told["report"] = shown(parked.waiting.report)
    if parked.waiting.callback is not None:
        told["callback"] = _show_callback(parked.waiting.callback)
    return told


def _show_callback(callback: Callback) -> dict[str, Any]:
    headers = {name: value for name, value in callback.headers.items() if name not in HIDDEN}
    return {**shown_fields(callback), "headers": headers, "receivedAt": to_iso(callback.received_at)}
