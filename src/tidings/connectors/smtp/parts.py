"""Opening a report of a mail server: a mail whose parts are for programs (RFC 6522).

Parts that are mails of their own stay text: what a report is about lies within them, and would be taken for its own.
"""

import re
from email.message import Message
from email.parser import BytesParser

from msgspec import Struct

from tidings.connectors.mail.mime import DEEPEST, MOST_PARTS, decoded, read_headers
from tidings.connectors.mail.words import text_of

MOST_BLOCKS = 1000
"""Blocks of fields in one part: recipients of one mail."""
LARGEST = 2**20
"""Octets of a report; more is none, and is not looked into."""

_BLANK = re.compile(r"\n(?:[ \t]*\n)+")
_FOLD = re.compile(r"\n[ \t]+")


class Fields(Struct, frozen=True):
    """A block of fields, in order, as they are written."""

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Give the first value of a name, whatever case it is written in; empty where there is none."""
        return next((value for each, value in self.pairs if each.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Give every value of a name."""
        return [value for each, value in self.pairs if each.lower() == name.lower()]

    def plain(self) -> dict[str, str]:
        """Write them as an object to keep; several of one name are joined."""
        kept: dict[str, str] = {}
        for name, value in self.pairs:
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
        return kept


class Opened(Struct, frozen=True):
    """A mail, opened."""

    headers: dict[str, str]
    """The first of each, by lower-case name."""
    parts: tuple[tuple[str, bytes], ...] = ()
    """Its parts that have none of their own, by their media type."""

    def part(self, *kinds: str) -> bytes | None:
        """Give the first part of these types; None where there is none."""
        return next((data for kind, data in self.parts if kind in kinds), None)

    @property
    def text(self) -> str:
        """The first part for people; empty where there is none."""
        data = self.part("text/plain", "text/html")
        return "" if data is None else text_of(data.decode("utf-8", "replace"))

    @property
    def original(self) -> dict[str, str]:
        """The headers of the mail that it is about, as far as they came back."""
        data = self.part(*ORIGINALS)
        return {} if data is None else read_headers(data)


ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
"""Types of the part that is the mail a report is about, whole or its head alone (RFC 6522, RFC 6533)."""


class _Closed(Message):
    """A part whose mails within stay closed."""

    def get_content_type(self) -> str:
        """Give the type as the parser shall take it: what would be opened as a mail is none."""
        return super().get_content_type().replace("message/", "closed-message/")


def open_report(raw: bytes) -> Opened:
    """Open a mail; what of it cannot be read is left out, and of a huge one all but its head."""
    try:
        if len(raw) > LARGEST:
            return Opened(read_headers(raw.partition(b"\r\n\r\n")[0]))
        whole = BytesParser(_class=_Closed).parsebytes(raw)
    except RecursionError:
        return Opened(read_headers(raw))
    headers = {name.lower(): decoded(value) for name, value in reversed(list(whole.raw_items()))}
    return Opened(headers, tuple(_leaves(whole)))


def blocks(data: bytes) -> list[Fields]:
    """Read the blocks of fields in a part, with empty lines between them."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\0", "")
    read = (_fields(block) for block in _BLANK.split(text.strip("\n"), MOST_BLOCKS))
    return [fields for fields in read if fields.pairs]


def _fields(block: str) -> Fields:
    lines = (line.partition(":") for line in _FOLD.sub(" ", block).split("\n"))
    return Fields(tuple((name.strip(), value.strip()) for name, colon, value in lines if colon and name.strip()))


def _leaves(whole: Message) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    waiting = [(whole, 0)]
    while waiting and len(found) < MOST_PARTS:
        part, depth = waiting.pop()
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting += [(each, depth + 1) for each in reversed(inner) if isinstance(each, Message) and depth < DEEPEST]
            continue
        kind = part.get_content_type().replace("closed-message/", "message/")
        found.append((kind, _data(part)))
    return found


def _data(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
