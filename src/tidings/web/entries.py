"""How attempts look at every door."""

from typing import Any, TypeVar

from msgspec import Struct, field

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow.look import Tried
from tidings.model.workspaces import Workspace
from tidings.rules.times import to_iso


class Entry(Struct, frozen=True, rename="camel", kw_only=True):
    """One attempt to tell an event."""

    event_id: str
    event: str
    """Its name in the subscription's vocabulary."""
    message_id: str
    attempt: int
    """From 1."""
    attempted_at: str
    took_ms: int
    status: int | None
    """What the endpoint answered; None where no answer came, and `error` says why."""
    verdict: str
    """`done`, `refused` for good, or `retry`."""
    fault: str = field(name="class")
    """Of what class a failure is; empty where the event was taken."""
    error: str
    headers: dict[str, str]
    """The answer's headers, as far as they are kept."""
    response: str
    """The answer's body, as far as it is kept."""


E = TypeVar("E", bound=Entry)


def entry(kind: type[E], tried: Tried, dialect: Dialect, workspace: Workspace, **more: Any) -> E:
    """Show an attempt to tell one of a workspace's subscriptions, as this kind of entry; `more` is what else it has."""
    attempt, event = tried.attempt, tried.event
    return kind(
        event_id=event.id,
        event=dialect.name_of(Telling(event, tried.message, workspace)) or "",
        message_id=event.message,
        attempt=attempt.number,
        attempted_at=to_iso(attempt.at),
        took_ms=attempt.took_ms,
        status=attempt.status or None,
        verdict=attempt.verdict.value,
        fault=attempt.fault or "",
        error=attempt.error,
        headers=dict(attempt.headers),
        response=attempt.response.decode("utf-8", "replace"),
        **more,
    )
