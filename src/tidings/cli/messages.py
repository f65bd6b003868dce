"""`tidings message`: messages and what became of them."""

from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.channels import find_channel, known_channels
from tidings.cli.choosing import Yes, sure
from tidings.cli.client import Trouble
from tidings.cli.life import drawn
from tidings.cli.show import Columns, console, print_table, say, short_time

app = typer.Typer(no_args_is_help=True, help="Messages and what became of them.")

LATEST = "latest"

Named = Annotated[str, typer.Argument(help="Id, or `latest`.", show_default=False)]


@app.command(
    "list",
    epilog=examples(
        "tidings message list --limit 5",
        "tidings message list --channel sms --direction inbound",
        "tidings message list --json",
    ),
)
@asks
def list_all(
    hub: Asking,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, at most.")] = 20,
    channel: Annotated[
        str, typer.Option("--channel", help="Only by this channel: name, id or platform.", show_default=False)
    ] = "",
    direction: Annotated[
        str, typer.Option("--direction", help="Only inbound or outbound ones.", show_default=False)
    ] = "",
) -> None:
    """List messages, newest first."""
    over = find_channel(hub, channel)["id"] if channel else ""
    rows = hub.ask("GET", _place(hub), limit=limit, channelId=over, direction=direction)
    columns: Columns = {
        "Created": lambda row: short_time(row["_createdOn"]),
        "Id": "messageId",
        "": lambda row: "←" if row["direction"] == "inbound" else "→",
        "Who": _who,
        "Via": lambda row: list(row["statusDetails"]) or row.get("channel") or row.get("rules"),
        "Status": "status",
    }
    hub.show(rows, lambda _: print_table(rows, columns, nothing="No messages."))


@app.command(epilog=examples("tidings message show latest", "tidings message show $MESSAGE --json"))
@asks
def show(hub: Asking, message: Named = LATEST) -> None:
    """Show a message's life: every hop and event, when it was, and who was told."""
    life = read_life(hub, _found(hub, message))
    hub.show(life, lambda _: draw_life(hub, life))


@app.command(epilog=examples("tidings message redact $MESSAGE --yes"))
@asks
def redact(hub: Asking, message: Named, yes: Yes = False) -> None:
    """Take a message's content away, from its events and attempts too; what became of it stays."""
    found = _found(hub, message)
    sure(f"Empty the message {found} for good?", yes)
    answer = hub.ask("PATCH", f"{_place(hub)}/{found}", {"redact": True})
    hub.show(answer, lambda _: say(f"The message {found} is empty."))


@app.command(epilog=examples("tidings message delete $MESSAGE --yes"))
@asks
def delete(hub: Asking, message: Named, yes: Yes = False) -> None:
    """Delete a message, with everything that hangs on it."""
    found = _found(hub, message)
    sure(f"Delete the message {found} for good?", yes)
    hub.show(hub.ask("DELETE", f"{_place(hub)}/{found}"), lambda _: say(f"The message {found} is gone."))


def read_life(hub: Asking, message: str) -> dict[str, Any]:
    """Read the whole life of a message."""
    life: dict[str, Any] = hub.ask("GET", hub.within("messages", message))
    return life


def draw_life(hub: Asking, life: dict[str, Any]) -> None:
    """Print a message's life for people."""
    names = {each["id"]: each["name"] for each in known_channels(hub)}
    console().print(drawn(life, names))


def _place(hub: Asking) -> str:
    return f"/apispaces/{hub.workspace()}/messages"


def _found(hub: Asking, named: str) -> str:
    if named != LATEST:
        return named
    newest = hub.ask("GET", _place(hub), limit=1)
    if not newest:
        raise Trouble("There are no messages yet.")
    return str(newest[0]["messageId"])


def _who(row: dict[str, Any]) -> str:
    person = row.get("from" if row["direction"] == "inbound" else "to") or {}
    shown = [str(value) for name, value in person.items() if name not in ("profileId", "phoneNumberCountryCode")]
    return ", ".join(shown) or str(person.get("profileId", ""))
