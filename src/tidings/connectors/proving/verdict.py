"""What proofs share: asking a connector, comparing, and saying what is wrong."""

from typing import Any, NoReturn

import msgspec

from tidings.connectors.connector import Connector
from tidings.model.errors import BadSignature, Unreadable
from tidings.model.exchange import Callback
from tidings.model.reports import Report


def disprove(why: str) -> NoReturn:
    """Say that a proof has failed, and why."""
    raise AssertionError(why)


def same(expected: Any, told: Any, where: object) -> None:
    """Compare two JSON values; raises AssertionError showing both."""
    if expected != told:
        wanted, got = (msgspec.json.format(msgspec.json.encode(each)).decode() for each in (expected, told))
        disprove(f"{where}: expected\n{wanted}\nbut it is\n{got}")


def plain(value: Any) -> Any:
    """Give a value as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def is_proven(connector: Connector[Any], callback: Callback) -> bool:
    """Say whether a connector believes a callback."""
    try:
        connector.evidence(callback)
        connector.verify(callback)
    except BadSignature:
        return False
    return True


def reports_of(connector: Connector[Any], callback: Callback) -> list[Report] | None:
    """Say what a callback means; None where it is unreadable."""
    try:
        return connector.parse(callback)
    except Unreadable:
        return None
