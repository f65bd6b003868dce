"""Server-sent events as a hub sends them, read line by line.

WHATWG HTML  https://html.spec.whatwg.org/multipage/server-sent-events.html  9.2.6 Interpreting an event stream
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Heard(NamedTuple):
    """What came in one go: an event, or without data only how far the stream has come."""

    id: str
    event: str
    data: str
    retry: int
    """Milliseconds after which to come again; 0 where nothing is said."""


def heard_in(lines: Iterable[bytes]) -> Iterator[Heard]:
    """Read events; one that breaks off is none."""
    fields: dict[str, str] = {}
    data: list[str] = []
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:
            fields[name] = value
        elif not line and (fields or data):
            retry = fields.get("retry", "")
            told = "\n".join(data)
            yield Heard(fields.get("id", ""), fields.get("event", ""), told, int(retry) if retry.isdigit() else 0)
            fields, data = {}, []
