"""Conversations as this process sees them: what is done in them goes in here, and what has happened is told from here.

Whoever is to hear of it listens; `Listener` says what they are told. Other processes on the same database say by `news`
what they have written; then the store is to be read.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
import structlog
from msgspec import Struct

from tidings.flow.clock import Chance
from tidings.flow.conversations.commands import Command, Outcome, Untold, key_of
from tidings.flow.conversations.known import Known
from tidings.flow.conversations.paces import Paces
from tidings.flow.conversations.page import decode_conversation, decode_happening
from tidings.flow.conversations.record import NEWS, Record, news_of
from tidings.model.conversations import Happening
from tidings.store.database import ANYTHING
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store

log = structlog.get_logger()

REMEMBERED: Final = 10_000
"""Conversations whose participants are remembered."""
PASSING: Final = "app-passing"
"""How word of what is not kept begins."""
ENDED: Final = "app-ended"
"""How word of ended sessions begins."""
MANY: Final = 1000


class Listener(Protocol):
    """Whoever wants to hear of what happens in conversations, in this process, at once and without waiting."""

    def happened(self, workspace: str, conversation: str, happenings: Sequence[Happening]) -> None:
        """Hear what was just committed in a conversation, in order; or what is not kept at all (number 0)."""

    def look(self, workspace: str, conversation: str) -> None:
        """Hear that something may have happened that nobody told; an empty conversation stands for all of them.

        Both empty: in any workspace.
        """

    def ended(self, workspace: str, session: str) -> None:
        """Hear that a session was ended; an empty one: any may have been."""


class _Ended(Struct, frozen=True):
    """A session that was ended."""

    workspace: str
    session: str


class Conversations:
    """The conversations of all workspaces."""

    def __init__(self, store: Store, chance: Chance, keys: Sequence[bytes]) -> None:
        self._store = store
        self.keys = keys
        """What sessions' tokens are signed with, the newest first."""
        self._record = Record(chance, self._committed)
        self._passing = _Passing(self._passed)
        self.sessions = Known()
        self.paces = Paces()
        self.fetched: dict[str, Any] = {}
        """Integrators' public keys as they were fetched, by URL."""
        self._listeners: list[Listener] = [self.sessions]
        self._participants: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._reading: dict[str, int] = {}
        """How often the participants of conversations that are being read have changed meanwhile."""
        self.tell: Callable[[Sequence[Untold]], None] = lambda _: None
        """Called with what is to be told as reports of channels, once it is on disk."""
        store.unsure.append(self._look_again)

    # -- doing ---------------------------------------------------------------------------------------------------

    async def do(self, command: Command) -> Outcome:
        """Carry a command out; return when it is on disk. Raises Refused."""
        outcome: Outcome = await self._store.put(self._record, command)
        if outcome.refused is not None:
            raise outcome.refused
        return outcome

    async def pass_on(self, happening: Happening) -> None:
        """Tell of something that is not kept."""
        await self._store.put(self._passing, happening)

    async def end(self, workspace: str, session: str) -> None:
        """Tell everybody that a session was ended."""
        await self._store.put(self._passing, _Ended(workspace, session))

    # -- hearing -------------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Have somebody told of what happens from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Have somebody told nothing more."""
        self._listeners.remove(listener)

    def hear(self, news: str) -> None:
        """Hear what another process says; what is not about conversations is for others."""
        if news == ANYTHING:
            self._look_again()
            self._tell_all(lambda each: each.ended("", ""))
            return
        word, _, text = news.partition(" ")
        if word == NEWS:
            self._hear_of(msgspec.json.decode(text, type=list[str]) if text else None)
        elif word == PASSING:
            for happening in msgspec.json.decode(text, type=list[Happening]) if text else ():
                self._tell_all(lambda each, one=happening: each.happened(one.workspace, one.conversation, [one]))
        elif word == ENDED:
            self._hear_ended(msgspec.json.decode(text, type=list[_Ended]) if text else [_Ended("", "")])

    def _hear_of(self, keys: Sequence[str] | None) -> None:
        if keys is None:
            self._look_again()
            return
        for key in keys:
            self._forget(key)
            workspace, _, conversation = key.partition("/")
            self._tell_all(lambda each, w=workspace, c=conversation: each.look(w, c))

    def _hear_ended(self, ended: Sequence[_Ended]) -> None:
        for one in ended:
            self._tell_all(lambda each, one=one: each.ended(one.workspace, one.session))

    def _look_again(self) -> None:
        for key in tuple(self._reading):
            self._reading[key] += 1
        self._participants.clear()
        self._tell_all(lambda each: each.look("", ""))

    def _committed(self, outcomes: Sequence[Outcome]) -> None:
        told: dict[str, list[Happening]] = {}
        untold: list[Untold] = []
        for outcome in outcomes:
            untold += outcome.untold
            for key in outcome.members:
                self._forget(key)
            for happening in outcome.happenings:
                told.setdefault(key_of(happening.workspace, happening.conversation), []).append(happening)
        for mine in told.values():
            first = mine[0]
            self._tell_all(lambda each, f=first, m=mine: each.happened(f.workspace, f.conversation, m))
        if untold:
            self.tell(untold)

    def _passed(self, items: Sequence[Any]) -> None:
        for item in items:
            if isinstance(item, _Ended):
                self._hear_ended([item])
            else:
                self._tell_all(lambda each, one=item: each.happened(one.workspace, one.conversation, [one]))

    def _tell_all(self, tell: Callable[..., None]) -> None:
        for listener in tuple(self._listeners):
            try:
                tell(listener)
            except Exception:
                log.exception("somebody could not be told of a conversation")

    # -- looking -------------------------------------------------------------------------------------------------

    async def participants(self, workspace: str, conversation: str) -> frozenset[str]:
        """Give who takes part in a conversation, also where it is deleted; nobody where there is none."""
        key = key_of(workspace, conversation)
        known = self._participants.get(key)
        if known is not None:
            self._participants.move_to_end(key)
            return known
        changed = self._reading.setdefault(key, 0)
        found = await self._store.read(_participants(key))
        if self._reading.pop(key, changed) == changed:
            self._participants[key] = found
            while len(self._participants) > REMEMBERED:
                self._participants.popitem(last=False)
        return found

    def known_participants(self, workspace: str, conversation: str) -> frozenset[str] | None:
        """Give who takes part in a conversation, as far as that is remembered; None where it is not."""
        return self._participants.get(key_of(workspace, conversation))

    def forget(self, workspace: str, conversation: str) -> None:
        """Remember no more who takes part in a conversation."""
        self._forget(key_of(workspace, conversation))

    async def conversations_of(self, workspace: str, profile: str) -> dict[str, int]:
        """Give the conversations that a profile takes part in, each with the number of the last that happened in it."""
        found: dict[str, int] = {}
        after, more = "", True
        while more:
            rows = await self._store.read(_conversations_with(workspace, profile, after))
            known = [decode_conversation(row[0]) for row in rows]
            found.update((each.id, each.last) for each in known if each.deleted_at is None)
            more = len(rows) == MANY
            if known:
                after = key_of(workspace, known[-1].id)
        return found

    async def events(self, workspace: str, conversation: str, after: int, limit: int) -> list[Happening]:
        """Read what happened in a conversation after a number, in order."""
        return await self._store.read(_happenings(key_of(workspace, conversation), after, limit))

    def _forget(self, key: str) -> None:
        self._participants.pop(key, None)
        if key in self._reading:
            self._reading[key] += 1


