"""What a caller is told when something is wrong: problem details (RFC 9457), and never what is inside."""

from http import HTTPStatus
from typing import Any, Final

import msgspec

from tidings.dialects.omnichannel import validation_failures
from tidings.model.errors import Refused
from tidings.web.door import Page

PROBLEM: Final = "application/problem+json"
KIND: Final = "urn:tidings:problem:"
"""Begins the `type` of a problem that says more than its status does."""


class Turned(Refused):
    """Refused at the door, with headers that the status asks for."""

    def __init__(self, detail: str, *, status: int, headers: tuple[tuple[str, str], ...]) -> None:
        super().__init__(detail, status=status)
        self.headers = headers


def problem_page(refused: Refused, group: str = "") -> Page:
    """Tell what was refused, and why, in the words of the doors' group."""
    shown = _problem(refused.status, refused.detail, refused.kind)
    if refused.errors:
        shown["errors"] = refused.errors
        if group in ("omnichannel", "conversations"):
            shown["validationFailures"] = validation_failures(refused.errors)
    headers = refused.headers if isinstance(refused, Turned) else ()
    return Page(refused.status, msgspec.json.encode(shown), headers, PROBLEM)


def broken_page(reference: str) -> Page:
    """Tell that something broke; the reference stands in the log beside what it was."""
    shown = _problem(500, "Something broke here. The log has it under the reference.", "")
    return Page(500, msgspec.json.encode({**shown, "reference": reference}), (), PROBLEM)


def no_such_place() -> Refused:
    """There is no door at this path."""
    return Refused("There is nothing here.", status=404)


def no_such_method(allowed: list[str]) -> Refused:
    """There is a door, but not for this method."""
    names = ", ".join(allowed)
    return Turned(f"Only {names} can be done here.", status=405, headers=(("allow", names),))


def too_large(limit: int) -> Refused:
    """The body is over the limit, in octets; the rest of it is not read."""
    return Turned(f"The body is over {limit} octets.", status=413, headers=(("connection", "close"),))


def no_key() -> Refused:
    """Nobody, with a wrong key, or at a workspace that is not theirs: the answer is the same."""
    detail = "There is no such workspace, or this is no key of its own."
    return Turned(detail, status=401, headers=(("www-authenticate", 'Bearer realm="tidings"'),))


def _problem(status: int, detail: str, kind: str) -> dict[str, Any]:
    return {
        "type": f"{KIND}{kind}" if kind else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
