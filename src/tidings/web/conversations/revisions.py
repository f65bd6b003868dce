"""ETags of what has revisions of its own: `"7"` is the seventh."""

import re
from typing import Final

from tidings.model.errors import Refused
from tidings.web.door import Visit

_TAG: Final = re.compile(r'(?:W/)?"(\d{1,18})"')


def tag(revision: int) -> str:
    """Write a revision as an ETag."""
    return f'"{revision}"'


def wanted_revisions(visit: Visit) -> frozenset[int] | None:
    """Give the revisions that `If-Match` names; None where any will do. Raises Refused (412) where it names none."""
    given = visit.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = frozenset(int(match[1]) for each in given.split(",") if (match := _TAG.fullmatch(each.strip())))
    if not found:
        raise changed()
    return found


def changed() -> Refused:
    """It is another one than the client knows."""
    return Refused("It has changed since: If-Match names another ETag.", status=412, kind="changed")
