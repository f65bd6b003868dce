"""How the operator's doors show what is inside: by the same names in camel case, times as ISO 8601, nothing empty."""

from functools import cache
from typing import Any, Final

from msgspec import Struct

from tidings.model.events import Event
from tidings.model.stages import Stage
from tidings.rules.times import to_iso

TIMES: Final = frozenset(
    {"at", "told_at", "created_at", "updated_at", "sent_at", "expires_at", "window_at", "doubt_at", "due_at", "until"}
)
"""Fields that are times in milliseconds."""

NAMES: Final = {
    "channel": "channelId",
    "message": "messageId",
    "subscription": "subscriptionId",
    "contact": "contactId",
}
"""Fields that hold an id, and say so outside."""

_EMPTY: Final[tuple[Any, ...]] = (None, "", b"", (), {})
"""Values that say nothing, and are left out."""


def shown(value: Any) -> Any:
    """Show anything of the model as JSON."""
    if isinstance(value, Stage):
        return value.word
    if isinstance(value, Struct):
        return shown_fields(value)
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def shown_fields(struct: Struct) -> dict[str, Any]:
    """Show the fields of a struct that say anything, with its tag as `type` where it has one."""
    kind, names = _form(type(struct))
    told: dict[str, Any] = {"type": kind} if kind else {}
    for field, name in names:
        value = getattr(struct, field)
        if value not in _EMPTY:
            told[name] = _time(value) if field in TIMES and isinstance(value, int) else shown(value)
    return told


def shown_event(event: Event) -> dict[str, Any]:
    """Show an event: what it says beyond its kind stands beside it."""
    told = shown_fields(event)
    fact = told.pop("fact")
    del told["workspace"]
    return {**told, **fact}


@cache
def _form(kind: type[Struct]) -> tuple[str, tuple[tuple[str, str], ...]]:
    tag = kind.__struct_config__.tag
    names = tuple((field, NAMES.get(field) or _camel(field)) for field in kind.__struct_fields__)
    return str(tag or ""), names


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def _time(at: int) -> str | int:
    """Write a time; one beyond ISO 8601, as a provider may claim, stays the number it is."""
    try:
        return to_iso(at)
    except OverflowError:
        return at
