"""`tidings subscription`: who is told what, in either vocabulary."""

import secrets
from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.client import Trouble
from tidings.cli.show import Columns, local_time, print_card, print_table, say, short_time

app = typer.Typer(no_args_is_help=True, help="Subscriptions: which events are posted where, in which vocabulary.")

OMNICHANNEL = "omnichannel"
CHANNELS = "channels"
OPERATIONS = "operations"
OMNICHANNEL_FAMILIES = ("message.", "interaction.", "interaciton.")
"""How the events of the omnichannel vocabulary begin."""
NOTICES = ("subscription.", "delivery.", "channel.", "callback.", "*")
"""How the hub's own notices begin; all other events are of the channels vocabulary."""

Named = Annotated[str, typer.Argument(help="Id, or URL where only one has it.", show_default=False)]
Events = Annotated[
    list[str],
    typer.Option("--event", "-e", help="message.*, message.sent, … or sms.outbound, …", show_default=False),
]
Filters = Annotated[
    list[str],
    typer.Option(
        "--filter", default_factory=list, metavar="KEY=VALUE", help="Only events with this value.", show_default=False
    ),
]
Url = Annotated[str, typer.Option("--to", help="Its new URL.", show_default=False)]
Active = Annotated[bool | None, typer.Option("--active/--paused", help="Tell it again, or nothing for now.")]
Secret = Annotated[
    str, typer.Option("--secret", help="What the vocabulary signs with; else one is made.", show_default=False)
]


@app.command(
    epilog=examples(
        "tidings subscription create https://example.com/hooks --event 'message.*'",
        "tidings subscription create https://example.com/sms --event sms.outbound --filter messageStatus=delivered",
        "tidings subscription create https://example.com/sms --event sms.outbound --event sms.inbound",
        "tidings subscription create https://example.com/pager --event subscription.failing --event channel.failing",
    )
)
@asks
def create(
    hub: Asking,
    url: Annotated[str, typer.Argument(help="Where events are posted.")],
    events: Events,
    *,
    filters: Filters,
    name: Annotated[str, typer.Option("--name", help="What an omnichannel webhook is called.")] = "",
    secret: Secret = "",
) -> None:
    """Subscribe to events, by their names in either vocabulary; its keys are shown now, and never again.

    One omnichannel webhook takes all the message.… events named, and one subscription all of the hub's own notices; of
    the channels vocabulary each event is a subscription of its own.
    """
    secret = secret or secrets.token_urlsafe(24)
    omnichannel = [each for each in events if each.startswith(OMNICHANNEL_FAMILIES)]
    notices = [each for each in events if each.startswith(NOTICES)]
    made = []
    if omnichannel:
        pairs = [{"name": key, "value": value} for key, value in map(_pair, filters)]
        wanted = [{"type": each, "filters": pairs} for each in omnichannel]
        asked = {"name": name or url, "url": url, "secret": secret, "subscriptions": wanted}
        made.append(_made(OMNICHANNEL, hub.ask("POST", _place(hub, OMNICHANNEL), asked), secret))
    if notices:
        asked = {"name": name, "url": url, "events": notices}
        made.append(_made(OPERATIONS, hub.ask("POST", _place(hub, OPERATIONS), asked), ""))
    for each in events:
        if each not in (*omnichannel, *notices):
            pairs = [{"key": key, "value": value} for key, value in map(_pair, filters)]
            asked = {"service": CHANNELS, "event": each, "url": url, "signingKey": secret, "eventFilters": pairs}
            made.append(_made(CHANNELS, hub.ask("POST", _place(hub, CHANNELS), asked), secret))
    hub.show(made, _show_all_made)


@app.command("list", epilog=examples("tidings subscription list"))
@asks
def list_all(hub: Asking) -> None:
    """List the subscriptions in every vocabulary."""
    columns: Columns = {
        "Events": lambda row: [event for event, _ in _wanted(row)],
        "URL": "url",
        "Active": _is_active,
        "Id": "id",
    }
    nothing = "Nobody is told anything. Subscribe: tidings subscription create https://… --event 'message.*'"
    hub.show(_known(hub), lambda rows: print_table(rows, columns, nothing=nothing))


@app.command(epilog=examples("tidings subscription show $SUBSCRIPTION"))
@asks
def show(hub: Asking, name: Named) -> None:
    """Show a subscription; its keys are never shown again."""
    hub.show(find(hub, name), _show)


@app.command(
    epilog=examples(
        "tidings subscription update $SUBSCRIPTION --paused",
        "tidings subscription update $SUBSCRIPTION --active --to https://example.com/new",
    )
)
@asks
def update(hub: Asking, name: Named, url: Url = "", active: Active = None) -> None:
    """Change where a subscription is told, or pause it; a paused one misses nothing, it is told later."""
    known = find(hub, name)
    path = f"{_place(hub, known['dialect'])}/{known['id']}"
    if known["dialect"] == OPERATIONS:
        raise Trouble("Drop it and make another one; `pause` and `resume` stop it and go on.")
    if known["dialect"] == OMNICHANNEL:
        webhook = {field: value for field, value in known.items() if field != "dialect"}
        webhook |= {"url": url or known["url"], "active": known["active"] if active is None else active}
        answer = hub.ask("PUT", path, webhook)
    else:
        changes = {"url": url} if url else {}
        if active is not None:
            changes["status"] = "active" if active else "inactive"
        answer = hub.ask("PATCH", path, changes)
    hub.show({"dialect": known["dialect"], **answer}, _show)


