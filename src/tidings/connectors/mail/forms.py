"""Reading the forms that are posted to us, urlencoded and multipart (RFC 7578, RFC 2046).

Of a multipart body only the parts' few header lines go through the standard library's `email` package: its body parser
would take apart, part by part, the mails that people attach.
"""

from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from urllib.parse import parse_qsl

from msgspec import Struct

from tidings.connectors.mail.files import File
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 2000
"""Fields in one form; a mail's headers may be fields too."""
LONGEST_HEAD = 16_384
"""Octets of one part's header lines."""


class Fields(Struct, frozen=True):
    """A form as it was posted, in order: what the fields hold, and the files, each with its field's name."""

    pairs: tuple[tuple[str, bytes], ...]
    files: tuple[tuple[str, File], ...] = ()


def read_fields(callback: Callback, provider: str) -> Fields:
    """Read a callback's form; raises Unreadable."""
    if callback.content_type == MULTIPART:
        return _read_multipart(callback)
    if callback.content_type == URLENCODED:
        try:
            text = callback.body.decode("utf-8", "replace")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise Unreadable("The form has too many fields.") from error
        return Fields(tuple((name, value.encode()) for name, value in pairs))
    raise Unreadable(f"{provider} posts no {callback.content_type or 'body without a type'}.")


def _read_multipart(callback: Callback) -> Fields:
    head = Message()
    head["content-type"] = callback.headers["content-type"].replace("\r", " ").replace("\n", " ")
    pairs: list[tuple[str, bytes]] = []
    files: list[tuple[str, File]] = []
    for headers, data in _parts(callback.body, _parameter(head, "boundary", "content-type")):
        name = _parameter(headers, "name", "content-disposition")
        filename = _parameter(headers, "filename", "content-disposition")
        if filename:
            files.append((name, File(filename, data, headers.get_content_type())))
        else:
            pairs.append((name, data))
    return Fields(tuple(pairs), tuple(files))


def _parts(body: bytes, boundary: str) -> Iterator[tuple[Message, bytes]]:
    if not boundary:
        raise Unreadable("The form names no boundary.")
    chunks = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MOST_FIELDS + 1)
    for chunk in chunks[1:]:
        if chunk.startswith(b"--"):
            return
        padding, line_end, rest = chunk.partition(b"\r\n")
        head, empty_line, data = rest.partition(b"\r\n\r\n")
        if padding.strip(b" \t") or not line_end or not empty_line or len(head) > LONGEST_HEAD:
            raise Unreadable("A part of the form is broken.")
        yield HeaderParser().parsestr(head.decode("utf-8", "replace")), data
    raise Unreadable("The form is cut off, or has too many fields.")


def _parameter(headers: Message, name: str, header: str) -> str:
    """Give a parameter of a header, whichever way it is written (RFC 2231); empty where it is not there or broken."""
    try:
        value = headers.get_param(name, "", header)
        text = collapse_rfc2231_value(value)
    except (ValueError, LookupError):
        return ""
    return text.encode("utf-8", "replace").decode()
