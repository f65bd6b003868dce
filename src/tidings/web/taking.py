"""What every door that takes something does alike."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from tidings.flow import look
from tidings.flow.accept import accept, prepare
from tidings.flow.facts import Promise, Taking
from tidings.flow.look import Standing
from tidings.model.drafts import Draft
from tidings.model.errors import Refused
from tidings.web.door import Page, Visit

_ADDRESSEE: Final = re.compile(r"to\[(\d+)\]\.(.+)", re.DOTALL)


async def answered(visit: Visit) -> Page | None:
    """Give the answer that was given to the request's `Idempotency-Key` before; None where it has none, or a new one.

    It is asked before the request is read, so that what has expired meanwhile is answered as it was.
    """
    promise = visit.promise(0, b"")
    if promise is None:
        return None
    before = await visit.world.store.read(look.answered(promise.workspace, promise.key))
    return None if before is None else visit.replay(before, promise)


async def prepared(visit: Visit, draft: Draft, *, named: Callable[[int, str], str], status: int = 400) -> Taking:
    """Make a message of a draft; raises Refused with `status`.

    `named` gives the path that an addressee's field has in the request: asked for its place, and `id` or the
    `identifierKey`.
    """
    try:
        return await prepare(visit.world, visit.tenant, draft)
    except Refused as refused:
        errors = tuple(
            replace(error, path=named(int(place[1]), place[2]))
            if (place := _ADDRESSEE.fullmatch(error.path))
            else error
            for error in refused.errors
        )
        raise Refused(refused.detail, status=status, errors=errors, kind=refused.kind) from refused


async def taken(
    visit: Visit, taking: Taking, status: int, shown: Callable[[Standing], bytes]
) -> tuple[Page, Standing | None]:
    """Take one message, and answer with it as it stands then; give that too, unless the answer is an earlier one.

    How it stands is known for sure only once it is taken: somebody may have unsubscribed a moment ago.
    """
    standing = look.foreseen(taking)
    body = shown(standing)

    def anew(takings: Sequence[Taking]) -> Promise | None:
        nonlocal standing, body
        standing = look.foreseen(takings[0])
        body = shown(standing)
        return visit.promise(status, body)

    promise = visit.promise(status, body)
    before = await accept(visit.world, (taking,), promise, anew=anew)
    if before is not None:
        return visit.replay(before, promise), None
    return Page(status, body), standing
