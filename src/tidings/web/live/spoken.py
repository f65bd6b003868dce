"""What a device says over its socket, and what it is answered; what happens elsewhere it is told as events.

A frame is one JSON object with a `name` and a `payload`, as events are. One with an `id` is answered under that id.
"""

import math
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from tidings.flow.conversations.acting import TooFast
from tidings.model.errors import FieldError, Refused
from tidings.rules.times import to_iso

AUTHENTICATE: Final = "authenticate"
ECHO: Final = "echo"
READY: Final = "socket.ready"
DONE: Final = "socket.done"
REFUSED: Final = "socket.refused"
LONGEST_ID: Final = 64
MOST_ECHOED: Final = 1_024
"""Octets."""
NOTHING: Final = Raw(b"{}")


class Spoken(Struct, frozen=True):
    """What a device says."""

    name: str
    id: str = ""
    payload: Raw = NOTHING


class _Token(Struct, frozen=True):
    token: str


def read(text: str) -> Spoken:
    """Read what a device says; raises Refused where it is nothing of the kind."""
    try:
        spoken = msgspec.json.decode(text, type=Spoken)
    except msgspec.ValidationError as error:
        raise Refused("The frame does not fit.", errors=(FieldError("frame", str(error)),)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("The frame is no JSON object.", errors=(FieldError("frame", "It must be JSON."),)) from error
    if len(spoken.id) > LONGEST_ID:
        raise Refused("The frame does not fit.", errors=(FieldError("id", f"At most {LONGEST_ID} characters."),))
    return spoken


def token_in(text: str) -> str:
    """Read the token that a device shows first, on its own or in a frame; raises Refused where there is none."""
    text = text.strip()
    if not text.startswith("{"):
        return text
    spoken = read(text)
    if spoken.name != AUTHENTICATE:
        raise Refused("The first frame shows a token.", status=401)
    try:
        return msgspec.json.decode(spoken.payload, type=_Token).token
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused("The first frame shows a token.", status=401) from error


def ready(session: str, profile: str, expires_at: int, now: int) -> str:
    """Say that whatever happens from now on is told."""
    payload = {"sessionId": session, "profileId": profile, "expiresOn": to_iso(expires_at)}
    return _said(READY, payload, now)


def echoed(spoken: Spoken, now: int) -> str:
    """Say the same again."""
    payload = spoken.payload if len(bytes(spoken.payload)) <= MOST_ECHOED else NOTHING
    return _said(ECHO, payload, now, spoken.id)


def done(spoken: Spoken, now: int) -> str:
    """Say that it is on disk."""
    return _said(DONE, {}, now, spoken.id)


def refused(why: Refused, id_: str, now: int) -> str:
    """Say why something was not done."""
    payload: dict[str, Any] = {"status": why.status, "detail": why.detail}
    if why.errors:
        payload["errors"] = why.errors
    if isinstance(why, TooFast):
        payload["retryAfter"] = math.ceil(why.after)
    return _said(REFUSED, payload, now, id_)


def _said(name: str, payload: Any, now: int, id_: str = "") -> str:
    named = {"name": name, "id": id_} if id_ else {"name": name}
    return msgspec.json.encode({**named, "payload": payload, "publishedOn": to_iso(now)}).decode(errors="replace")