class _Passing:
    """What is told and not kept: who types, which sessions have ended."""

    rank = 4

    def __init__(self, passed: Callable[[Sequence[Any]], None]) -> None:
        self._passed = passed

    def transaction(self, items: Sequence[Any]) -> Transaction[Sequence[Any]]:
        """Write nothing."""
        yield from ()
        return items

    def committed(self, outcomes: Sequence[Any]) -> None:
        """Tell them here."""
        self._passed(outcomes)

    def news(self, outcomes: Sequence[Any]) -> str:
        """Tell them to other processes; ended sessions before all else, in as many words as there are."""
        ended = [each for each in outcomes if isinstance(each, _Ended)]
        if ended:
            return _news(ENDED, ended)
        text = _news(PASSING, outcomes)
        # Without saying which, there is nothing to be told.
        return text if " " in text else ""


def _news(word: str, items: Sequence[Any]) -> str:
    return news_of(word, list(items))


def _participants(key: str) -> Transaction[frozenset[str]]:
    rows = yield statement("participants_of")(conversation=key)
    return frozenset(row[0] for row in rows)


def _conversations_with(workspace: str, profile: str, after: str) -> Transaction[Sequence[Any]]:
    return (yield statement("conversations_with")(workspace=workspace, profile=profile, after=after, limit=MANY))


def _happenings(key: str, after: int, limit: int) -> Transaction[list[Happening]]:
    rows = yield statement("happenings_after")(conversation=key, after=after, limit=limit)
    return [decode_happening(row[0]) for row in rows]
