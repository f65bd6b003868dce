"""Telling machines from people: by what a request shows, by when it came, and by what else was done at once.

The rules are one table (`table`); a click or an open is a machine's where those that hold weigh enough together.
"""

from tidings.rules.prefetch.agents import is_machine
from tidings.rules.prefetch.judging import Request, found_in, found_later, is_by_machine, why
from tidings.rules.prefetch.table import RULES, Rule, Weight
from tidings.rules.prefetch.times import BURST, BURST_LINKS, CROWD, CROWD_MESSAGES, TOO_SOON, burst, is_too_soon

__all__ = [
    "BURST",
    "BURST_LINKS",
    "CROWD",
    "CROWD_MESSAGES",
    "RULES",
    "TOO_SOON",
    "Request",
    "Rule",
    "Weight",
    "burst",
    "found_in",
    "found_later",
    "is_by_machine",
    "is_machine",
    "is_too_soon",
    "why",
]
