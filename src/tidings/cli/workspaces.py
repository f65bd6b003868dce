"""`tidings workspace`: tenants."""

from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.choosing import Yes, sure
from tidings.cli.show import Columns, local_time, print_card, print_table, say, short_time

app = typer.Typer(no_args_is_help=True, help="Tenants: each has its own keys, channels, subscriptions and messages.")

Named = Annotated[str, typer.Argument(help="Name or id.", show_default=False)]
Account = Annotated[int | None, typer.Option("--account", help="Id of the account it belongs to; events carry it.")]
CatchAll = Annotated[
    str,
    typer.Option(
        "--catch-all",
        help="unclaimed: an unfiltered subscription leaves out what a filtered sibling takes; all: it does not.",
        show_default=False,
    ),
]


@app.command(
    epilog=examples("tidings workspace create Acme", "tidings workspace create Acme --account 1234 --catch-all all")
)
@asks
def create(
    hub: Asking,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    account: Account = None,
    catch_all: CatchAll = "",
) -> None:
    """Make a workspace; its first key is shown now, and never again."""
    hub.show(hub.ask("POST", "/workspaces", {"name": name, **_fields(account, catch_all)}), _show_made)


@app.command("list", epilog=examples("tidings workspace list", "tidings workspace list --json"))
@asks
def list_all(hub: Asking) -> None:
    """List the workspaces (root key)."""
    columns: Columns = {
        "Name": "name",
        "Id": "id",
        "Account": "accountId",
        "Catch-all": "catchAll",
        "Created": lambda row: short_time(row["createdAt"]),
    }
    rows = list(hub.every("/workspaces", most=10_000))
    hub.show(
        rows, lambda _: print_table(rows, columns, nothing="No workspaces. Make one: tidings workspace create Acme")
    )


@app.command(epilog=examples("tidings workspace show Acme"))
@asks
def show(hub: Asking, name: Named) -> None:
    """Show a workspace."""
    hub.show(hub.ask("GET", _path(hub, name)), _show)


@app.command(
    epilog=examples("tidings workspace update Acme --name Acorn", "tidings workspace update Acme --catch-all all")
)
@asks
def update(
    hub: Asking,
    name: Named,
    new_name: Annotated[str, typer.Option("--name", help="Its new name.", show_default=False)] = "",
    account: Account = None,
    catch_all: CatchAll = "",
) -> None:
    """Change a workspace."""
    changes = {**({"name": new_name} if new_name else {}), **_fields(account, catch_all)}
    hub.show(hub.ask("PATCH", _path(hub, name), changes), _show)


@app.command(epilog=examples("tidings workspace delete Acme --yes"))
@asks
def delete(hub: Asking, name: Named, yes: Yes = False) -> None:
    """Take a workspace away, with its keys, channels and subscriptions."""
    path = _path(hub, name)
    sure(f"Take the workspace {name} away, with all that is set up in it?", yes)
    hub.show(hub.ask("DELETE", path), lambda _: say(f"The workspace {name} is gone."))


def _path(hub: Asking, name: str) -> str:
    hub.tenant = name
    return hub.within()


def _fields(account: int | None, catch_all: str) -> dict[str, Any]:
    given: dict[str, Any] = {"accountId": account, "catchAll": catch_all or None}
    return {name: value for name, value in given.items() if value is not None}


def _show(workspace: dict[str, Any]) -> None:
    print_card(
        [
            ("Name", workspace["name"]),
            ("Id", workspace["id"]),
            ("Account", workspace["accountId"]),
            ("Catch-all", workspace["catchAll"]),
            ("Created", local_time(workspace["createdAt"])),
        ]
    )


def _show_made(workspace: dict[str, Any]) -> None:
    _show(workspace)
    print_card(
        [("Key", workspace["accessKey"]), ("", "It may do everything in this workspace, and is shown only now.")]
    )