@app.command(epilog=examples("tidings subscription delete $SUBSCRIPTION"))
@asks
def delete(hub: Asking, name: Named) -> None:
    """Drop a subscription, with what was set aside for it."""
    known = find(hub, name)
    path = f"{_place(hub, known['dialect'])}/{known['id']}"
    hub.show(hub.ask("DELETE", path), lambda _: say(f"{known['url']} is told nothing more of {_events(known)}."))


@app.command(epilog=examples("tidings subscription test $SUBSCRIPTION"))
@asks
def test(hub: Asking, name: Named) -> None:
    """Send a made-up event to a subscription, and show what its endpoint answers."""
    tested = hub.ask("POST", hub.within("subscriptions", find(hub, name)["id"], "test"), {})
    hub.show(tested, _show_test)
    if not tested["delivered"]:
        raise typer.Exit(1)


@app.command(epilog=examples("tidings subscription log $SUBSCRIPTION --limit 5"))
@asks
def log(
    hub: Asking, name: Named, limit: Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")] = 20
) -> None:
    """List what became of telling a subscription of the channels vocabulary, newest first."""
    known = _of_channels(hub, name)
    columns: Columns = {
        "At": lambda row: short_time(row["attemptedAt"]),
        "Event": "event",
        "Try": "attempt",
        "Answer": lambda row: row["status"] or row["error"],
        "ms": "tookMs",
        "Message": "messageId",
    }
    rows = list(hub.every(f"{_place(hub, CHANNELS)}/{known['id']}/logs", most=limit))
    hub.show(rows, lambda _: print_table(rows, columns, nothing="It has been told nothing yet."))


def _place(hub: Asking, dialect: str) -> str:
    if dialect == OMNICHANNEL:
        return f"/apispaces/{hub.workspace()}/webhooks"
    if dialect == OPERATIONS:
        return hub.within("subscriptions")
    return hub.within("webhook-subscriptions")


def _known(hub: Asking) -> list[dict[str, Any]]:
    webhooks = hub.ask("GET", _place(hub, OMNICHANNEL))
    subscriptions = hub.every(_place(hub, CHANNELS), most=10_000)
    notices = (each for each in hub.every(_place(hub, OPERATIONS), most=10_000) if each["service"] == OPERATIONS)
    return [
        *({"dialect": OMNICHANNEL, **each} for each in webhooks),
        *({"dialect": CHANNELS, **each} for each in subscriptions),
        *({"dialect": OPERATIONS, **each} for each in notices),
    ]


def find(hub: Asking, named: str) -> dict[str, Any]:
    """Find a subscription in any vocabulary by its id, else by its URL; raises Trouble."""
    known = _known(hub)
    found = [each for each in known if each["id"] == named] or [each for each in known if each["url"] == named]
    if len(found) == 1:
        return found[0]
    raise Trouble(
        f"Several subscriptions go to {named}: name one by its id." if found else f"There is no subscription {named}."
    )


def _of_channels(hub: Asking, named: str) -> dict[str, Any]:
    known = find(hub, named)
    if known["dialect"] != CHANNELS:
        raise Trouble("The omnichannel vocabulary has no such thing; `tidings message show` tells what became of each.")
    return known


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise Trouble(f"A filter is written KEY=VALUE, not {text!r}.", exit_code=2)
    return key, value


def _made(dialect: str, answer: dict[str, Any], secret: str) -> dict[str, Any]:
    """Put a new subscription and both of its keys together: the standard one, and the vocabulary's own."""
    standard = answer.pop("standardSigningKey" if dialect == CHANNELS else "signingKey")
    return {"dialect": dialect, **answer, "standardKey": standard, "secret": secret}


def _wanted(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Give the events a subscription wants, each with its filters."""
    if row["dialect"] == OPERATIONS:
        return [(each, "") for each in row["events"]]
    if row["dialect"] == CHANNELS:
        return [(row["event"], " ".join(f"{each['key']}={each['value']}" for each in row["eventFilters"]))]
    return [
        (each["type"], " ".join(f"{pair['name']}={pair['value']}" for pair in each["filters"]))
        for each in row["subscriptions"]
    ]


def _events(row: dict[str, Any]) -> str:
    return ", ".join(event for event, _ in _wanted(row))


def _is_active(row: dict[str, Any]) -> bool:
    return bool(row.get("active", row.get("status") == "active"))


def _show(row: dict[str, Any]) -> None:
    print_card(
        [
            ("Id", row["id"]),
            ("Vocabulary", row["dialect"]),
            ("URL", row["url"]),
            *(("Event", f"{event}  {filters}".rstrip()) for event, filters in _wanted(row)),
            ("Active", _is_active(row)),
            ("Created", local_time(row.get("createdAt") or row.get("_createdOn"))),
        ]
    )


def _show_all_made(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        _show_made(row)


def _show_made(row: dict[str, Any]) -> None:
    _show(row)
    if row["dialect"] == OPERATIONS:
        print_card([("webhook-signature key", row["standardKey"])])
        say("Every notice is signed with it. It is shown only now.", style="dim")
        return
    header = "X-Comapi-Signature" if row["dialect"] == OMNICHANNEL else "messagebird-signature"
    print_card([("webhook-signature key", row["standardKey"]), (f"{header} key", row["secret"])])
    say("Every event is signed with both. They are shown only now.", style="dim")


def _show_test(tested: dict[str, Any]) -> None:
    answer = f"answered {tested['status']}" if tested["status"] else f"did not answer: {tested['detail']}"
    say(f"{tested['url']} {answer} after {tested['tookMs']} ms to a made-up {tested['event']}.")
