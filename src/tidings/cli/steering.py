"""`tidings subscription pause`, `resume`, `state`, `replay`, `dead`, `resend`, `explain`: what it is told, and when."""

from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.show import Columns, local_time, print_card, print_table, say, short_time
from tidings.cli.subscriptions import Named, find

app = typer.Typer()

Since = Annotated[
    str, typer.Option("--since", help="drain: from where it stood; skip: only what is new; or a time (ISO 8601).")
]
First = Annotated[str, typer.Option("--since", help="Events from this time on (ISO 8601).", show_default=False)]
Last = Annotated[str, typer.Option("--until", help="Events before this time.", show_default=False)]
Events = Annotated[
    list[str],
    typer.Option("--event", "-e", default_factory=list, help="Only events of this name.", show_default=False),
]
Rate = Annotated[float | None, typer.Option("--rate", min=0.001, help="At most so many a second.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")]


@app.command(epilog=examples("tidings subscription pause $SUBSCRIPTION"))
@asks
def pause(hub: Asking, name: Named) -> None:
    """Tell a subscription nothing for now; it misses nothing, its place in the log is kept."""
    known = find(hub, name)
    hub.show(hub.ask("POST", _place(hub, known, "pause")), lambda _: say(f"{known['url']} is paused."))


@app.command(
    epilog=examples(
        "tidings subscription resume $SUBSCRIPTION",
        "tidings subscription resume $SUBSCRIPTION --since skip",
        "tidings subscription resume $SUBSCRIPTION --since 2026-01-31T12:00:00Z",
    )
)
@asks
def resume(hub: Asking, name: Named, since: Since = "drain") -> None:
    """Go on telling a subscription; an endpoint that was failing is tried at once."""
    known = find(hub, name)
    answer = hub.ask("POST", _place(hub, known, "resume"), {"since": since})
    hub.show(answer, lambda _: say(f"{known['url']} is told again."))


@app.command(epilog=examples("tidings subscription state $SUBSCRIPTION"))
@asks
def state(hub: Asking, name: Named) -> None:
    """Show how telling a subscription stands: its place, its endpoint, what is set aside or given up."""
    hub.show(hub.ask("GET", _place(hub, find(hub, name))), _show_state)


@app.command(
    epilog=examples(
        "tidings subscription replay $SUBSCRIPTION --since 2026-01-31T12:00:00Z --dry-run",
        "tidings subscription replay $SUBSCRIPTION --event sms.outbound --rate 50",
        "tidings subscription replay $SUBSCRIPTION --dead-letters",
    )
)
@asks
def replay(
    hub: Asking,
    name: Named,
    *,
    since: First = "",
    until: Last = "",
    events: Events,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="Only events that were given up.")] = False,
    rate: Rate = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what it would tell.")] = False,
) -> None:
    """Tell a subscription again what it was told, or what was given up; it goes on when this returns."""
    known = find(hub, name)
    asked: dict[str, Any] = {"since": since, "until": until, "events": events, "deadLetters": dead_letters}
    if rate is not None:
        asked["ratePerSecond"] = rate
    answer = hub.ask("POST", _place(hub, known, "replays"), {**asked, "dryRun": dry_run})
    hub.show(answer, _show_preview if dry_run else _show_replay)


@app.command(epilog=examples("tidings subscription replays $SUBSCRIPTION"))
@asks
def replays(hub: Asking, name: Named, limit: Limit = 20) -> None:
    """List what a subscription was told again, newest first, with how far each has come."""
    columns: Columns = {
        "Id": "id",
        "Ordered": lambda row: local_time(row["createdAt"]),
        "Status": "status",
        "Done": lambda row: f"{row['progress']:.0%}",
        "Told": "told",
        "Set aside": "setAside",
    }
    rows = list(hub.every(_place(hub, find(hub, name), "replays"), most=limit))
    hub.show(rows, lambda _: print_table(rows, columns, nothing="Nothing was told again."))


