"""What a custom channel reports by way of the API: how a message fares, and what people write."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from tidings.connectors.custom import Custom
from tidings.dialects.omnichannel import read_inbound, read_status
from tidings.dialects.omnichannel.names import outside
from tidings.dialects.omnichannel.reporting import InboundReport, StatusReport
from tidings.flow import look
from tidings.flow.facts import Promise, Told
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused
from tidings.model.reports import Inbound
from tidings.model.workspaces import Channel, Scope
from tidings.web.door import Page, Visit, json_page
from tidings.web.omnichannel.messages import find_message
from tidings.web.omnichannel.places import door
from tidings.web.taking import answered


class Reported(Struct, frozen=True, rename="camel"):
    """A status as it was taken."""

    message_id: str
    channel: str
    status: str


class Received(Struct, frozen=True):
    """The id of the message that an inbound became."""

    id: str


@door(
    "POST",
    "/messages/{message}/statuses/{status}",
    scope=Scope.SEND,
    summary="Report how a message fares on a custom channel",
    takes=StatusReport,
    gives={200: Reported},
)
async def report_status(visit: Visit) -> Page:
    """Take a receipt of a custom channel's."""
    if (page := await answered(visit)) is not None:
        return page
    world, status = visit.world, visit.params["status"]
    standing = await find_message(visit)
    platform, receipt = read_status(status, visit.body, message_id=standing.message.id, now=world.clock.now())
    over = {hop.channel for hop in standing.life.hops}
    channel = next((each for each in _custom_channels(visit, platform) if each.id in over), None)
    if channel is None:
        name = outside(platform)
        wrong = FieldError("channel", f"The message did not go over a custom channel of {name}.", "conflict")
        raise Refused("This channel has no say in the message.", status=409, errors=(wrong,))
    body = msgspec.json.encode(Reported(standing.message.id, outside(platform), status))
    promise = visit.promise(200, body)
    outcome = await world.record(Told(channel, receipt, promise))
    if isinstance(outcome.value, Promise):
        return visit.replay(outcome.value, promise)
    return Page(200, body)


@door(
    "POST",
    "/messages/inbounds",
    scope=Scope.SEND,
    summary="Hand in what a person wrote on a custom channel",
    takes=InboundReport,
    gives={200: "It was handed in before, under the same id of its channel's: the `id` it has.", 201: Received},
)
async def receive_inbound(visit: Visit) -> Page:
    """Take an inbound message of a custom channel's."""
    if (page := await answered(visit)) is not None:
        return page
    world = visit.world
    platform, inbound = read_inbound(visit.body, now=world.clock.now())
    channel = _receiver(_custom_channels(visit, platform), inbound)
    if channel is None:
        wrong = FieldError("channel", f"The workspace has no custom channel of {outside(platform)}.", "unknown")
        raise Refused("There is nothing it can come in by.", status=409, errors=(wrong,))
    known = await _known(world, channel, inbound)
    if known is not None:
        return json_page(200, known)
    received = Received(world.chance.id())
    promise = visit.promise(201, msgspec.json.encode(received))
    outcome = await world.record(Told(channel, inbound, promise, received.id))
    if isinstance(outcome.value, Promise):
        return visit.replay(outcome.value, promise)
    if not outcome.value:
        # Somebody handed the same in at the same moment.
        return json_page(200, await _known(world, channel, inbound))
    return json_page(201, received)


def _custom_channels(visit: Visit, platform: str) -> list[Channel]:
    mine = visit.world.directory.channels_of(visit.tenant.id)
    return [each for each in mine if each.connector == Custom.name and each.platform == platform]


def _receiver(channels: Sequence[Channel], inbound: Inbound) -> Channel | None:
    """Choose the channel whose own address the message came to, else the oldest; None where there is none."""
    named = (each for each in channels if inbound.to and each.settings.get("sender") == inbound.to)
    return next(named, channels[0] if channels else None)


async def _known(world: World, channel: Channel, inbound: Inbound) -> Received | None:
    """Find the message that the inbound became when it was handed in before."""
    found = await world.store.read(look.received_as(channel.id, inbound.key.partition(":")[2]))
    return Received(found) if found else None
