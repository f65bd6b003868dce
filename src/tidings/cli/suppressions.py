"""`tidings suppression`: whom a workspace does not write to."""

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.client import Trouble
from tidings.cli.show import Columns, local_time, print_table, say, short_time
from tidings.model.suppressions import SUPPRESSING

app = typer.Typer(no_args_is_help=True, help="Suppressions: whom the workspace does not write to.")

TOGETHER = 5_000
"""How many the hub takes at once."""

Address = Annotated[str, typer.Argument(help="The address.", show_default=False)]
Platform = Annotated[str, typer.Option("--platform", help="sms, email, whatsapp, …", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help=f"One of {', '.join(SUPPRESSING)}.", show_default=False)]


@app.command(
    "list",
    epilog=examples("tidings suppression list", "tidings suppression list ann@ --reason unsubscribed --json"),
)
@asks
def list_(
    hub: Asking,
    address: Annotated[str, typer.Argument(help="What addresses begin with.", show_default=False)] = "",
    platform: Platform = "",
    reason: Reason = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")] = 100,
) -> None:
    """List whom the workspace does not write to, by address."""
    rows = _listed(hub, limit, address=address, platform=platform, reason=reason)
    columns: Columns = {
        "Address": "address",
        "Platform": "platform",
        "Why": "reason",
        "Since": lambda row: short_time(row["at"]),
        "Said by": "source",
        "In words": lambda row: row.get("note", ""),
    }
    hub.show(rows, lambda _: print_table(rows, columns, nothing="There is nobody whom it does not write to."))


@app.command(
    epilog=examples(
        'tidings suppression add +447700900199 --platform sms --note "Asked on the phone"',
        "tidings suppression add bob@example.com --platform email --reason complained",
    )
)
@asks
def add(
    hub: Asking,
    address: Address,
    platform: Annotated[str, typer.Option("--platform", help="sms, email, whatsapp, …")],
    reason: Annotated[str, typer.Option("--reason", help=f"One of {', '.join(SUPPRESSING)}.")] = SUPPRESSING[-1],
    note: Annotated[str, typer.Option("--note", help="Where you have it from.", show_default=False)] = "",
) -> None:
    """Write to somebody no more; who stands there already stays as they are."""
    asked = {"platform": platform, "address": address, "reason": reason, "note": note}
    made = hub.ask("POST", hub.within("suppressions"), asked)
    hub.show(made, lambda _: say(f"{made['address']} gets nothing more on {made['platform']}: {made['reason']}."))


@app.command(
    "import",
    epilog=examples("tidings suppression import stopped.csv"),
)
@asks
def import_(
    hub: Asking,
    file: Annotated[Path, typer.Argument(help="A CSV with a heading: platform, address, reason, note, channelId.")],
) -> None:
    """Write to everybody in a table no more."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as table:
            rows = [{name: text for name, text in row.items() if name and text} for row in csv.DictReader(table)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Trouble(f"{file} cannot be read: {error}.", exit_code=2) from error
    added = known = 0
    for start in range(0, len(rows), TOGETHER):
        told = hub.ask("POST", hub.within("suppressions"), rows[start : start + TOGETHER])
        added, known = added + told["added"], known + told["known"]
    answer = {"added": added, "known": known}
    hub.show(answer, lambda _: say(f"{added} were added, {known} stood there already."))


@app.command(epilog=examples("tidings suppression remove ann@example.com --platform email"))
@asks
def remove(hub: Asking, address: Address, platform: Platform = "", reason: Reason = "") -> None:
    """Write to somebody again, on every ground that is named, or on all."""
    found = _listed(hub, 100, address=address, platform=platform, reason=reason)
    meant = [each for each in found if each["address"].casefold() == address.strip().casefold()]
    if not meant:
        raise Trouble(f"There is no suppression of {address}. `tidings suppression list` shows them.")
    for each in meant:
        hub.ask("DELETE", hub.within("suppressions", each["id"]))

    def tell(_: Any) -> None:
        for each in meant:
            since = local_time(each["at"])
            say(f"{each['address']} may be written to again on {each['platform']} ({each['reason']} since {since}).")

    hub.show(meant, tell)


def _listed(hub: Asking, most: int, **query: str) -> list[dict[str, Any]]:
    return list(hub.every(hub.within("suppressions"), most=most, **query))
