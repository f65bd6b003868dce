"""A batch: up to 5,000 messages in one request, each of them taken or refused for itself."""

import asyncio
from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.dialects.omnichannel import read_batch, validation_failures
from tidings.dialects.omnichannel.sending import SendRequest
from tidings.flow.accept import accept
from tidings.flow.facts import Promise, Taking
from tidings.model.drafts import Draft
from tidings.model.errors import Refused
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Visit
from tidings.web.omnichannel.messages import prepared_as_asked
from tidings.web.omnichannel.places import door
from tidings.web.taking import answered

TOGETHER: Final = 250
"""How many messages are taken in one step, so that nobody else waits for long."""
IN_A_ROW: Final = 25
"""How many are made ready before others get their turn."""


class Failure(Struct, frozen=True, rename="camel"):
    """One thing wrong with an item."""

    param_name: str
    message: str


class Item(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of an item of a batch: its message's id, or what is wrong with it."""

    index: int
    message_id: str = ""
    validation_failures: tuple[Failure, ...] = ()


@door(
    "POST",
    "/messages/batch",
    scope=Scope.SEND,
    summary="Send up to 5,000 messages",
    takes=list[SendRequest],
    gives={202: list[Item]},
    limit="batch",
)
async def send_batch(visit: Visit) -> Page:
    """Take the good messages of a batch, and tell what is wrong with the others.

    With an `Idempotency-Key` the good ones are taken all together or not at all; without, a few hundred at a time.
    """
    if (page := await answered(visit)) is not None:
        return page
    # Thousands of messages take a while to be read; in a thread nobody else waits for it.
    drafts = await asyncio.to_thread(read_batch, visit.body, now=visit.world.clock.now())
    whole = visit.promise(202, b"") is not None
    items: list[Item] = []
    takings: list[Taking] = []
    for index, draft in enumerate(drafts):
        if index % IN_A_ROW == 0:
            await asyncio.sleep(0)
        taking = await _taking(visit, draft)
        if isinstance(taking, Refused):
            items.append(Item(index, validation_failures=_failures(taking)))
            continue
        items.append(Item(index, taking.message.id))
        takings.append(taking)
        if len(takings) == TOGETHER and not whole:
            await accept(visit.world, takings)
            takings = []
    body = msgspec.json.encode(items)
    return await _answer(visit, takings, body, visit.promise(202, body))


async def _taking(visit: Visit, draft: Draft | Refused) -> Taking | Refused:
    if isinstance(draft, Refused):
        return draft
    try:
        return await prepared_as_asked(visit, draft)
    except Refused as refused:
        return refused


async def _answer(visit: Visit, takings: list[Taking], body: bytes, promise: Promise | None) -> Page:
    if takings or promise is not None:
        before = await accept(visit.world, takings, promise)
        if before is not None:
            return visit.replay(before, promise)
    return Page(202, body)


def _failures(refused: Refused) -> tuple[Failure, ...]:
    told: list[dict[str, Any]] = list(validation_failures(refused.errors))
    return tuple(Failure(each["paramName"], each["message"]) for each in told) or (Failure("", refused.detail),)
