"""Examining a webhook that somebody got: which of its signatures hold, and why the others do not.

Nothing is told or written. Where the webhook is about a message of ours its body is made again, so that a body that
was changed on the way is told from a key that is another one.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tidings.dialects.dialect import Telling
from tidings.dialects.reading import is_clean
from tidings.flow.look import message_in
from tidings.flow.world import World
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Workspace
from tidings.rules.signing.examining import ID, Finding, Received, examine_standard
from tidings.store.log import events_of
from tidings.store.statements import Transaction

_NAMES: Final = ("id", "messageId")
"""Fields of a payload that may name the message, in either vocabulary."""


async def examine(world: World, subscription: Subscription, received: Received) -> list[Finding]:
    """Verify every signature of a webhook to one subscription: the Standard Webhooks one, then the vocabulary's."""
    tenant, dialect = world.directory.workspaces[subscription.workspace], world.dialects[subscription.dialect]
    event = received.headers.get(ID, "")
    telling = await world.store.read(_told(tenant, event, _messages(received.body)))
    if telling is not None and dialect.name_of(telling) is not None:
        received = replace(received, sent=dialect.render(telling))
    own = dialect.examine(subscription, received)
    return [examine_standard(subscription.keys, received), *([own] if own is not None else [])]


def _told(tenant: Workspace, event: str, messages: Sequence[str]) -> Transaction[Telling | None]:
    """Find an event of one of these messages; None where the tenant has no such one."""
    for message in messages:
        standing = yield from message_in(tenant.id, message)
        if standing is not None:
            for each in (yield from events_of(message)):
                if each.id == event:
                    return Telling(each, standing.message, tenant)
    return None


def _messages(body: bytes) -> list[str]:
    """Name the messages that a body may be about."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    payload: Any = told.get("payload") if isinstance(told, dict) else None
    if not isinstance(payload, dict):
        return []
    found = (payload.get(name) for name in _NAMES)
    return [each for each in found if isinstance(each, str) and is_clean(each)]
