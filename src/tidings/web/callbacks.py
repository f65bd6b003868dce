"""Where providers call us; each is answered as it expects to be."""

from tidings.flow.receive import receive
from tidings.model.exchange import Callback
from tidings.web.door import ANY, Page, Visit, missing, route


@route(
    ANY,
    "/callbacks/{channel}/{below...}",
    auth="none",
    scope=None,
    group="callbacks",
    limit="callback",
    summary="A provider's callback, where it needs several places",
    takes="Whatever the provider sends, signed as it signs.",
    gives={200: "What the provider expects to hear", 403: "The callback is not proven to be the provider's."},
)
@route(
    ANY,
    "/callbacks/{channel}",
    auth="none",
    scope=None,
    group="callbacks",
    limit="callback",
    summary="A provider's callback",
    takes="Whatever the provider sends, signed as it signs.",
    gives={200: "What the provider expects to hear", 403: "The callback is not proven to be the provider's."},
)
async def take_callback(visit: Visit) -> Page:
    """Take a callback; it is on disk before it is answered."""
    world = visit.world
    channel = world.directory.channels.get(visit.params["channel"])
    if channel is None:
        raise missing("channel", visit.params["channel"])
    callback = Callback(
        method=visit.method,
        url=world.settings.public_url + visit.url,
        headers=visit.headers,
        body=visit.body,
        received_at=world.clock.now(),
        below=visit.params.get("below", "").strip("/"),
    )
    answer = await receive(world, channel, callback)
    return Page(answer.status, answer.body, (), answer.content_type)
