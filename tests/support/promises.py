"""What is promised to every subscriber, whatever dies: nothing lost, order kept, repeated only what was under way."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from support.moody import Hearing, Moody

UNDER_WAY = 5.0
"""Seconds: what was taken longer than this before something died was on disk as told, however busy the machine."""


class Death(NamedTuple):
    """When a hub or its database died, and until when nothing could be written because of that."""

    at: float
    until: float


def check_whole(endpoint: Moody, log: Mapping[str, Mapping[str, Any]]) -> None:
    """It has taken every event of the log, and heard nothing but what stands there, word by word."""
    lost = [event for id_, event in log.items() if id_ not in endpoint.taken]
    assert not lost, f"{endpoint.name} never got {len(lost)} of {len(log)} events, first {lost[0]}"
    for hearing in endpoint.hearings:
        assert hearing.event == log.get(hearing.id), f"{endpoint.name} heard what the log does not say: {hearing}"


def check_log(log: Mapping[str, Mapping[str, Any]]) -> None:
    """A revision of a message is always the same event."""
    revisions = Counter((event["payload"]["id"], event["revision"]) for event in log.values())
    assert max(revisions.values()) == 1, revisions.most_common(3)


def check_order(endpoint: Moody, log: Mapping[str, Mapping[str, Any]]) -> None:
    """Nothing is told before everything earlier of its message was taken; and what is repeated ends with the last."""
    earlier: dict[str, list[int]] = defaultdict(list)
    for event in sorted(log.values(), key=lambda event: int(event["revision"])):
        earlier[event["payload"]["id"]].append(event["revision"])
    taken: dict[str, set[int]] = defaultdict(set)
    for together in _webhooks(endpoint.hearings):
        beside: dict[str, set[int]] = defaultdict(set)
        for hearing in together:
            wanted = {each for each in earlier[hearing.message] if each < hearing.revision}
            missing = wanted - taken[hearing.message] - beside[hearing.message]
            assert not missing, f"{endpoint.name} heard {hearing} before revisions {missing}"
            beside[hearing.message].add(hearing.revision)
        for hearing in together:
            if hearing.taken:
                taken[hearing.message].add(hearing.revision)
    last = {hearing.message: hearing.revision for hearing in endpoint.hearings}
    backwards = {message for message, revision in last.items() if revision != earlier[message][-1]}
    assert not backwards, f"{endpoint.name} heard something old last of {backwards}"


def check_repeated(endpoint: Moody, deaths: Sequence[Death], most: int) -> int:
    """At most so many events were heard again after they were taken, and only where something died; gives how many."""
    taken_at: dict[str, float] = {}
    repeated = 0
    for hearing in endpoint.hearings:
        if (before := taken_at.get(hearing.id)) is not None:
            repeated += 1
            assert any(death.at - UNDER_WAY < before <= death.until for death in deaths), (
                f"{endpoint.name} heard again what was told at {before}: {hearing}, {deaths}"
            )
        if hearing.taken:
            taken_at[hearing.id] = hearing.at
    assert repeated <= most, f"{endpoint.name} heard {repeated} events again"
    return repeated


def _webhooks(hearings: Sequence[Hearing]) -> list[list[Hearing]]:
    webhooks: dict[int, list[Hearing]] = defaultdict(list)
    for hearing in hearings:
        webhooks[hearing.webhook].append(hearing)
    return list(webhooks.values())
