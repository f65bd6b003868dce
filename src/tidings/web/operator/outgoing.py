"""Messages that a provider of the operator's own fetches, rather than having them posted to it."""

from tidings.flow.outgoing import AGAIN_AFTER, hand_out
from tidings.model.errors import Misconfigured, Refused
from tidings.model.workspaces import Scope
from tidings.web.door import Argument, Page, Visit, json_page, route
from tidings.web.operator.channels import channel_of
from tidings.web.operator.lists import MOST, USUAL, limit_of


@route(
    "GET",
    "/workspaces/{workspace}/channels/{channel}/outgoing",
    scope=Scope.SEND,
    group="operator",
    summary="Fetch the messages that a polled custom channel is to send",
    gives={
        200: "`results`, each as it would be posted. What became of each is told by the omnichannel statuses; "
        f"a message that nothing is told of for {AGAIN_AFTER // 1000} seconds is given again.",
        409: "The channel's messages are posted, not fetched.",
    },
    query=(Argument("limit", f"How many, 1 to {MOST}; {USUAL} where it is not said.", "integer"),),
)
async def fetch_outgoing(visit: Visit) -> Page:
    """Hand the due messages of a channel out."""
    channel, limit = channel_of(visit), limit_of(visit)
    try:
        bodies = await hand_out(visit.world, channel, limit)
    except Misconfigured as error:
        raise Refused("The channel's settings do not fit its connector any more.", status=409) from error
    if bodies is None:
        raise Refused("The messages of this channel are posted to its provider, not fetched.", status=409)
    return json_page(200, {"results": bodies})