@app.command("cancel-replay", epilog=examples("tidings subscription cancel-replay $SUBSCRIPTION $REPLAY"))
@asks
def cancel_replay(
    hub: Asking, name: Named, replay: Annotated[str, typer.Argument(help="Its id.", show_default=False)]
) -> None:
    """Call a replay off; what is under way is told all the same."""
    hub.show(hub.ask("DELETE", _place(hub, find(hub, name), "replays", replay)), _show_replay)


@app.command(epilog=examples("tidings subscription dead $SUBSCRIPTION"))
@asks
def dead(hub: Asking, name: Named, limit: Limit = 20) -> None:
    """List the events that were given up for a subscription, newest first."""
    columns: Columns = {
        "Written": lambda row: short_time(row["writtenAt"]),
        "Kind": "kind",
        "Attempts": "attempts",
        "Last answer": lambda row: row["lastStatus"] or row["lastError"],
        "Event": "eventId",
        "Message": "messageId",
    }
    rows = list(hub.every(_place(hub, find(hub, name), "dead-letters"), most=limit))
    hub.show(rows, lambda _: print_table(rows, columns, nothing="Nothing was given up."))


@app.command(epilog=examples("tidings subscription resend $SUBSCRIPTION $EVENT"))
@asks
def resend(hub: Asking, name: Named, event: Annotated[str, typer.Argument(help="Its id.", show_default=False)]) -> None:
    """Tell a subscription one event again, now."""
    hub.show(hub.ask("POST", _place(hub, find(hub, name), "events", event, "resend")), _show_replay)


@app.command(
    epilog=examples(
        "tidings subscription explain $SUBSCRIPTION --message $MESSAGE",
        "tidings subscription explain $SUBSCRIPTION --event $EVENT",
    )
)
@asks
def explain(
    hub: Asking,
    name: Named,
    event: Annotated[str, typer.Option("--event", help="An event's id.", show_default=False)] = "",
    message: Annotated[str, typer.Option("--message", help="Or a message's: all of its events.")] = "",
) -> None:
    """Say why a subscription did, or did not, get an event."""
    query = f"?eventId={event}" if event else f"?messageId={message}"
    answer = hub.ask("GET", _place(hub, find(hub, name), "explain") + query)
    columns: Columns = {
        "Event": lambda row: row["event"]["kind"],
        "Fate": "fate",
        "Why": "why",
        "Tries": lambda row: len(row["attempts"]),
    }
    hub.show(answer, lambda _: print_table(answer.get("results", [answer]), columns, nothing="It has no events."))


def _place(hub: Asking, known: dict[str, Any], *below: str) -> str:
    return hub.within("subscriptions", known["id"], *below)


def _show_state(row: dict[str, Any]) -> None:
    delivery = row["delivery"]
    endpoint = delivery["endpoint"]
    print_card(
        [
            ("URL", row["url"]),
            ("Status", " ".join(filter(None, (row["status"], row.get("stopped"))))),
            ("Endpoint", endpoint["state"]),
            ("Failing since", local_time(endpoint["failingSince"])),
            ("Next probe", local_time(endpoint["nextProbeAt"])),
            ("Disabled at", local_time(endpoint["disabledAt"])),
            ("Undelivered since", local_time(delivery["undeliveredSince"])),
            ("Set aside", delivery["setAside"]),
            ("Given up", delivery["givenUp"]),
        ]
    )


def _show_preview(counted: dict[str, Any]) -> None:
    about = "" if counted["complete"] else "at least "
    say(f"It would tell {about}{counted['events']} events.")


def _show_replay(row: dict[str, Any]) -> None:
    print_card(
        [
            ("Id", row["id"]),
            ("Status", row["status"]),
            ("Done", f"{row['progress']:.0%}"),
            ("Told", row["told"]),
            ("Set aside", row["setAside"]),
        ]
    )
