"""Saying which rules hold for a click or an open, and whether they make it a machine's."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from tidings.model.reports import Deed
from tidings.rules.prefetch.agents import LOOKED_AT, is_proxy, rule_of
from tidings.rules.prefetch.table import RULES, Weight
from tidings.rules.prefetch.times import AT_ONCE, HASTY, TOO_SOON, TOO_SOON_ELSEWHERE, is_too_soon

_PURPOSES: Final = (("sec-purpose", "prefetch"), ("purpose", "pre"), ("x-purpose", "pre"), ("x-moz", "prefetch"))
"""Headers, and what their value begins with where nobody has asked to see the page: `prefetch`, `preview`."""


class Request(Struct, frozen=True):
    """What a request for a link or a picture shows."""

    deed: Deed
    method: str
    headers: Mapping[str, str]
    """Names in lower case."""
    crowd: bool = False
    """Whether several messages' links were followed from the same network just now."""


def found_in(request: Request) -> tuple[str, ...]:
    """Name the rules that hold by what the request shows."""
    headers, found = request.headers, []
    agent = headers.get("user-agent", "")[:LOOKED_AT]
    if request.method == "HEAD":
        found.append("head")
    if any(headers.get(name, "").lower().startswith(value) for name, value in _PURPOSES):
        found.append("purpose")
    if rule := rule_of(agent):
        found.append(rule)
    if request.deed is Deed.OPENED:
        if is_proxy(agent):
            found.append("picture-proxy")
        return tuple(found)
    # Picture proxies send no language, and load everybody's pictures.
    if "accept-language" not in headers:
        found.append("no-language")
    if request.crowd:
        found.append("crowd")
    return tuple(found)


def found_later(found: Iterable[str], platform: str, went_at: int | None, at: int, *, bursts: bool) -> tuple[str, ...]:
    """Add the rules that hold by when the message went and what else was done; times in milliseconds.

    `went_at` is None where nobody knows.
    """
    rules, mail = list(found), platform == "email"
    if is_too_soon(went_at, at, within=TOO_SOON if mail else TOO_SOON_ELSEWHERE):
        rules.append("too-soon")
    elif mail and is_too_soon(went_at, at, within=HASTY):
        rules.append("hasty")
    if "picture-proxy" in rules and is_too_soon(went_at, at, within=AT_ONCE):
        rules.append("proxied-at-once")
    if bursts:
        rules.append("burst")
    return tuple(rules)


def is_by_machine(found: Iterable[str]) -> bool:
    """Say whether the rules that hold prove a machine together."""
    return sum(RULES[rule].weight for rule in found) >= Weight.DECISIVE


def why(found: Iterable[str]) -> str:
    """Say in few words why something is a machine's: the rules that hold and weigh something."""
    return ", ".join(rule for rule in found if RULES[rule].weight)
