"""The command line: the service, a demonstration of it, and everything an operator asks of a running hub."""

from typing import Annotated

import typer

from tidings import __version__
from tidings.cli import (
    attempts,
    channels,
    demo,
    doctor,
    keys,
    messages,
    migrate,
    send,
    serve,
    signing,
    simulate,
    steering,
    subscriptions,
    suppressions,
    tail,
    workspaces,
)
from tidings.cli.asking import OPERATION

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for each in (serve, demo, simulate, migrate, doctor, send, tail, attempts):
    app.add_typer(each.app)
subscriptions.app.add_typer(signing.app)
subscriptions.app.add_typer(steering.app)
for name, noun in (
    ("workspace", workspaces),
    ("key", keys),
    ("channel", channels),
    ("subscription", subscriptions),
    ("message", messages),
    ("suppression", suppressions),
):
    app.add_typer(noun.app, name=name, rich_help_panel=OPERATION)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def tidings(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Tidings: what became of your messages. A self-hosted hub for message events."""


def main() -> None:
    """Run the command line."""
    app(prog_name="tidings")
