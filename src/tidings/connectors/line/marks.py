"""Our own id of a hop, on its way through LINE and back.

Retry key     https://developers.line.biz/en/docs/messaging-api/retrying-api-request/   a UUID of our choice
Delivery tag  https://developers.line.biz/en/docs/partner-docs/line-notification-messages/technical-specs/
"""

import hashlib
import re
import uuid

from tidings.model.reports import Target

_NAMESPACE = uuid.UUID("3b1c2d68-6d1f-4a55-9d0e-6f7b5a1c9e42")
_MARK = re.compile(r"tdg:([^:\x00-\x20]{1,64}):([0-9]{1,4})(?::(.*))?", re.DOTALL)
_DELIVERY = "tidings-"
"""A delivery tag has 16 characters at least; it comes back as the reference of the message, too."""


def retry_key(tag: str) -> str:
    """Give the key by which LINE takes a hop once, however often it is pushed."""
    return str(uuid.uuid5(_NAMESPACE, tag))


def delivery_tag(tag: str) -> str:
    """Write the tag of a notification message."""
    return f"{_DELIVERY}{tag}"


def delivered(data: str) -> Target | None:
    """Say which hop a delivery event is about; None where other systems sent it."""
    message, _, hop = data.removeprefix(_DELIVERY).rpartition(":")
    if not (data.startswith(_DELIVERY) and message and _is_number(hop)):
        return None
    return Target(message=message, hop=int(hop), reference=data)


def tracking_id(tag: str) -> str:
    """Write the id of a film, which comes back when it was watched."""
    return f"tdg:{tag}"


def postback_data(tag: str, payload: str) -> str:
    """Write what comes back when a button is tapped."""
    return f"tdg:{tag}:{payload}"


def read_mark(text: str) -> tuple[Target | None, str]:
    """Say which hop a tapped button or a watched film is of, and the payload; no target where it is not ours."""
    found = _MARK.fullmatch(text)
    if not found:
        return None, text
    return Target(message=found[1], hop=int(found[2])), found[3] or ""


def hashed(phone: str) -> str:
    """Give what LINE is told of a phone number: the SHA-256 of it as E.164 with `+`."""
    return hashlib.sha256(phone.encode()).hexdigest()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
