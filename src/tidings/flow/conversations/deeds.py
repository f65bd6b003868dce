"""What each command makes of a conversation. Everything is checked before anything is changed; raises Refused."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tidings.flow.conversations import making, responding, saying
from tidings.flow.conversations.commands import (
    Add,
    AskDeletion,
    Change,
    Command,
    Delete,
    Empty,
    Make,
    React,
    Remove,
    Say,
    Tell,
)
from tidings.flow.conversations.page import Page
from tidings.store.statements import Transaction

_AT_ONCE: Final[Mapping[type, Callable[[Page, Any], Any]]] = {
    Make: making.make,
    Change: making.change,
    Delete: making.delete,
    Add: making.add,
    Remove: making.remove,
    Say: saying.say,
    React: responding.react,
    AskDeletion: responding.ask_deletion,
}
"""What needs nothing more from the store than was looked up before."""


def apply(page: Page, command: Command) -> Transaction[Any]:
    """Do what a command asks; give its value."""
    match command:
        case Tell():
            return (yield from responding.tell(page, command))
        case Empty():
            return (yield from responding.empty(page, command))
        case _:
            return _AT_ONCE[type(command)](page, command)
