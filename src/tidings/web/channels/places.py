"""Where the doors of the channels vocabulary stand."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from tidings.model.errors import FieldError, Refused
from tidings.web.door import D, Page, Stream, Visit, route
from tidings.web.errors import no_key

WORKSPACE: Final = "/workspaces/{workspace}"
ORGANIZATION: Final = "/organizations/{organization}"
PLACES: Final = (WORKSPACE, ORGANIZATION, ORGANIZATION + WORKSPACE)
GROUP: Final = "channels"


def door(method: str, below: str, **declared: Any) -> Callable[[D], D]:
    """Declare a door of a workspace."""
    return route(method, WORKSPACE + below, group=GROUP, **declared)


def shared_door(method: str, below: str, **declared: Any) -> Callable[[D], D]:
    """Declare a door of a workspace that stands under its organization too."""

    def declare(function: D) -> D:
        @wraps(function)
        async def within(visit: Visit) -> Page | Stream:
            organization = visit.params.get("organization")
            if organization is not None and organization != str(visit.tenant.account):
                raise no_key()
            return await function(visit)

        for place in PLACES:
            route(method, place + below, group=GROUP, **declared)(within)
        return function

    return declare


def bad_token() -> Refused:
    """A page token is none that we gave."""
    wrong = FieldError("pageToken", "It must be the nextPageToken of the page before.", "token")
    return Refused("A query parameter does not fit.", errors=(wrong,))
