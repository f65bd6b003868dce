"""Where the doors of in-app messaging stand, and how they are declared."""

import math
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from tidings.flow.conversations.acting import Actor, TooFast
from tidings.web.door import Argument, Page, Visit, route
from tidings.web.errors import Turned

GROUP: Final = "conversations"
BEHALF: Final = Argument(
    "On-Behalf-Of", "With a key: the profile in whose name it is done; else the channel's `sender`.", place="header"
)

_Door = Callable[[Visit], Awaitable[Page]]


def door(
    method: str, below: str, *, auth: str = "app", query: tuple[Argument, ...] = (), **declared: Any
) -> Callable[[_Door], _Door]:
    """Declare a door for apps; `auth` is `app` (a session's token, or a key of the workspace's) or `none`."""

    def declare(function: _Door) -> _Door:
        @wraps(function)
        async def enter(visit: Visit) -> Page:
            try:
                return await function(visit)
            except TooFast as refused:
                wait = (("retry-after", str(math.ceil(refused.after))),)
                raise Turned(refused.detail, status=429, headers=wait) from refused

        arguments = (*query, BEHALF) if auth == "app" and method != "GET" else query
        route(
            method,
            f"/apispaces/{{space}}{below}",
            group=GROUP,
            scope=None,
            auth=auth,  # type: ignore[arg-type]
            query=arguments,
            **declared,
        )(enter)
        return enter

    return declare


def actor_of(visit: Visit) -> Actor:
    """Give who is at the door."""
    actor = visit.actor
    assert isinstance(actor, Actor), f"{visit.route.path} is opened by no session"
    return actor
