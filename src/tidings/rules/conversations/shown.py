"""How conversations and what happens in them look from outside: the JSON of doors, sockets and streams."""

from typing import Any

import msgspec

from tidings.model.conversations import Happening
from tidings.rules.times import to_iso


def shown(happening: Happening) -> dict[str, Any]:
    """Write a happening as clients get it, at whatever door; one that is not kept has no number."""
    numbered = {"conversationEventId": happening.number} if happening.number else {}
    placed = {"conversationId": happening.conversation, **numbered} if happening.conversation else {}
    return {
        "eventId": happening.id,
        "name": happening.name,
        **placed,
        "payload": happening.payload,
        "publishedOn": to_iso(happening.published_at),
        "context": {"createdBy": happening.created_by},
    }


def encoded(happening: Happening) -> bytes:
    """Write a happening as one JSON object."""
    return msgspec.json.encode(shown(happening))
