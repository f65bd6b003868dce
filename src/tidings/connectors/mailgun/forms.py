"""HTML forms, urlencoded and multipart, read and written (RFC 7578, RFC 2046).

Of a multipart body only the parts' few header lines go through the standard library's `email` package: its body parser
would take apart, part by part, the mails that people attach.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value
from functools import cached_property
from hashlib import sha256
from urllib.parse import parse_qsl

from msgspec import Struct

from tidings.connectors.mailgun.words import as_json
from tidings.model.content import Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback

MOST_FIELDS = 2000
"""Fields in one form; a mail's headers are fields too."""
LONGEST_HEAD = 16_384
"""Octets of one part's header lines."""
LARGEST_KEPT = 256 * 1024
"""Octets of a file that is kept within a report; of a larger one only name, type and size are."""
PROOF = ("timestamp", "token", "signature")
"""The fields of which the last counts where a name is repeated; of all others the first does."""


class File(Struct, frozen=True):
    """A file in a form: sent along, or to send."""

    name: str
    data: bytes
    type: str

    def media(self, *, reference: str = "", keep: bool = True) -> Media:
        """Write it down: a small one whole, in base64, where it is to be kept."""
        size = len(self.data)
        data = b64encode(self.data).decode() if keep and size <= LARGEST_KEPT else ""
        return Media(type=self.type, name=self.name, size=size, data=data, reference=reference)


class Form:
    """A form as it was posted."""

    def __init__(self, pairs: Sequence[tuple[str, str]], files: Sequence[tuple[str, File]] = ()) -> None:
        self.pairs = pairs
        self.files = files

    @cached_property
    def fields(self) -> dict[str, str]:
        """One value for each field."""
        first = dict(reversed(self.pairs))
        return {name: first[name] for name in dict(self.pairs)} | {
            name: value for name, value in self.pairs if name in PROOF
        }

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of the mail it is about (`message-headers`): the first of each name, by lower-case name."""
        found: dict[str, str] = {}
        for entry in as_json(self.get("message-headers"), list):
            match entry:
                case [str(name), str(value)] | [str(name), [str(value), *_]]:
                    found.setdefault(name.lower(), value)
        return found

    def get(self, *names: str) -> str:
        """Give the first of these fields that says something; empty where none does."""
        return next((self.fields[name] for name in names if self.fields.get(name)), "")


def read_form(callback: Callback) -> Form:
    """Read a callback's form; raises Unreadable."""
    if callback.content_type == "multipart/form-data":
        return _read_multipart(callback)
    if callback.content_type == "application/x-www-form-urlencoded":
        try:
            text = callback.body.decode("utf-8", "replace")
            return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError as error:
            raise Unreadable("The form has too many fields.") from error
    raise Unreadable(f"Mailgun posts no {callback.content_type or 'body without a type'}.")


def _read_multipart(callback: Callback) -> Form:
    head = Message()
    head["content-type"] = callback.headers["content-type"].replace("\r", " ").replace("\n", " ")
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, File]] = []
    for headers, data in _parts(callback.body, _parameter(head, "boundary", "content-type")):
        name = _parameter(headers, "name", "content-disposition")
        filename = _parameter(headers, "filename", "content-disposition")
        if filename:
            files.append((name, File(filename, data, headers.get_content_type())))
        else:
            pairs.append((name, data.decode("utf-8", "replace")))
    return Form(pairs, files)


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


def write_multipart(pairs: Sequence[tuple[str, str]], files: Sequence[tuple[str, File]]) -> tuple[str, bytes]:
    """Write a form with files: its content type, and its body."""
    parts = [(f'form-data; name="{_quoted(name)}"', "", value.encode()) for name, value in pairs]
    parts += [
        (f'form-data; name="{_quoted(name)}"; filename="{_quoted(file.name)}"', file.type, file.data)
        for name, file in files
    ]
    # Made of all it has to keep apart, so that it stands in none of it, and is the same whenever it is asked.
    digest = sha256()
    for disposition, kind, data in parts:
        for piece in (disposition.encode(), kind.encode(), data):
            digest.update(len(piece).to_bytes(8, "big") + piece)
    boundary = f"tidings-{digest.hexdigest()[:40]}"
    lines: list[bytes] = []
    for disposition, kind, data in parts:
        lines += [f"--{boundary}".encode(), f"Content-Disposition: {disposition}".encode()]
        lines += [f"Content-Type: {kind}".encode()] if kind else []
        lines += [b"", data]
    return f"multipart/form-data; boundary={boundary}", b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def _quoted(text: str) -> str:
    """Escape a name as browsers do (HTML standard, multipart/form-data encoding)."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
