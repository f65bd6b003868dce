"""What a client does, at whatever door: by the rules of the channel, and no faster than it lets a profile."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from tidings.flow.conversations.allowing import not_in
from tidings.flow.conversations.commands import AskDeletion, Doer, Mark, Outcome, Place, React, Say, Tell
from tidings.flow.conversations.reading import conversation_in
from tidings.flow.conversations.setting import Setting, setting_of
from tidings.flow.facts import Promise
from tidings.flow.world import World
from tidings.model.conversations import EventName, Happening, Session
from tidings.model.errors import FieldError, Refused
from tidings.model.exchange import encode_raw
from tidings.rules.conversations import saying
from tidings.rules.conversations.names import conversation_id
from tidings.rules.conversations.saying import Spoken
from tidings.rules.conversations.statuses import RANKS
from tidings.rules.times import from_iso, to_iso

MOST_MARKS: Final = 100
"""Words on messages in one request."""
MOST_MARKED: Final = 1000
"""Messages named in one request."""
TYPING_EVERY: Final = 3_000
"""Milliseconds between two words that somebody types, in one conversation."""


class Actor(Struct, frozen=True):
    """Somebody at a door: a profile by its session, or the workspace's own server in a profile's name."""

    setting: Setting
    profile: str
    session: Session | None = None
    """None: the workspace's own server."""

    @property
    def workspace(self) -> str:
        """Whose apps these are."""
        return self.setting.channel.workspace

    def place(self, conversation: str, now: int) -> Place:
        """Say where they do something."""
        settings = self.setting.settings
        return Place(
            workspace=self.workspace,
            conversation=conversation,
            doer=Doer(self.profile, self.session is None),
            sender=settings.sender,
            keep=settings.keep,
            now=now,
        )


class TooFast(Refused):
    """They come faster than the channel lets them; `after` is in seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("Too many at once; come again later.", status=429, kind="too-fast")
        self.after = after


# -- what can be said over a socket too ----------------------------------------------------------------------------


class Typing(Struct, frozen=True):
    """Somebody types, or has stopped."""

    conversation: str
    on: bool


class Update(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How far messages have come: those named, or all up to a number."""

    status: Literal["delivered", "read"]
    message_ids: tuple[str, ...] = ()
    up_to: int | None = None
    timestamp: str = ""


class Marking(Struct, frozen=True):
    """Somebody says how far messages have come."""

    conversation: str
    updates: tuple[Update, ...]


Command = Typing | Marking


class _TypingFrame(Struct, frozen=True, rename="camel"):
    conversation_id: str
    on: bool = True


class _MarkingFrame(Struct, frozen=True, rename="camel"):
    conversation_id: str
    updates: tuple[Update, ...]


class _Frame(Struct, frozen=True):
    name: str
    payload: Raw = Raw(b"{}")


def read_command(frame: bytes) -> Command:
    """Read what a client says over its socket: `typing` or `statusUpdates`; raises Refused."""
    try:
        said = msgspec.json.decode(frame, type=_Frame)
        if said.name == "typing":
            typing = msgspec.json.decode(said.payload, type=_TypingFrame)
            return Typing(typing.conversation_id, typing.on)
        if said.name == "statusUpdates":
            marking = msgspec.json.decode(said.payload, type=_MarkingFrame)
            return Marking(marking.conversation_id, marking.updates)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("The frame cannot be read.", errors=(FieldError("", str(error), "json"),)) from error
    raise Refused(f"There is no frame {said.name[:50]!r}.", errors=(FieldError("name", "It is not known.", "unknown"),))


async def act(world: World, session: Session, command: Command) -> None:
    """Do what a client asks by its socket; raises Refused, as the doors do."""
    setting = setting_of(world, session.workspace)
    if setting is None:
        raise Refused("There are no apps here any more.", status=404)
    actor = Actor(setting, session.profile, session)
    if isinstance(command, Typing):
        await show_typing(world, actor, command.conversation, on=command.on)
    else:
        await mark(world, actor, command.conversation, command.updates)


async def mark(world: World, actor: Actor, conversation: str, updates: Sequence[Update]) -> None:
    """Take a client's word on how far messages have come; raises Refused."""
    place = actor.place(named(conversation), world.clock.now())
    marks = tuple(_mark(each, f"[{index}]", place.now) for index, each in enumerate(updates))
    if len(marks) > MOST_MARKS or sum(len(each.messages) for each in marks) > MOST_MARKED:
        raise Refused(f"At most {MOST_MARKS} updates, and {MOST_MARKED} messages named in them.")
    more = True
    while more:
        outcome = await world.conversations.do(Tell(place=place, marks=marks))
        more = outcome.value


