"""What commands that ask a hub have in common: the options that say which hub, and how an answer is shown."""

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from tidings.cli.client import Client, Trouble
from tidings.cli.show import print_json

URL_VARIABLE = "TIDINGS_URL"
KEY_VARIABLE = "TIDINGS_KEY"
WORKSPACE_VARIABLE = "TIDINGS_WORKSPACE"
CLIENT_VARIABLES = frozenset({URL_VARIABLE, KEY_VARIABLE, WORKSPACE_VARIABLE})
"""What says where to ask; none of them is a setting of the service."""

OPERATION = "Set up and use a running hub (TIDINGS_URL, TIDINGS_KEY)"
"""Under what the help lists the commands that ask a hub."""
DEFAULT_URL = "http://127.0.0.1:8080"

Url = Annotated[str, typer.Option("--url", envvar=URL_VARIABLE, help="Where the hub is.", rich_help_panel="Hub")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar=KEY_VARIABLE,
        help="The hub's root key, or a key of the workspace.",
        rich_help_panel="Hub",
        show_default=False,
    ),
]
WorkspaceName = Annotated[
    str,
    typer.Option(
        "--workspace",
        "-w",
        envvar=WORKSPACE_VARIABLE,
        help="The workspace, by name or id; not needed where there is only one.",
        rich_help_panel="Hub",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the hub's answer as JSON, for machines.")]

_OPTIONS = (
    ("hub_url", Url, DEFAULT_URL),
    ("hub_key", Key, ""),
    ("hub_workspace", WorkspaceName, ""),
    ("as_json", Json, False),
)


class Asking(Client):
    """A hub that is asked for somebody at a terminal."""

    def __init__(self, url: str, key: str, tenant: str, *, as_json: bool) -> None:
        super().__init__(url, key, tenant)
        self.as_json = as_json

    def show(self, answer: Any, tell: Callable[[Any], object]) -> None:
        """Print an answer: as JSON where that was asked for, else as `tell` does."""
        if self.as_json:
            print_json(answer)
        else:
            tell(answer)


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a hub in place of its first parameter, the hub itself."""
    taken = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in _OPTIONS
    ]

    @wraps(command)
    def asking(*, hub_url: str, hub_key: str, hub_workspace: str, as_json: bool, **given: Any) -> None:
        command(Asking(hub_url, hub_key, hub_workspace, as_json=as_json), **given)

    told = told_plainly(asking)
    positional = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in taken]
    told.__signature__ = inspect.Signature([*positional, *options])  # type: ignore[attr-defined]
    return told


def told_plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Have a command say in one line what went wrong, and leave with the code that goes with it."""

    @wraps(command)
    def run(*given: Any, **named: Any) -> Any:
        try:
            return command(*given, **named)
        except Trouble as trouble:
            complain(str(trouble))
            raise typer.Exit(trouble.exit_code) from None

    return run


def complain(text: str) -> None:
    """Say on the error output what is wrong."""
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), text))


def examples(*lines: str) -> str:
    """Write the examples that stand below a command's help; every one of them is run by a test."""
    return "\n\n".join(["[bold]Examples[/]", *(f"  $ {line}" for line in lines)])
