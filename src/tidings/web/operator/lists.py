"""Lists, a page at a time."""

import re
from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeVar

from tidings.model.errors import FieldError, Refused
from tidings.web.door import Argument, Visit

MOST: Final = 1000
USUAL: Final = 100

PAGING: Final = (
    Argument("limit", f"How many, 1 to {MOST}; {USUAL} where it is not said.", "integer"),
    Argument("pageToken", "`nextPageToken` of the page before."),
)


_POSITION: Final = re.compile(r"[0-9]{1,18}")


class Named(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str:
        """Its id; ids made later sort later."""


T = TypeVar("T", bound=Named)


def limit_of(visit: Visit) -> int:
    """Read how many are asked for; raises Refused."""
    return visit.integer("limit", USUAL, 1, MOST)


def page_of(visit: Visit, things: Iterable[T]) -> tuple[list[T], str | None]:
    """Take the asked page of things in the order they were made, and the token of the next page; raises Refused."""
    limit, after = limit_of(visit), visit.query.get("pageToken", "")
    left = sorted((each for each in things if each.id > after), key=lambda each: each.id)
    return left[:limit], left[limit - 1].id if len(left) > limit else None


def position_of(visit: Visit) -> int:
    """Read after which position in the log the asked page begins; raises Refused."""
    token = visit.query.get("pageToken", "0")
    if not _POSITION.fullmatch(token):
        wrong = FieldError("pageToken", "It must be the nextPageToken of the page before.", "token")
        raise Refused("A query parameter does not fit.", errors=(wrong,))
    return int(token)


def shown_page(results: list[Any], token: str | None) -> dict[str, Any]:
    """Show a page; without a token it is the last."""
    return {"results": results, "nextPageToken": token}