def _mark(update: Update, path: str, now: int) -> Mark:
    assert update.status in RANKS
    if bool(update.message_ids) == (update.up_to is not None):
        wrong = FieldError(path, "Name either messageIds or upTo.", "conflict")
        raise Refused("A status update does not fit.", errors=(wrong,))
    try:
        at = from_iso(update.timestamp) if update.timestamp else now
    except ValueError as error:
        wrong = FieldError(f"{path}.timestamp", "Write the time as 2017-08-31T09:26:14.798Z.", "time")
        raise Refused("A status update does not fit.", errors=(wrong,)) from error
    return Mark(status=update.status, messages=update.message_ids, up_to=update.up_to, at=at)


async def show_typing(world: World, actor: Actor, conversation: str, *, on: bool) -> None:
    """Tell the others that somebody types, or has stopped; it is not kept, and not told too often. Raises Refused."""
    now = world.clock.now()
    await take_part(world, actor, named(conversation))
    pace = ("typing", actor.workspace, conversation, actor.profile, on)
    if world.conversations.paces.take(pace, 1000 / TYPING_EVERY, now, 1):
        return
    payload = {
        "conversationId": conversation,
        "profileId": actor.profile,
        "timestamp": to_iso(now),
    }
    happening = Happening(
        workspace=actor.workspace,
        conversation=conversation,
        number=0,
        id=world.chance.id(),
        name=EventName.TYPING if on else EventName.TYPING_OFF,
        payload=encode_raw(payload),
        published_at=now,
        created_by=actor.profile,
    )
    await world.conversations.pass_on(happening)


async def take_part(world: World, actor: Actor, conversation: str) -> None:
    """Return if they take part in a conversation, or are the workspace's own server; raises Refused."""
    people = await world.conversations.participants(actor.workspace, conversation)
    if actor.session is not None and actor.profile not in people:
        raise not_in(conversation)
    if not people and await world.store.read(conversation_in(actor.workspace, conversation)) is None:
        raise Refused(f"There is no conversation {conversation}.", status=404)


def named(conversation: str) -> str:
    """Give a conversation's id; raises Refused where it is none."""
    try:
        return conversation_id(conversation)
    except ValueError as error:
        wrong = FieldError("conversationId", str(error), "invalid")
        raise Refused("There is no such conversation.", errors=(wrong,)) from error


# -- what is done by requests --------------------------------------------------------------------------------------


async def say(
    world: World, actor: Actor, conversation: str, message: str, spoken: Spoken, promise: Promise | None
) -> Outcome:
    """Say something; raises Refused (413 where it is too large)."""
    settings = actor.setting.settings
    problems = tuple(saying.check(spoken, settings.sizes))
    if problems:
        large = all(each.code == "too-large" for each in problems)
        raise Refused("The message cannot be taken as it is.", status=413 if large else 400, errors=problems)
    take_turn(world, actor)
    place = actor.place(named(conversation), world.clock.now())
    return await world.conversations.do(Say(place=place, id=message, spoken=spoken, promise=promise))


async def react(world: World, actor: Actor, conversation: str, message: str, emoji: str, action: str) -> Outcome:
    """React to a message, or take that back; raises Refused."""
    take_turn(world, actor)
    place = actor.place(named(conversation), world.clock.now())
    return await world.conversations.do(React(place=place, message=message, emoji=emoji, action=action))


async def ask_deletion(world: World, actor: Actor, conversation: str, message: str) -> Outcome:
    """Ask that a message be deleted; raises Refused."""
    take_turn(world, actor)
    place = actor.place(named(conversation), world.clock.now())
    return await world.conversations.do(AskDeletion(place=place, message=message))


def take_turn(world: World, actor: Actor) -> None:
    """Count one thing done by a profile; raises TooFast. The workspace's own server may go as fast as it likes."""
    if actor.session is None:
        return
    who = ("turn", actor.workspace, actor.profile)
    per_second = actor.setting.settings.messages_per_second
    if after := world.conversations.paces.take(who, per_second, world.clock.now()):
        raise TooFast(after)
