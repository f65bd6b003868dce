"""Files: their octets, wherever they are, and what may be told of them in a header."""

from base64 import b64decode
from urllib.parse import urlsplit

from tidings.model.content import Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

LARGEST = 100 * 2**20
"""Octets of a file."""

_TEXTUAL = ("text/", "application/json", "application/xml")


def is_here(media: Media) -> bool:
    """Whether the file itself came with the message."""
    return bool(media.data) and not media.url


def octets_of(media: Media) -> bytes:
    """Give the file itself: text as UTF-8, anything else from base64; raises ValueError."""
    if media.type.startswith(_TEXTUAL):
        return media.data.encode()
    return b64decode(media.data, validate=True)


def name_of(media: Media) -> str:
    """Name the file as it was called, or as its address ends."""
    return media.name or urlsplit(media.url).path.rpartition("/")[2] or "attachment"


def got(media: Media) -> Exchange[tuple[bytes, str]]:
    """Get a file's octets and its type; raises SendFailed or SendDeferred where its server does not give it."""
    if is_here(media):
        return octets_of(media), media.type or "application/octet-stream"
    try:
        reply = yield Call.get(media.url, follow=True)
    except NoReply as silence:
        why = f"The file could not be fetched: {silence.why}."
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, permanent=False)) from silence
    why = f"The file's server answered {reply.status}."
    if reply.status == 429 or reply.status >= 500:
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, str(reply.status), permanent=False))
    if not reply.ok:
        raise SendFailed(Reason(Cause.INVALID, why, str(reply.status)))
    told = reply.headers.get("content-type", "").partition(";")[0].strip()
    return reply.body, (media.type if "*" not in media.type else "") or told or "application/octet-stream"
