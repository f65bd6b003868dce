"""`tidings key`: access keys of a workspace."""

from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.client import one_of
from tidings.cli.show import Columns, print_card, print_table, say, short_time

app = typer.Typer(no_args_is_help=True, help="Access keys of a workspace.")

SCOPES = "send,read,manage"


@app.command(
    epilog=examples("tidings key create shop --scopes send,read", "tidings key create backup --workspace Acme")
)
@asks
def create(
    hub: Asking,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scopes: Annotated[str, typer.Option("--scopes", help="What it may do, with commas between.")] = SCOPES,
) -> None:
    """Make a key; it is shown now, and never again."""
    asked = {"name": name, "scopes": [each.strip() for each in scopes.split(",")]}
    hub.show(hub.ask("POST", hub.within("access-keys"), asked), _show_made)


@app.command("list", epilog=examples("tidings key list"))
@asks
def list_all(hub: Asking) -> None:
    """List the keys, without the keys themselves."""
    columns: Columns = {
        "Name": "name",
        "Id": "id",
        "May": "scopes",
        "Created": lambda row: short_time(row["createdAt"]),
    }
    rows = _known(hub)
    hub.show(rows, lambda _: print_table(rows, columns, nothing="No keys. Make one: tidings key create shop"))


@app.command(epilog=examples("tidings key delete shop"))
@asks
def delete(hub: Asking, name: Annotated[str, typer.Argument(help="Name or id.")]) -> None:
    """Take a key away: it opens nothing any more."""
    key = one_of(_known(hub), name, "key")
    hub.show(hub.ask("DELETE", hub.within("access-keys", key["id"])), lambda _: say(f"The key {key['name']} is gone."))


def _known(hub: Asking) -> list[dict[str, Any]]:
    return list(hub.every(hub.within("access-keys"), most=10_000))


def _show_made(key: dict[str, Any]) -> None:
    print_card([("Name", key["name"]), ("Id", key["id"]), ("May", key["scopes"]), ("Key", key["accessKey"])])
    say("It is shown only now.", style="dim")
