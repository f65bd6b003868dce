"""What is said in a conversation, how far it has come, and what happened there."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Raw, Struct, field
from msgspec.structs import replace

from tidings.dialects.reading import read_json
from tidings.flow.conversations import acting
from tidings.flow.conversations.acting import Update, named, take_part
from tidings.flow.conversations.commands import Told
from tidings.flow.conversations.reading import LATEST, said_before
from tidings.flow.facts import Promise
from tidings.model.conversations import Part, Said
from tidings.rules.conversations.saying import Spoken, shown_said
from tidings.rules.conversations.shown import shown
from tidings.web.conversations.conversations import PLACE
from tidings.web.conversations.places import actor_of, door
from tidings.web.door import Argument, Page, Visit, json_page, missing

MOST_EMOJI: Final = 64
"""Characters: some are made of many."""
LIMIT: Final = Argument("limit", "How many at most.", "integer")


class NewMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message as it is to be said."""

    parts: list[Part]
    metadata: Raw = field(default_factory=Raw)
    alert: Raw = field(default_factory=Raw)


class Messages(Struct, frozen=True, rename="camel"):
    """Messages, the oldest first, and the numbers of the first and the last of them."""

    messages: list[dict[str, Any]]
    earliest_event_id: int | None
    latest_event_id: int | None


class Reaction(Struct, frozen=True, forbid_unknown_fields=True):
    """A reaction to a message."""

    emoji: Annotated[str, Meta(min_length=1, max_length=MOST_EMOJI)]
    action: Literal["react", "unreact"] = "react"


class Happened(Struct, frozen=True, rename="camel"):
    """The number of what happened by it."""

    event_id: int


@door(
    "POST",
    f"{PLACE}/messages",
    summary="Say something",
    takes=NewMessage,
    gives={201: Told, 403: "They take no part, or may not send.", 413: "It is too large.", 429: "They go too fast."},
)
async def say(visit: Visit) -> Page:
    """Say something; on disk before it is answered."""
    actor, asked = actor_of(visit), read_json(visit.body, NewMessage)
    spoken = Spoken(parts=tuple(asked.parts), metadata=_own(asked.metadata), alert=_own(asked.alert))
    promise = visit.promise(201, b"")
    if promise is not None:
        # Whoever else uses the same key means something else by it.
        promise = replace(promise, workspace=f"{actor.workspace}/{actor.profile}")
    outcome = await acting.say(
        visit.world, actor, visit.params["conversation"], visit.world.chance.id(), spoken, promise
    )
    if isinstance(outcome.value, Promise):
        return visit.replay(outcome.value, promise)
    said: Said = outcome.value
    return json_page(201, Told(said.id, said.number))


@door(
    "GET",
    f"{PLACE}/messages",
    summary="Read messages back, a page from the end",
    gives={200: Messages},
    query=(Argument("from", "The number of an event: messages up to it; else the last there are.", "integer"), LIMIT),
)
async def read(visit: Visit) -> Page:
    """Read messages back."""
    actor, asked = actor_of(visit), named(visit.params["conversation"])
    limit = visit.integer("limit", *_limits(visit))
    until = visit.integer("from", LATEST - 1, 0, LATEST - 1)
    await take_part(visit.world, actor, asked)
    found = await visit.world.store.read(said_before(actor.workspace, asked, until + 1, limit))
    if found is None:
        raise missing("conversation", asked)
    first, last = (found[0].number, found[-1].number) if found else (None, None)
    return json_page(200, Messages([shown_said(each) for each in found], first, last))


@door(
    "POST",
    f"{PLACE}/messages/statusupdates",
    summary="Say how far messages have come",
    takes=list[Update],
    gives={200: "It is taken; what was known already is no news."},
)
async def mark(visit: Visit) -> Page:
    """Take a client's word on messages."""
    updates = read_json(visit.body, list[Update])
    await acting.mark(visit.world, actor_of(visit), visit.params["conversation"], updates)
    return json_page(200, {})


@door(
    "POST",
    f"{PLACE}/messages/{{message}}/reactions",
    summary="React to a message, or take that back",
    takes=Reaction,
    gives={202: Happened},
)
async def react(visit: Visit) -> Page:
    """React to a message."""
    asked = read_json(visit.body, Reaction)
    conversation, message = visit.params["conversation"], visit.params["message"]
    outcome = await acting.react(visit.world, actor_of(visit), conversation, message, asked.emoji, asked.action)
    return json_page(202, Happened(outcome.happenings[0].number))


@door(
    "POST",
    f"{PLACE}/messages/{{message}}/deleterequests",
    summary="Ask that a message be deleted",
    gives={202: Happened},
)
async def ask_deletion(visit: Visit) -> Page:
    """Ask that a message be deleted."""
    outcome = await acting.ask_deletion(
        visit.world, actor_of(visit), visit.params["conversation"], visit.params["message"]
    )
    return json_page(202, Happened(outcome.happenings[0].number))


@door(
    "GET",
    f"{PLACE}/events",
    summary="Read what happened in a conversation, for clients that come back",
    gives={200: "An array of events, in order."},
    query=(Argument("from", "The number of the first event that is wanted.", "integer"), LIMIT),
)
async def events(visit: Visit) -> Page:
    """Read what happened since a number."""
    actor, asked = actor_of(visit), named(visit.params["conversation"])
    limit = visit.integer("limit", *_limits(visit))
    first = visit.integer("from", 1, 0, LATEST)
    await take_part(visit.world, actor, asked)
    found = await visit.world.conversations.events(actor.workspace, asked, first - 1, limit)
    return json_page(200, [shown(each) for each in found])


@door("POST", f"{PLACE}/typing", summary="Show that something is being typed", gives={204: "It is told, not kept."})
async def typing(visit: Visit) -> Page:
    """Tell the others that somebody types."""
    await acting.show_typing(visit.world, actor_of(visit), visit.params["conversation"], on=True)
    return Page(204)


@door("DELETE", f"{PLACE}/typing", summary="Show that nothing is being typed any more", gives={204: "It is told."})
async def typing_off(visit: Visit) -> Page:
    """Tell the others that somebody has stopped typing."""
    await acting.show_typing(visit.world, actor_of(visit), visit.params["conversation"], on=False)
    return Page(204)


def _limits(visit: Visit) -> tuple[int, int, int]:
    most = actor_of(visit).setting.settings.page_limit
    return most, 1, most


def _own(raw: Raw) -> Raw:
    """Give a piece of the request for itself, for it would keep the whole in memory; nothing is an empty object."""
    return raw.copy() if bytes(raw) else Raw(b"{}")
