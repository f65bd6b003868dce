"""ETags: a message's is the one its events carry, everything else's is made from its bytes."""

from hashlib import sha256

import msgspec

from tidings.dialects.omnichannel import message_etag
from tidings.flow.look import Standing
from tidings.web.door import Page


def tag_of(standing: Standing) -> str:
    """Tag a message as it stands; redaction changes what is shown of it without a revision of its own."""
    message = standing.message
    return message_etag(f"{message.id}.redacted" if message.redacted else message.id, standing.life.revision)


def tag_of_value(value: object) -> str:
    """Tag what is shown of anything else."""
    return f'"{sha256(msgspec.json.encode(value)).hexdigest()[:27]}"'


def tagged_page(status: int, value: object, etag: str = "") -> Page:
    """Answer with a representation under its own tag, or the one it has."""
    body = msgspec.json.encode(value)
    return Page(status, body, (("etag", etag or f'"{sha256(body).hexdigest()[:27]}"'),))
