"""One page of the record: what a batch of commands has looked up of conversations, and the rows it will write."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tidings.flow.clock import Chance
from tidings.flow.conversations.commands import Place, Untold
from tidings.flow.facts import Promise
from tidings.flow.page import promise_row
from tidings.model.conversations import Conversation, EventName, Happening, Participant, Role, Said
from tidings.model.exchange import encode_raw
from tidings.rules.conversations.shown import encoded
from tidings.store.statements import Transaction, statement

_encode = msgspec.json.Encoder().encode
decode_conversation = msgspec.json.Decoder(Conversation).decode
decode_said = msgspec.json.Decoder(Said).decode
decode_happening = msgspec.json.Decoder(Happening).decode

MARKED_AT_ONCE: Final = 500
"""Messages that one word `up to` is taken of at once; the client's next one takes the others."""


class Page:
    """What one batch knows and writes."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.conversations: dict[str, Conversation] = {}
        """By key, as they stand now."""
        self.participants: dict[tuple[str, str], Participant | None] = {}
        """By the conversation's key and the profile; None: it does not take part."""
        self.said: dict[str, Said] = {}
        self.profiles: set[tuple[str, str]] = set()
        """Those that are known, by workspace and id."""
        self.promises: dict[tuple[str, str], Promise] = {}
        self.happenings: list[Happening] = []
        """Of the command at hand."""
        self.positions: dict[str, int] = {}
        """Where each that happened stands among all that happens, by its id, once it is written."""
        self.untold: list[Untold] = []
        self.members: set[str] = set()
        self._stored: dict[str, Conversation] = {}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._keeps: dict[str, int] = {}
        self._happened: list[str] = []
        self._new_said: set[str] = set()
        self._moved: dict[str, None] = {}
        self._touched: dict[tuple[str, str], str] = {}

    # -- looking up ----------------------------------------------------------------------------------------------

    def load_conversations(self, keys: Iterable[str]) -> Transaction[None]:
        """Lock conversations, and read how they stand."""
        for key, state in (yield statement("conversations_to_change")(conversations=sorted(set(keys)))):
            self.conversations[key] = self._stored[key] = decode_conversation(state)

    def load_participants(self, wanted: Iterable[tuple[str, str]]) -> Transaction[None]:
        """Read whether profiles take part."""
        missing = [each for each in dict.fromkeys(wanted) if each not in self.participants]
        if not missing:
            return
        self.participants.update(dict.fromkeys(missing))
        rows = yield statement("participants_among")(
            conversations=list({key for key, _ in missing}), profiles=list({profile for _, profile in missing})
        )
        for key, profile, role, delivered_to, read_to in rows:
            self.participants[key, profile] = Participant(profile, Role(role), delivered_to, read_to)

    def load_said(self, messages: Iterable[str]) -> Transaction[None]:
        """Read messages by their ids."""
        if wanted := [each for each in dict.fromkeys(messages) if each not in self.said]:
            for id_, body in (yield statement("said_of")(messages=wanted)):
                self.said[id_] = decode_said(body)

    def load_between(self, key: str, after: int, until: int) -> Transaction[list[Said]]:
        """Read the messages of a conversation after a number up to another one, a page of them at most."""
        rows = yield statement("said_between")(conversation=key, after=after, until=until, limit=MARKED_AT_ONCE)
        for id_, body in rows:
            if id_ not in self.said:
                self.said[id_] = decode_said(body)
        found = [self.said[row[0]] for row in rows]
        # What this batch has just said is in no row yet.
        last = found[-1].number if len(rows) == MARKED_AT_ONCE else until
        new = (self.said[each] for each in self._new_said)
        return found + [each for each in new if _key(each) == key and after < each.number <= last]

    def load_profiles(self, workspace: str, profiles: Sequence[str]) -> Transaction[None]:
        """Find which profiles are known."""
        rows = yield statement("profiles_by_id")(workspace=workspace, profiles=list(profiles))
        self.profiles.update((workspace, row[0]) for row in rows)

    def load_promises(self, promises: Iterable[Promise]) -> Transaction[None]:
        """Find the answers that were given to idempotency keys."""
        for each in promises:
            for row in (yield statement("answered_before")(workspace=each.workspace, key=each.key)):
                self.promises[each.workspace, each.key] = Promise(each.workspace, each.key, *row)

    # -- writing down --------------------------------------------------------------------------------------------

    def row(self, name: str, *values: Any) -> None:
        """Write one row with a named query."""
        self._rows.setdefault(name, []).append(values)

    def keep_promise(self, promise: Promise, now: int) -> Promise | None:
        """Remember an answer by its key; give the one that was given to the same key before, if any."""
        before = self.promises.get((promise.workspace, promise.key))
        if before is None:
            self.promises[promise.workspace, promise.key] = promise
            self.row("put_answered", *promise_row(promise, now))
        return before

    def happen(self, place: Place, name: EventName, payload: Any) -> Happening:
        """Write down what happened, under the conversation's next number."""
        key = place.key
        conversation = self.conversations[key]
        happening = Happening(
            workspace=place.workspace,
            conversation=place.conversation,
            number=conversation.last + 1,
            id=self.chance.id(),
            name=name,
            payload=encode_raw(payload),
            published_at=place.now,
            created_by=place.doer.profile,
        )
        self.conversations[key] = replace(conversation, last=happening.number, updated_at=place.now)
        self.happenings.append(happening)
        self._happened.append(happening.id)
        self.row("put_happening", key, happening.number, place.now + place.keep, _encode(happening))
        return happening

    def rewrite(self, place: Place, number: int, payload: Any) -> Transaction[None]:
        """Write other words for what happened: only those that redaction leaves."""
        rows = yield statement("happenings_after")(conversation=place.key, after=number - 1, limit=1)
        for happening in (decode_happening(row[0]) for row in rows):
            if happening.number == number:
                body = _encode(replace(happening, payload=encode_raw(payload)))
                self.row("rewrite_happening", body, place.key, number)

    def tell(self, happening: Happening, **headers: str) -> None:
        """Have it told as a report of the channel's."""
        untold = Untold(happening.id, happening.workspace, headers, Raw(encoded(happening)))
        self.untold.append(untold)
        self.row("put_untold", untold.id, untold.workspace, happening.published_at, _encode(untold))

    def put_participant(self, place: Place, participant: Participant) -> None:
        """Write a participant, new or changed."""
        self.participants[place.key, participant.id] = participant
        self._touched[place.key, participant.id] = place.workspace

    def drop_participant(self, place: Place, profile: str) -> None:
        """Take a participant out."""
        self.participants[place.key, profile] = None
        self._touched[place.key, profile] = place.workspace

    def put_said(self, said: Said, keep: int) -> None:
        """Write a new message."""
        self.said[said.id] = said
        self._new_said.add(said.id)
        self._keeps[said.id] = said.sent_at + keep

    def move_said(self, said: Said) -> None:
        """Write how far a message has come."""
        self.said[said.id] = said
        self._moved[said.id] = None

    def write(self) -> Transaction[None]:
        """Write everything down."""
        new, changed = [], []
        for key, conversation in self.conversations.items():
            if self._stored.get(key) is conversation:
                continue
            if key in self._stored:
                changed.append((conversation.updated_at, _encode(conversation), key))
            else:
                new.append((key, conversation.workspace, conversation.updated_at, _encode(conversation)))
        yield statement("put_conversation").many(new)
        yield statement("move_conversation").many(changed)
        yield statement("put_said").many([self._said_row(each) for each in self._new_said])
        yield statement("move_said").many(
            [(_encode(self.said[each]), each) for each in self._moved if each not in self._new_said]
        )
        yield from self._write_participants()
        for name in ("rewrite_happening", "put_untold", "put_answered"):
            yield statement(name).many(self._rows.get(name, ()))
        yield from self._write_happenings()

    def _write_happenings(self) -> Transaction[None]:
        """Give what happened its place among all that happens; last, as every other process waits there for us."""
        rows = self._rows.get("put_happening", ())
        if rows:
            last = (yield statement("next_happenings")(count=len(rows)))[0][0]
            places = range(last - len(rows) + 1, last + 1)
            yield statement("put_happening").many([(*row, at) for row, at in zip(rows, places, strict=True)])
            self.positions = dict(zip(self._happened, places, strict=True))

    def _write_participants(self) -> Transaction[None]:
        put, drop = [], []
        for (key, profile), workspace in self._touched.items():
            if (one := self.participants[key, profile]) is None:
                drop.append((key, profile))
            else:
                put.append((key, profile, workspace, one.role.value, one.delivered_to, one.read_to))
        yield statement("put_participant").many(put)
        yield statement("drop_participant").many(drop)

    def _said_row(self, message: str) -> tuple[Any, ...]:
        said = self.said[message]
        return said.id, _key(said), said.number, self._keeps[message], _encode(said)


def _key(said: Said) -> str:
    return f"{said.workspace}/{said.conversation}"
