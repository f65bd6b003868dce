"""Messages of one channel: sending one, reading them back, and what people did with them."""

import re
from typing import Any, Final

import msgspec

from tidings.dialects.channels import read_send, show_interaction, show_message
from tidings.dialects.channels.vocabulary import FAMILIES, INTERACTION
from tidings.dialects.counting import with_counts
from tidings.dialects.dialect import Telling
from tidings.flow import look
from tidings.flow.accept import unsendable
from tidings.flow.interactions import counted, interactions_after
from tidings.flow.look import NEWEST, Standing
from tidings.model.errors import FieldError, Refused
from tidings.model.events import Event
from tidings.model.messages import Direction
from tidings.model.platforms import platform
from tidings.model.workspaces import Channel, Scope
from tidings.rules.addresses import address
from tidings.rules.contacts import contact_id
from tidings.web.channels.places import bad_token, door
from tidings.web.door import Argument, Page, Visit, json_page, missing
from tidings.web.operator.lists import PAGING, limit_of, position_of, shown_page
from tidings.web.tags import tag_of, tagged_page
from tidings.web.taking import answered, prepared, taken

MESSAGES: Final = "/channels/{channel}/messages"
MESSAGE: Final = "/channels/{channel}/messages/{message}"

_DEEDS: Final = tuple(kind for kind, family in FAMILIES.items() if family == INTERACTION)
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@door(
    "POST",
    MESSAGES,
    scope=Scope.SEND,
    summary="Send a message over a channel",
    takes="`{receiver, sender, reference, body | template, meta, replyTo, enableLinkTracking, tags}`",
    gives={202: "The message as it was taken; its life goes on.", 422: "Everything that is wrong with it."},
)
async def send(visit: Visit) -> Page:
    """Take one message."""
    if (page := await answered(visit)) is not None:
        return page
    channel = find_channel(visit)
    draft = read_send(visit.body, channel=channel, now=visit.world.clock.now())
    taking = await prepared(visit, draft, named=_place, status=422)
    errors = unsendable(taking)
    if errors:
        raise Refused("The channel cannot send this.", status=422, errors=errors)

    def shown(standing: Standing) -> bytes:
        return msgspec.json.encode(show_message(standing.message, standing.life, channel=channel.id))

    page, _ = await taken(visit, taking, 202, shown)
    return page


@door(
    "GET",
    MESSAGES,
    scope=Scope.READ,
    summary="List a channel's messages, newest first",
    gives={200: "`{results, nextPageToken}`; the token is null on the last page."},
    query=(Argument("phonenumber", "Only messages to or from this number, as E.164."), *PAGING),
)
async def list_messages(visit: Visit) -> Page:
    """List the messages that went or came by a channel, and those that wait for it."""
    channel, limit = find_channel(visit), limit_of(visit)
    until = visit.query.get("pageToken", NEWEST)
    if not _ID.fullmatch(until):
        raise bad_token()
    number = visit.query.get("phonenumber")
    if number is None:
        asked = look.messages_in(visit.tenant.id, channel=channel.id, until=until, limit=limit + 1)
    else:
        normal = _number(number)
        contact = contact_id(visit.tenant.id, "phonenumber", normal)
        asked = look.messages_by_address(channel.id, normal, contact, until=until, limit=limit + 1)
    found = await visit.world.store.read(asked)
    counts = await visit.world.store.read(counted([each.message.id for each in found[:limit]]))
    results = [
        show_message(each.message, each.life, channel=channel.id, counts=counts.get(each.message.id))
        for each in found[:limit]
    ]
    token = found[limit].message.id if len(found) > limit else None
    return json_page(200, shown_page(results, token))


@door("GET", MESSAGE, scope=Scope.READ, summary="Read a message of a channel", gives={200: "The message."})
async def read(visit: Visit) -> Page:
    """Read one message, seen from a channel that it went or came by, or was meant for."""
    channel = find_channel(visit)
    standing = await find_message(visit, channel)
    counts = await visit.world.store.read(counted([standing.message.id]))
    shown = show_message(standing.message, standing.life, channel=channel.id, counts=counts.get(standing.message.id))
    return tagged_page(200, shown, tag_of(standing))


@door(
    "GET",
    f"{MESSAGE}/interactions",
    scope=Scope.READ,
    summary="List what people did with a message, oldest first",
    gives={200: "`{results}`; beside it `nextPageToken`, if there is more, and `counts`, if there are any."},
    query=PAGING,
)
async def list_interactions(visit: Visit) -> Page:
    """List the interactions with a message by one of its channels, and count them over all of its channels."""
    channel, limit, after = find_channel(visit), limit_of(visit), position_of(visit)
    message = (await find_message(visit, channel)).message
    dialect = visit.world.dialects["channels"]

    def is_meant(event: Event) -> bool:
        named = dialect.name_of(Telling(event, message, visit.tenant))
        return event.channel in ("", channel.id) and named is not None

    asked = interactions_after(message.id, _DEEDS, is_meant, after=after, limit=limit)
    done = await visit.world.store.read(asked)
    shown: dict[str, Any] = {"results": [show_interaction(event, message) for event in done.events]}
    if done.more:
        shown["nextPageToken"] = str(done.events[-1].position)
    return json_page(200, with_counts(shown, done.counts))


def find_channel(visit: Visit) -> Channel:
    """Find the channel that the path names; raises Refused (404) where the workspace has no such one."""
    named = visit.params["channel"]
    channel = visit.world.directory.channels.get(named)
    if channel is None or channel.workspace != visit.tenant.id:
        raise missing("channel", named)
    return channel


async def find_message(visit: Visit, channel: Channel) -> Standing:
    """Find the message that the path names; raises Refused (404) where the channel has no such one."""
    named = visit.params["message"]
    standing = await visit.world.store.read(look.message_in(visit.tenant.id, named))
    if standing is None or not _is_of(standing, channel):
        raise missing("message", named)
    return standing


def _is_of(standing: Standing, channel: Channel) -> bool:
    message = standing.message
    if message.direction is Direction.INCOMING:
        return message.channel == channel.id
    meant = {route.channel for route in message.routes}
    return channel.id in meant or any(hop.channel == channel.id for hop in standing.life.hops)


def _place(index: int, key: str) -> str:
    return f"receiver.contacts[{index}].{'id' if key == 'id' else 'identifierValue'}"


def _number(text: str) -> str:
    """Read a phone number of the query, whose plus may have become a space there; raises Refused."""
    try:
        return address(platform("sms").identifier, text.strip())
    except ValueError as error:
        raise Refused(
            "A query parameter does not fit.", errors=(FieldError("phonenumber", str(error), "address"),)
        ) from error
