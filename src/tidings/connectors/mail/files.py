"""Files that come with a mail, or go with one."""

import re
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterable
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

from tidings.model.content import Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Reply
from tidings.model.stages import Cause, Reason
from tidings.rules.uploads import ANY_TYPE

LARGEST_KEPT = 256 * 1024
"""Octets of a file that is kept within a report; of a larger one only name, type and size are."""


class File(Struct, frozen=True):
    """A file with its MIME type."""

    name: str
    data: bytes
    type: str

    def media(self, *, reference: str = "", keep: bool = True) -> Media:
        """Write it down: a small one whole, in base64, where it is to be kept."""
        size = len(self.data)
        data = b64encode(self.data).decode() if keep and size <= LARGEST_KEPT else ""
        return Media(type=self.type, name=self.name, size=size, data=data, reference=reference)

    def is_shown_in(self, html: str) -> bool:
        """Whether a page shows it in place, by `cid:` and its name, rather than having it attached."""
        return bool(self.name) and f"cid:{self.name}" in html


def file_of(media: Media) -> Generator[Call, Reply, File]:
    """Get a file to send along; what is only named by a URL is fetched. Raises SendFailed and SendDeferred."""
    if media.url and not media.data:
        name = media.name or urlsplit(media.url).path.rpartition("/")[2] or "attachment"
        reply = yield from _fetch(media.url)
        kind = media.type or reply.headers.get("content-type", "").partition(";")[0].strip()
        return File(name, reply.body, _mime_type(kind))
    return File(media.name or "attachment", octets_of(media), _mime_type(media.type))


def files_of(media: Iterable[Media]) -> Generator[Call, Reply, list[File]]:
    """Get several files to send along, in order. Raises SendFailed and SendDeferred."""
    files = []
    for each in media:
        file = yield from file_of(each)
        files.append(file)
    return files


def octets_of(media: Media) -> bytes:
    """Read a medium's data: a `data:` URL, the text itself of a text, else base64; what is none of them is text."""
    if media.data.startswith("data:"):
        head, _, data = media.data.partition(",")
        octets = unquote_to_bytes(data)
        return _base64(octets) or octets if head.endswith(";base64") else octets
    plain = media.data.encode("utf-8", "replace")
    return plain if media.type.startswith("text/") else _base64(plain) or plain


def _fetch(url: str) -> Generator[Call, Reply, Reply]:
    try:
        reply = yield Call.get(url, follow=True)
    except NoReply as silence:
        why = f"The media could not be fetched: {silence.why}."
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, permanent=False)) from silence
    if reply.status == 429 or reply.status >= 500:
        why = f"The media's server answered {reply.status}."
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, str(reply.status), permanent=False))
    if not reply.ok:
        raise SendFailed(Reason(Cause.INVALID, f"The media's server answered {reply.status}.", str(reply.status)))
    return reply


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _mime_type(text: str) -> str:
    return text if re.fullmatch(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", text, re.ASCII) else ANY_TYPE
