"""The record of conversations: commands are carried out together, and what happened is on disk before it is told."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from tidings.flow.clock import Chance
from tidings.flow.conversations.commands import (
    Add,
    AskDeletion,
    Command,
    Empty,
    Make,
    Outcome,
    React,
    Remove,
    Say,
    Tell,
    key_of,
)
from tidings.flow.conversations.deeds import apply
from tidings.flow.conversations.page import Page
from tidings.flow.conversations.saying import tapped_in
from tidings.model.errors import Refused
from tidings.store.statements import Transaction

LONGEST_NEWS = 4_000
"""Octets; PostgreSQL carries 8,000. Where there is more, nothing is named."""
NEWS = "app"
"""How word of something new in conversations begins; their keys follow as JSON."""


class Record:
    """Carries commands out in bulk."""

    rank = -1
    """Before the pen: conversations are locked before the lives of messages and the head of the log, everywhere."""

    def __init__(self, chance: Chance, tell: Callable[[Sequence[Outcome]], None]) -> None:
        self._chance = chance
        self._tell = tell

    def transaction(self, items: Sequence[Command]) -> Transaction[Sequence[Outcome]]:
        """Carry commands out, in order."""
        page = Page(self._chance)
        yield from _look_up(page, items)
        outcomes = []
        for item in items:
            page.happenings, page.untold, page.members = [], [], set()
            value, refused = None, None
            try:
                value = yield from apply(page, item)
            except Refused as error:
                refused = error
            outcomes.append(
                Outcome(
                    value=value,
                    happenings=page.happenings,
                    untold=page.untold,
                    members=frozenset(page.members),
                    refused=refused,
                )
            )
        yield from page.write()
        return _placed(outcomes, page.positions)

    def committed(self, outcomes: Sequence[Outcome]) -> None:
        """Hand on what is on disk now."""
        self._tell(outcomes)

    def news(self, outcomes: Sequence[Outcome]) -> str:
        """Tell other processes in which conversations something happened."""
        keys = {key_of(each.workspace, each.conversation) for one in outcomes for each in one.happenings}
        return news_of(NEWS, sorted(keys)) if keys else ""


def news_of(word: str, keys: Sequence[str]) -> str:
    """Write a word and what it is said of; where that is too much, the word alone."""
    text = f"{word} {msgspec.json.encode(keys).decode()}"
    return text if len(text.encode()) <= LONGEST_NEWS else word


def _placed(outcomes: Sequence[Outcome], positions: Mapping[str, int]) -> Sequence[Outcome]:
    """Give everything that happened its place among all that happens."""
    return [
        replace(one, happenings=[replace(each, position=positions[each.id]) for each in one.happenings])
        for one in outcomes
    ]


def _look_up(page: Page, items: Sequence[Command]) -> Transaction[None]:
    """Read what the commands are about, with one query for each kind of thing."""
    yield from page.load_conversations(item.place.key for item in items)
    people: list[tuple[str, str]] = []
    messages: list[str] = []
    profiles: dict[str, list[str]] = {}
    for item in items:
        place = item.place
        people += [(place.key, place.doer.profile), (place.key, place.sender)]
        match item:
            case Say(id=id_, to=to):
                messages += [id_, *(each.message_id for each in tapped_in(item) if each is not None)]
                if to:
                    people.append((place.key, to))
                    profiles.setdefault(place.workspace, []).append(to)
            case Tell(marks=marks):
                messages += [each for mark in marks for each in mark.messages]
            case React(message=message) | AskDeletion(message=message) | Empty(message=message):
                messages.append(message)
            case Make(participants=participants) | Add(participants=participants):
                people += [(place.key, each.id) for each in participants]
                profiles.setdefault(place.workspace, []).extend(each.id for each in participants)
            case Remove(profiles=gone):
                people += [(place.key, each) for each in gone]
    yield from page.load_participants(people)
    yield from page.load_said(messages)
    for workspace, named in profiles.items():
        yield from page.load_profiles(workspace, named)
    yield from page.load_promises(each.promise for each in items if isinstance(each, Say) and each.promise is not None)
