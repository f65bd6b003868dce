"""Signing keys come and go: what a new one makes of those that are there, and which of them may be taken away."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import SigningKey
from tidings.rules.schedule import HOUR, SECOND

MOST_KEYS: Final = 8
"""How many may sign at once: every one of them costs each delivery a signature."""
REMEMBERED: Final = 30 * 24 * HOUR
"""Milliseconds for which a key that expired is still known, to tell what it signed."""


def rotated(
    keys: Sequence[SigningKey], new: SigningKey, *, replaces: Sequence[str] | None, until: int
) -> tuple[SigningKey, ...]:
    """Put a new key beside those there are; the replaced ones (None: all of its kind) sign on until a time at most.

    The same secret again takes the place of the key that has it. Raises Refused: 422 where a key to be replaced is not
    there, 409 where too many would sign at once.
    """
    _check_known(keys, replaces or ())
    now, end = new.created_at, until // SECOND * SECOND
    after = []
    for key in keys:
        if key.secret == new.secret or (key.expires_at is not None and key.expires_at + REMEMBERED < now):
            continue
        is_replaced = key.kind is new.kind if replaces is None else key.id in replaces
        after.append(replace(key, expires_at=min(end, key.expires_at or end)) if is_replaced else key)
    if sum(key.signs_at(now) for key in after) >= MOST_KEYS:
        raise Refused(f"At most {MOST_KEYS} keys may sign at once.", status=409, kind="too-many-keys")
    return (*after, new)


def without(keys: Sequence[SigningKey], named: str) -> tuple[SigningKey, ...]:
    """Take a key away; raises Refused (409) where none would be left that goes on, and in the end nothing be signed."""
    after = tuple(key for key in keys if key.id != named)
    if all(key.expires_at is not None for key in after):
        detail = "It is the last key that does not expire: make another one first."
        raise Refused(detail, status=409, kind="last-key")
    return after


def _check_known(keys: Sequence[SigningKey], named: Sequence[str]) -> None:
    known = {key.id for key in keys}
    errors = tuple(
        FieldError(f"replaces[{index}]", f"There is no key {each}.", "unknown")
        for index, each in enumerate(named)
        if each not in known
    )
    if errors:
        raise Refused("The key cannot be made.", status=422, errors=errors)
