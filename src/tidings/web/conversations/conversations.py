"""Conversations, and who takes part in them."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta, Struct

from tidings.dialects.reading import read_json
from tidings.flow.conversations.acting import named, take_part, take_turn
from tidings.flow.conversations.commands import Add, Change, Delete, Make, Remove
from tidings.flow.conversations.reading import conversation_in, conversations_in, participants_in
from tidings.model.conversations import Conversation, Participant, Role, Roles
from tidings.model.errors import FieldError, Refused
from tidings.rules.conversations.names import between, profile_id
from tidings.rules.times import to_iso
from tidings.web.conversations.places import actor_of, door
from tidings.web.conversations.revisions import tag, wanted_revisions
from tidings.web.door import Argument, Page, Visit, json_page
from tidings.web.tags import tagged_page

MOST: Final = 100
"""Participants named in one request."""
Words = Annotated[str, Meta(max_length=255)]
PLACE: Final = "/conversations/{conversation}"


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to take part."""

    id: str
    role: Role = Role.MEMBER


class NewConversation(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A conversation as it is asked for. A person who says nothing means the one with the business."""

    id: str = ""
    """Only the workspace's own server chooses it."""
    name: Words = ""
    description: Annotated[str, Meta(max_length=1000)] = ""
    is_public: bool = False
    roles: Roles = Roles()
    participants: Annotated[list[Named], Meta(max_length=MOST)] = []


class Changes(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A conversation as it is to be."""

    name: Words = ""
    description: Annotated[str, Meta(max_length=1000)] = ""
    is_public: bool = False
    roles: Roles = Roles()


class ShownConversation(Struct, frozen=True, rename="camel"):
    """A conversation as it is shown."""

    id: str
    name: str
    description: str
    is_public: bool
    roles: Roles
    created_on: str
    updated_on: str
    latest_sent_event_id: int
    """The number of the last that happened in it."""
    participant_count: int
    etag: str = msgspec.field(name="_etag")


class ShownParticipant(Struct, frozen=True):
    """Somebody who takes part."""

    id: str
    role: Role


@door(
    "POST",
    "/conversations",
    summary="Make a conversation; the one of a person and the business is made once, and found again",
    takes=NewConversation,
    gives={200: ShownConversation, 201: ShownConversation, 409: "There is one of that id."},
)
async def make(visit: Visit) -> Page:
    """Make a conversation, of which a person becomes the owner."""
    actor, asked = actor_of(visit), read_json(visit.body or b"{}", NewConversation)
    take_turn(visit.world, actor)
    sender = actor.setting.settings.sender
    people = _people(asked.participants)
    if actor.session is None:
        conversation = named(asked.id) if asked.id else visit.world.chance.id()
        is_own = False
    else:
        if asked.id:
            wrong = FieldError("id", "Only the workspace's own server chooses the id of a conversation.", "not-allowed")
            raise Refused("The conversation cannot be made.", status=403, errors=(wrong,))
        is_own = {each.id for each in people} <= {sender, actor.profile}
        conversation = between(sender, actor.profile) if is_own else visit.world.chance.id()
        # In the one with the business people are guests; in their own they are at home.
        owner = sender if is_own else actor.profile
        others = {*(each.id for each in people), actor.profile} - {owner}
        people = (Participant(owner, Role.OWNER), *map(Participant, sorted(others)))
    command = Make(
        place=actor.place(conversation, visit.world.clock.now()),
        participants=people,
        name=asked.name,
        description=asked.description,
        is_public=asked.is_public and not is_own,
        roles=Roles() if is_own else asked.roles,
        is_own=is_own,
    )
    outcome = await visit.world.conversations.do(command)
    made, is_new = outcome.value
    return _page(201 if is_new else 200, made)


@door(
    "GET",
    "/conversations",
    summary="List conversations, in the order of their ids",
    gives={200: list[ShownConversation]},
    query=(
        Argument("scope", "`participant` (those that one takes part in) or `public`; with a key also `all`."),
        Argument("profileId", "With a key: only those that this profile takes part in."),
        Argument("from", "The id of a conversation: those after it follow."),
        Argument("limit", "How many at most.", "integer"),
    ),
)
async def list_all(visit: Visit) -> Page:
    """List conversations."""
    actor = actor_of(visit)
    limit = visit.integer("limit", *_limits(visit))
    asked, profile = visit.query.get("scope", ""), visit.query.get("profileId", "")
    if actor.session is not None:
        if profile not in ("", actor.profile):
            raise Refused("Those are somebody else's conversations.", status=403, kind="not-yours")
        asked, profile = asked or "participant", actor.profile
    if asked not in ("", "participant", "public", *(("all",) if actor.session is None else ())):
        wrong = FieldError("scope", "It must be participant or public.", "unknown")
        raise Refused("A query parameter does not fit.", errors=(wrong,))
    found, last = await visit.world.store.read(
        conversations_in(
            actor.workspace,
            profile="" if asked == "public" else profile,
            only_public=asked == "public",
            after=visit.query.get("from", ""),
            limit=limit,
        )
    )
    page = json_page(200, [_shown(each) for each in found])
    if last:
        further = urlencode({**visit.query, "from": last})
        page.headers += (("link", f'<{visit.url.partition("?")[0]}?{further}>; rel="next"'),)
    return page


@door("GET", PLACE, summary="Show a conversation", gives={200: ShownConversation})
async def show(visit: Visit) -> Page:
    """Show a conversation that one takes part in."""
    return _page(200, await _seen(visit))


@door(
    "PUT",
    PLACE,
    summary="Change a conversation",
    takes=Changes,
    gives={200: ShownConversation, 412: "It has changed since."},
)
async def change(visit: Visit) -> Page:
    """Change a conversation's words and rules."""
    actor, asked = actor_of(visit), read_json(visit.body, Changes)
    take_turn(visit.world, actor)
    command = Change(
        place=actor.place(named(visit.params["conversation"]), visit.world.clock.now()),
        name=asked.name,
        description=asked.description,
        is_public=asked.is_public,
        roles=asked.roles,
        revisions=wanted_revisions(visit),
    )
    outcome = await visit.world.conversations.do(command)
    return _page(200, outcome.value)


@door("DELETE", PLACE, summary="Delete a conversation", gives={204: "It is gone for everybody in it."})
async def delete(visit: Visit) -> Page:
    """Delete a conversation."""
    actor = actor_of(visit)
    place = actor.place(named(visit.params["conversation"]), visit.world.clock.now())
    await visit.world.conversations.do(Delete(place=place, revisions=wanted_revisions(visit)))
    return Page(204)


@door("GET", f"{PLACE}/participants", summary="List who takes part", gives={200: list[ShownParticipant]})
async def list_participants(visit: Visit) -> Page:
    """List who takes part in a conversation."""
    found = await _seen(visit)
    people = await visit.world.store.read(participants_in(found.workspace, found.id))
    return json_page(200, [ShownParticipant(each.id, each.role) for each in people])


@door(
    "POST",
    f"{PLACE}/participants",
    summary="Have profiles take part; in a public conversation, oneself",
    takes=list[Named],
    gives={200: list[ShownParticipant]},
)
async def add(visit: Visit) -> Page:
    """Have profiles take part."""
    actor, asked = actor_of(visit), read_json(visit.body, list[Named])
    take_turn(visit.world, actor)
    if not 0 < len(asked) <= MOST:
        raise Refused(f"Name 1 to {MOST} participants.", errors=(FieldError("", "Too few or too many.", "range"),))
    place = actor.place(named(visit.params["conversation"]), visit.world.clock.now())
    await visit.world.conversations.do(Add(place=place, participants=_people(asked)))
    return await list_participants(visit)


@door(
    "DELETE",
    f"{PLACE}/participants",
    summary="Have profiles take part no more; oneself too",
    gives={204: "They do not take part."},
    query=(Argument("id", "A profile; several of them by `id=a&id=b`."),),
)
async def remove(visit: Visit) -> Page:
    """Have profiles take part no more."""
    actor = actor_of(visit)
    take_turn(visit.world, actor)
    # Reading the query checks it; of several with one name it gives the first only.
    named_once = visit.query
    people = tuple(value for name, value in parse_qsl(visit.url.partition("?")[2]) if name == "id")
    if "id" not in named_once or not 0 < len(people) <= MOST:
        raise Refused("Say who.", errors=(FieldError("id", f"Name 1 to {MOST} participants.", "required"),))
    place = actor.place(named(visit.params["conversation"]), visit.world.clock.now())
    await visit.world.conversations.do(Remove(place=place, profiles=people))
    return Page(204)


async def _seen(visit: Visit) -> Conversation:
    """Find the conversation that the path names, where they may see it; raises Refused."""
    actor, asked = actor_of(visit), named(visit.params["conversation"])
    await take_part(visit.world, actor, asked)
    found = await visit.world.store.read(conversation_in(actor.workspace, asked))
    if found is None or found.deleted_at is not None:
        raise Refused(f"There is no conversation {asked}.", status=404)
    return found


def _people(asked: list[Named]) -> tuple[Participant, ...]:
    for index, each in enumerate(asked):
        try:
            profile_id(each.id)
        except ValueError as error:
            wrong = FieldError(f"participants[{index}].id", str(error), "invalid")
            raise Refused("A participant cannot be one.", errors=(wrong,)) from error
    return tuple(Participant(each.id, each.role) for each in asked)


def _limits(visit: Visit) -> tuple[int, int, int]:
    most = actor_of(visit).setting.settings.page_limit
    return most, 1, most


def _page(status: int, conversation: Conversation) -> Page:
    shown: Any = _shown(conversation)
    return tagged_page(status, shown, tag(conversation.revision))


def _shown(conversation: Conversation) -> ShownConversation:
    return ShownConversation(
        id=conversation.id,
        name=conversation.name,
        description=conversation.description,
        is_public=conversation.is_public,
        roles=conversation.roles,
        created_on=to_iso(conversation.created_at),
        updated_on=to_iso(conversation.updated_at),
        latest_sent_event_id=conversation.last,
        participant_count=conversation.size,
        etag=tag(conversation.revision),
    )
