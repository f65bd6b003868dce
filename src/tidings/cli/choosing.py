"""Asking people before what cannot be undone."""

import sys
from typing import Annotated

import typer

from tidings.cli.client import Trouble

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether I am sure.")]


def sure(question: str, yes: bool) -> None:
    """Return if it is to be done; raises Trouble where nobody is there to be asked, and Exit for a no."""
    if yes:
        return
    if not at_terminal():
        raise Trouble("Nobody is here to be asked: say --yes.", exit_code=2)
    if not typer.confirm(question):
        raise typer.Exit(1)


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
