"""Our own ids on their way through Google and back: a message's, which we choose, and a button's.

Message ids  https://developers.google.com/business-communications/rcs-business-messaging/guides/build/messages/send
"""

import re
import uuid
from urllib.parse import parse_qs, urlencode

from msgspec import Struct

from tidings.model.reports import Target

_NAMESPACE = uuid.UUID("5f0c5f1e-3f0e-4c1c-8f43-2b7f4f6f0a51")
_TAG = re.compile(r"([^:\x00-\x20]{1,64}):([0-9]{1,4})")
_MOST_FIELDS = 8


class Mark(Struct, frozen=True):
    """What a tapped button says of itself."""

    target: Target | None
    """The hop it stands in; None where another system made it."""
    payload: str
    url: str = ""
    """Where a link leads."""


def message_id(message: str, tag: str, index: int) -> str:
    """Give the id of one of a hop's messages: the same whenever it is sent, so that Google takes it once.

    The first one of a message's first hop is the message's own.
    """
    if index == 0 and tag == f"{message}:0":
        return message
    return str(uuid.uuid5(_NAMESPACE, f"{tag}/{index}"))


def postback_data(tag: str, payload: str, url: str = "") -> str:
    """Write what comes back when a button is tapped."""
    return urlencode({"hub": tag, "a": payload, **({"u": url} if url else {})})


def read_mark(text: str) -> Mark:
    """Read what a tapped button brings back."""
    try:
        fields = parse_qs(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Mark(None, text)
    found = _TAG.fullmatch(fields.get("hub", [""])[0])
    if found is None:
        return Mark(None, text)
    return Mark(Target(message=found[1], hop=int(found[2])), fields.get("a", [""])[0], fields.get("u", [""])[0])
