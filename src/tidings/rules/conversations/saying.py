"""What a message in a conversation may hold, and how it is written down."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tidings.model.conversations import Part, Said
from tidings.model.errors import FieldError
from tidings.rules.nesting import is_too_deep
from tidings.rules.times import to_iso

TAPPED: Final = "application/x-hub-action"
"""Type of the part by which a person's device says which button was tapped."""
OFFERED: Final = "application/x-hub-actions"
"""Type of the part that holds the buttons of a message."""
TEXT: Final = "text/plain"
A2P: Final = "a2p"
P2P: Final = "p2p"
INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"

_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+*-]{1,100}(?:; ?[ -~]{1,100})?")
_LONGEST_NAME: Final = 255
_LONGEST_URL: Final = 2048


class Sizes(Struct, frozen=True, kw_only=True):
    """How much a message may be; octets."""

    message: int = 64 * 1024
    part: int = 32 * 1024
    parts: int = 10


class Spoken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody would say."""

    parts: tuple[Part, ...]
    metadata: Raw = Raw(b"{}")
    alert: Raw = Raw(b"{}")


def check(spoken: Spoken, sizes: Sizes) -> Iterator[FieldError]:
    """Name what of a message cannot be taken; the code `too-large` says that there is too much of something."""
    if not spoken.parts:
        yield FieldError("parts", "There is nothing to say: give at least one part.", "required")
    if len(spoken.parts) > sizes.parts:
        yield FieldError("parts", f"At most {sizes.parts} parts.", "too-large")
    for index, part in enumerate(spoken.parts[: sizes.parts]):
        yield from _check_part(part, f"parts[{index}]", sizes)
    for name, raw in (("metadata", spoken.metadata), ("alert", spoken.alert)):
        # What is told of it to others stands four levels deeper.
        if is_too_deep(b"[[[[" + bytes(raw) + b"]]]]"):
            yield FieldError(name, "It is nested too deeply.", "too-deep")
    if bytes(spoken.alert)[:1] != b"{":
        yield FieldError("alert", "It is an object.", "type")
    if len(msgspec.json.encode(spoken)) > sizes.message:
        yield FieldError("", f"A message has at most {sizes.message} octets.", "too-large")


def _check_part(part: Part, path: str, sizes: Sizes) -> Iterator[FieldError]:
    if not _TYPE.fullmatch(part.type):
        yield FieldError(f"{path}.type", "Write a MIME type, as text/plain.", "type")
    if bool(part.data) == bool(part.url):
        yield FieldError(path, "A part has either data or a url.", "conflict")
    if len(part.data.encode()) > sizes.part:
        yield FieldError(f"{path}.data", f"At most {sizes.part} octets; upload what is larger.", "too-large")
    if part.url and not _is_address(part.url):
        yield FieldError(f"{path}.url", "Write an absolute http or https URL.", "url")
    if len(part.name) > _LONGEST_NAME:
        yield FieldError(f"{path}.name", f"At most {_LONGEST_NAME} characters.", "too-long")
    if part.size is not None and part.size < 0:
        yield FieldError(f"{path}.size", "It is a number of octets.", "range")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return len(url) <= _LONGEST_URL and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def measured(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Give parts with the sizes that their data really have."""
    return tuple(replace(each, size=len(each.data.encode())) if each.data else each for each in parts)


def context(said: Said) -> dict[str, Any]:
    """Write who said something, where and when."""
    return {
        "from": {"id": said.author},
        "conversationId": said.conversation,
        "sentBy": said.sent_by,
        "sentOn": to_iso(said.sent_at),
        "scope": said.scope,
        "direction": said.direction,
    }


def sent_payload(said: Said) -> dict[str, Any]:
    """Write a message as it is told when it is sent."""
    return {
        "messageId": said.id,
        "metadata": said.metadata if said.metadata is not None else {},
        "context": context(said),
        "parts": [_shown(part) for part in said.parts],
        "alert": said.alert if said.alert is not None else {},
    }


def status_payload(said: Said, profile: str, at: int, *, is_public: bool) -> dict[str, Any]:
    """Write how far a message has come with a profile: exactly what the published receipts hold."""
    return {
        "messageId": said.id,
        "conversationId": said.conversation,
        "scope": said.scope,
        "direction": said.direction,
        "sentOn": to_iso(said.sent_at),
        "isPublicConversation": is_public,
        "profileId": profile,
        "timestamp": to_iso(at),
    }


def shown_said(said: Said) -> dict[str, Any]:
    """Write a message as it is read back, with how far it has come with each participant."""
    payload = sent_payload(said)
    return {
        "id": payload.pop("messageId"),
        "sentEventId": said.number,
        **payload,
        "statusUpdates": {
            profile: {"status": status.status, "on": to_iso(status.on)} for profile, status in said.statuses.items()
        },
    }


def _shown(part: Part) -> dict[str, Any]:
    told = {"data": part.data, "url": part.url, "name": part.name, "size": part.size, "type": part.type}
    return {name: value for name, value in told.items() if value not in ("", None)}
