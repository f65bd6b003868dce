"""Server-sent events: how a stream looks on the wire.

WHATWG HTML  https://html.spec.whatwg.org/multipage/server-sent-events.html  9.2.5 Parsing, 9.2.6 Interpreting
"""

from typing import Final

CONTENT_TYPE: Final = "text/event-stream"
LAST_ID: Final = "last-event-id"
"""The header by which a client says how far it has come."""
BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
"""Breaks of a line in JSON stand between its words, where a space means the same."""


def beginning(retry: int, place: int) -> bytes:
    """Say after how many milliseconds to come again when the stream breaks off, and where it begins."""
    return b"retry: %d\n%b" % (retry, passed(place))


def event(place: int, name: str, body: bytes) -> bytes:
    """Tell an event, whose JSON goes into one line; place 0: it has none, and the one before goes on."""
    if b"\n" in body or b"\r" in body:
        body = body.translate(BREAKS)
    placed = b"id: %d\n" % place if place else b""
    return b"%bevent: %b\ndata: %b\n\n" % (placed, name.encode(), body)


def passed(place: int) -> bytes:
    """Say how far the stream has come, without an event: what has no data is told to nobody, but its id is kept."""
    return b"id: %d\n\n" % place


def heartbeat() -> bytes:
    """Say that the stream is still there: a comment."""
    return b":\n"
