"""One message's whole life."""

from typing import Any

from tidings.dialects.counting import with_counts
from tidings.flow.history import WholeLife, whole_life
from tidings.model.events import Kind
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Visit, missing, route
from tidings.web.operator.shown import shown, shown_event, shown_fields
from tidings.web.tags import tagged_page


@route(
    "GET",
    "/workspaces/{workspace}/messages/{message}",
    scope=Scope.READ,
    group="operator",
    summary="Show the whole life of a message: hops, parts, history, events, interactions",
    gives={200: "The message, where it stands, and all that became of it"},
)
async def get_message(visit: Visit) -> Page:
    """Show a message's whole life."""
    workspace, named = visit.tenant.id, visit.params["message"]
    mine = {
        each.serial: each.id for each in visit.world.directory.subscriptions.values() if each.workspace == workspace
    }
    found = await visit.world.store.read(whole_life(workspace, named, list(mine)))
    if found is None:
        raise missing("message", named)
    return tagged_page(200, show_life(found, mine))


def show_life(found: WholeLife, subscriptions: dict[int, str]) -> dict[str, Any]:
    """Show a message with everything about it; `subscriptions` has their ids by their serials."""
    message, life = found.standing.message, found.standing.life
    where = shown_fields(life)
    del where["messageId"]
    where.pop("names", None)
    events = [
        {
            **shown_event(event),
            "attempts": [
                {**shown(attempt), "subscriptionId": subscriptions[attempt.subscription]}
                for attempt in found.attempts
                if attempt.position == event.position
            ],
        }
        for event in found.events
    ]
    told = {
        **shown_fields(message),
        **where,
        "hops": shown(life.hops),
        "events": events,
        "interactions": [each for each in events if each["kind"] == Kind.INTERACTION],
        "history": shown(list(found.history)),
    }
    return with_counts(told, found.counts)
