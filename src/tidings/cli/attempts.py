"""`tidings attempts`: the delivery log."""

from typing import Annotated

import typer

from tidings.cli.asking import OPERATION, Asking, asks, examples
from tidings.cli.show import Columns, print_table, short_time
from tidings.cli.subscriptions import find
from tidings.model.subscriptions import Fault, Verdict

app = typer.Typer()


def _option(name: str, told: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, help=told, show_default=False)
    return option


@app.command(
    rich_help_panel=OPERATION,
    epilog=examples(
        "tidings attempts --limit 5",
        "tidings attempts --subscription $SUBSCRIPTION --verdict retry",
        "tidings attempts --class timeout --from 2026-01-01",
        "tidings attempts --message $MESSAGE --json",
    ),
)
@asks
def attempts(
    hub: Asking,
    subscription: Annotated[str, _option("--subscription", "Only to this one: id or URL.")] = "",
    verdict: Annotated[Verdict | None, _option("--verdict", "Only what came to this.")] = None,
    fault: Annotated[Fault | None, _option("--class", "Only failures of this class.")] = None,
    status: Annotated[int | None, _option("--status", "Only what was answered with this.")] = None,
    event: Annotated[str, _option("--event", "Only tries to tell this event, by its id.")] = "",
    message: Annotated[str, _option("--message", "Only tries to tell events of this message.")] = "",
    since: Annotated[str, _option("--from", "Not before this time (ISO 8601).")] = "",
    until: Annotated[str, _option("--to", "Before this time (ISO 8601).")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")] = 20,
) -> None:
    """List the attempts to tell subscriptions, newest first; `--json` shows what endpoints answered, with headers."""
    query = {
        "subscription": find(hub, subscription)["id"] if subscription else "",
        "verdict": verdict,
        "class": fault,
        "status": status,
        "eventId": event,
        "messageId": message,
        "from": since,
        "to": until,
    }
    asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
    columns: Columns = {
        "At": lambda row: short_time(row["attemptedAt"]),
        "Event": "event",
        "Try": "attempt",
        "Came to": "verdict",
        "Answer": lambda row: row["status"] or row["error"],
        "ms": "tookMs",
        "To": lambda row: f"…{row['subscriptionId'][-6:]}",
        "Message": "messageId",
    }
    rows = list(hub.every(hub.within("attempts"), most=limit, **asked))
    hub.show(rows, lambda _: print_table(rows, columns, nothing="There is no such attempt."))
