"""Messages: sending one, reading them back, emptying and deleting them."""

import re
from typing import Final
from urllib.parse import urlencode

import msgspec

from tidings.dialects.omnichannel import read_redaction, read_send, show_message
from tidings.dialects.omnichannel.names import identifier_key
from tidings.dialects.omnichannel.sending import RedactionRequest, SendRequest
from tidings.flow import erase, look
from tidings.flow.facts import Taking
from tidings.flow.interactions import counted, newest_interactions
from tidings.flow.look import EITHER_WAY, NEWEST, Standing
from tidings.model.drafts import Draft
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import Scope
from tidings.web.door import Argument, Page, Visit, missing
from tidings.web.omnichannel.places import door
from tidings.web.tags import tag_of, tagged_page
from tidings.web.taking import answered, prepared, taken

LONGEST_LIST: Final = 1000
USUAL_LIST: Final = 100
SHOWN: Final = 20
"""How many interactions are shown with a message; all of them have a list of their own."""

DIRECTIONS: Final = {"": EITHER_WAY, "outbound": (False,), "inbound": (True,)}
"""Which messages are meant, by the words that they are shown with."""

_MESSAGE_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@door(
    "POST",
    "/messages",
    scope=Scope.SEND,
    summary="Send a message",
    takes=SendRequest,
    gives={201: "The message as it was taken; its life goes on."},
)
async def send(visit: Visit) -> Page:
    """Take one message."""
    if (page := await answered(visit)) is not None:
        return page
    draft = read_send(visit.body, now=visit.world.clock.now())
    taking = await prepared_as_asked(visit, draft)
    page, standing = await taken(visit, taking, 201, _encoded)
    if standing is not None:
        page.headers += (("etag", tag_of(standing)),)
    return page


def _encoded(standing: Standing) -> bytes:
    return msgspec.json.encode(show_message(standing.message, standing.life))


async def prepared_as_asked(visit: Visit, draft: Draft) -> Taking:
    """Make a message of a draft; raises Refused with the request's own names of addresses."""
    names = {identifier_key(name): name for name in draft.profile}
    return await prepared(visit, draft, named=lambda _, key: f"to.{'profileId' if key == 'id' else names[key]}")


@door(
    "GET",
    "/messages",
    scope=Scope.READ,
    summary="List messages, newest first",
    gives={200: "An array of messages; the `Link` header leads to the next page, if there is one."},
    query=(
        Argument("profileId", "Only messages to or from this profile."),
        Argument("channelId", "Only messages that go or came by this channel."),
        Argument("direction", "`outbound` or `inbound`."),
        Argument("from", "Id of the message to begin with; those before it in time follow."),
        Argument("limit", f"How many, at most {LONGEST_LIST}; {USUAL_LIST} if it is left out.", "integer"),
    ),
)
async def list_messages(visit: Visit) -> Page:
    """List messages."""
    limit = visit.integer("limit", USUAL_LIST, 1, LONGEST_LIST)
    channel = visit.query.get("channelId", "")
    if channel:
        known = visit.world.directory.channels.get(channel)
        if known is None or known.workspace != visit.tenant.id:
            raise missing("channel", channel)
    asked = look.messages_in(
        visit.tenant.id,
        contact=visit.query.get("profileId", ""),
        channel=channel,
        incoming=_direction(visit),
        until=message_id(visit, "from"),
        limit=limit + 1,
    )
    found = await visit.world.store.read(asked)
    counts = await visit.world.store.read(counted([each.message.id for each in found[:limit]]))
    shown = [show_message(each.message, each.life, counts=counts.get(each.message.id)) for each in found[:limit]]
    page = tagged_page(200, shown)
    if len(found) > limit:
        further = urlencode({**visit.query, "from": found[limit].message.id})
        page.headers += (("link", f'<{visit.url.partition("?")[0]}?{further}>; rel="next"'),)
    return page


def message_id(visit: Visit, name: str) -> str:
    """Read a message's id from the query; the newest there can be where there is none. Raises Refused."""
    given = visit.query.get(name, NEWEST)
    if not _MESSAGE_ID.fullmatch(given):
        wrong = FieldError(name, "It must be the id of a message.", "id")
        raise Refused("A query parameter does not fit.", errors=(wrong,))
    return given


@door(
    "GET",
    "/messages/{message}",
    scope=Scope.READ,
    summary="Read a message",
    gives={200: f"The message, with the newest {SHOWN} of its interactions, and `counts`, if there are any."},
)
async def read(visit: Visit) -> Page:
    """Read one message."""
    return await _shown(visit, 200, await find_message(visit))


@door(
    "PATCH",
    "/messages/{message}",
    scope=Scope.MANAGE,
    summary="Redact a message",
    takes=RedactionRequest,
    gives={202: "The message without its content, which is gone from its events and from what endpoints answered too."},
)
async def redact(visit: Visit) -> Page:
    """Empty one message."""
    read_redaction(visit.body)
    standing = await find_message(visit)
    visit.check_match(tag_of(standing))
    await erase.redact(visit.world, visit.tenant.id, standing.message.id)
    return await _shown(visit, 202, await find_message(visit))


@door("DELETE", "/messages/{message}", scope=Scope.MANAGE, summary="Delete a message", gives={204: "It is gone."})
async def delete(visit: Visit) -> Page:
    """Delete one message."""
    standing = await find_message(visit)
    visit.check_match(tag_of(standing))
    await erase.delete(visit.world, visit.tenant.id, standing.message.id)
    return Page(204)


async def find_message(visit: Visit) -> Standing:
    """Find the message that the path names; raises Refused (404) where the workspace has no such one."""
    named = visit.params["message"]
    standing = await visit.world.store.read(look.message_in(visit.tenant.id, named))
    if standing is None:
        raise missing("message", named)
    return standing


def _direction(visit: Visit) -> tuple[bool, ...]:
    given = visit.query.get("direction", "")
    if given not in DIRECTIONS:
        wrong = FieldError("direction", "It must be outbound or inbound.", "unknown")
        raise Refused("A query parameter does not fit.", errors=(wrong,))
    return DIRECTIONS[given]


async def _shown(visit: Visit, status: int, standing: Standing) -> Page:
    done = await visit.world.store.read(newest_interactions(standing.message.id, SHOWN))
    shown = show_message(standing.message, standing.life, counts=done.counts, newest=done.events)
    return tagged_page(status, shown, tag_of(standing))
