"""What people did with a message: an addition of ours, for the published vocabulary tells it by webhooks alone."""

from typing import Any

from tidings.dialects.counting import with_counts
from tidings.dialects.omnichannel import show_interaction
from tidings.flow.interactions import interactions_after
from tidings.model.events import Kind
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Visit, json_page
from tidings.web.omnichannel.messages import find_message
from tidings.web.omnichannel.places import door
from tidings.web.operator.lists import PAGING, limit_of, position_of


@door(
    "GET",
    "/messages/{message}/interactions",
    scope=Scope.READ,
    summary="List what people did with a message, oldest first",
    gives={200: "`{results}`; beside it `nextPageToken`, if there is more, and `counts`, if there are any."},
    query=PAGING,
)
async def list_interactions(visit: Visit) -> Page:
    """List the interactions with a message, over whatever channel, and count them."""
    limit, after = limit_of(visit), position_of(visit)
    message = (await find_message(visit)).message.id
    asked = interactions_after(message, (Kind.INTERACTION,), after=after, limit=limit)
    done = await visit.world.store.read(asked)
    shown: dict[str, Any] = {"results": [show_interaction(event) for event in done.events]}
    if done.more:
        shown["nextPageToken"] = str(done.events[-1].position)
    return json_page(200, with_counts(shown, done.counts))
