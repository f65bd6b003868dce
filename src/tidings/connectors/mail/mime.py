"""Reading a raw mail (RFC 5322, RFC 2045)."""

from collections.abc import Iterator
from contextlib import suppress
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

from msgspec import Struct

from tidings.connectors.mail.files import File
from tidings.connectors.mail.words import bare, text_of
from tidings.model.content import Content, Media

DEEPEST = 20
"""Parts within parts that are looked into."""
MOST_PARTS = 1000
BROKEN = (ValueError, LookupError, MessageError, RecursionError)
"""What the standard library raises over broken headers, charsets and parts."""


class Mail(Struct, frozen=True):
    """A mail: the first of each header, by lower-case name, and what it says."""

    headers: dict[str, str]
    content: Content


def read_headers(head: bytes) -> dict[str, str]:
    """Read the head of a mail: the first of each header, by lower-case name."""
    return _headers(BytesHeaderParser().parsebytes(head))


def read_mime(raw: bytes) -> Mail:
    """Read a mail; what of it cannot be read is left out."""
    try:
        whole = BytesParser().parsebytes(raw)
    except RecursionError:
        # Parts within parts without end; the headers are worth having all the same.
        whole = BytesHeaderParser().parsebytes(raw)
    headers = _headers(whole)
    said: dict[str, str] = {}
    media: list[Media] = []
    for part in _leaves(whole):
        kind, name, data = part.get_content_type(), _name(part), _data(part)
        if not name and kind in {"text/plain", "text/html"} and kind not in said:
            said[kind] = text_of(_text(part, data))
        else:
            cid = bare(decoded(str(part.get("content-id", ""))))
            media.append(File(name, data, kind).media(reference=cid))
    return Mail(
        headers,
        Content(
            title=text_of(headers.get("subject")),
            text=said.get("text/plain", ""),
            html=said.get("text/html", ""),
            media=tuple(media),
        ),
    )


def decoded(value: str) -> str:
    """Read a header's encoded words (RFC 2047) and bare UTF-8 (RFC 6532); broken ones stay as they are."""
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(*BROKEN):
        value = str(make_header(decode_header(value)))
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _headers(whole: Message) -> dict[str, str]:
    return {name.lower(): decoded(value) for name, value in reversed(list(whole.raw_items()))}


def _leaves(whole: Message) -> Iterator[Message]:
    """Walk through the parts that have none of their own; a mail within the mail is one part."""
    waiting, seen = [(whole, 0)], 0
    while waiting and seen < MOST_PARTS:
        part, depth = waiting.pop()
        seen += 1
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting += [(each, depth + 1) for each in reversed(inner) if isinstance(each, Message) and depth < DEEPEST]
        else:
            yield part


def _data(part: Message) -> bytes:
    """Give a part's octets; none where it cannot be decoded, or is a mail with parts too deep to write out again."""
    inner = part.get_payload()
    with suppress(*BROKEN):
        if not isinstance(inner, list):
            data = part.get_payload(decode=True)
            return data if isinstance(data, bytes) else b""
        if _depth(part) <= DEEPEST:
            return b"".join(each.as_bytes() for each in inner if isinstance(each, Message))
    return b""


def _depth(part: Message) -> int:
    level, depth = [part], 0
    while level:
        level = [
            each
            for inner in (outer.get_payload() for outer in level)
            if isinstance(inner, list)
            for each in inner
            if isinstance(each, Message)
        ]
        depth += 1
    return depth


def _name(part: Message) -> str:
    with suppress(*BROKEN):
        return text_of(decoded(part.get_filename("")))
    return ""


def _text(part: Message, data: bytes) -> str:
    with suppress(*BROKEN):
        return data.decode(part.get_content_charset("utf-8"), "replace")
    return data.decode("utf-8", "replace")
