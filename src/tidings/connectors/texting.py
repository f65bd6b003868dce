"""What providers of SMS have in common: how they write numbers and times, native bodies, and our own id."""

from collections.abc import Mapping, Set
from typing import Any

import msgspec
from msgspec import Raw

from tidings.connectors.connector import Outgoing
from tidings.model.reports import Deed, Interaction, Target
from tidings.rules.addresses import phone
from tidings.rules.times import from_iso, to_iso

_LONGEST_CODE = 8
"""Digits of a short code."""
_LONGEST_HOP = 9
"""Digits of a hop's number."""


def person(number: str) -> str:
    """Write a person's number as E.164 with `+`; what is no phone number stays as it is."""
    try:
        return phone(number)
    except ValueError:
        return number


def ours(number: str) -> str:
    """Write a number of ours as E.164 with `+`; a short code or a name stays as it is."""
    return person(number) if len(number.removeprefix("+")) > _LONGEST_CODE else number


def bare(address: str) -> str:
    """Write a number without its `+`; a name stays as it is."""
    return address.removeprefix("+")


def target_of(mark: str, reference: str) -> Target:
    """Find the message that our own mark and the provider's reference name; another system's mark says nothing."""
    message, colon, hop = mark.rpartition(":")
    if colon and hop.isascii() and hop.isdigit() and len(hop) <= _LONGEST_HOP:
        return Target(message=message, hop=int(hop), reference=reference)
    return Target(reference=reference)


def moment_of(text: str) -> int | None:
    """Read a time, which is of UTC where it names no zone; None where it is none."""
    try:
        at = from_iso(text)
        to_iso(at)  # A time at the end of the calendar can be read, and not be written again.
    except (ValueError, OverflowError):
        return None
    return at


def native_of(outgoing: Outgoing, provider: str, ours: Set[str]) -> Mapping[str, Any]:
    """Read the body that a client wrote in the provider's own fields; raises ValueError where it is none.

    `ours` are the fields by which a message finds its way and its reports.
    """
    raw = outgoing.content.native.get(outgoing.platform)
    if raw is None:
        return {}
    try:
        native = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"A body for {outgoing.platform} is an object of {provider}'s fields.") from error
    if not native:
        raise ValueError(f"The body for {outgoing.platform} says nothing.")
    if forbidden := sorted(ours & native.keys()):
        raise ValueError(f"{' and '.join(forbidden)} cannot be set in a body.")
    return native


def unsubscribed(mark: str, target: Target, raw: Raw, sender: str) -> Interaction:
    """Tell that a person wants no more messages; `mark` is the provider's id of where they said so."""
    return Interaction(f"unsubscribe:{mark}", Deed.UNSUBSCRIBE_REQUEST, target, raw, sender=sender)
