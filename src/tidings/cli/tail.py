"""`tidings tail`: what happens, as it happens."""

import json
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from tidings.cli.asking import OPERATION, Asking, asks, examples
from tidings.cli.client import Trouble
from tidings.cli.hearing import Heard
from tidings.cli.show import STAGE_STYLES, console
from tidings.cli.subscriptions import find

app = typer.Typer()

LATEST = "latest"

Types = Annotated[
    list[str],
    typer.Option(
        "--event",
        "-e",
        default_factory=list,
        help="Only these: delivered, … or with --dialect its names.",
        metavar="NAME",
    ),
]


@app.command(
    rich_help_panel=OPERATION,
    epilog=examples(
        "tidings tail --after 0 --limit 1",
        "tidings tail --event accepted --after 0 --limit 1 --json",
        "tidings tail --subscription $SUBSCRIPTION --after 0 --limit 1",
    ),
)
@asks
def tail(
    hub: Asking,
    *,
    types: Types,
    after: Annotated[str, typer.Option("--after", help="The position to begin after; 0 is the beginning.")] = LATEST,
    dialect: Annotated[
        str, typer.Option("--dialect", help="In the words of omnichannel or channels, as JSON.", show_default=False)
    ] = "",
    message: Annotated[str, typer.Option("--message", "-m", help="Only about this message.", show_default=False)] = "",
    subscription: Annotated[
        str,
        typer.Option("--subscription", "-s", help="What this one is told: its id or URL; as JSON.", show_default=False),
    ] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Leave after so many events.", show_default=False)
    ] = None,
) -> None:
    """Follow what happens, live, until Ctrl-C; where the connection breaks it is taken up again, and nothing is lost.

    With --json each event is a line of its own.
    """
    if subscription:
        if types or dialect or message:
            raise Trouble("A subscription says itself which events it wants.", exit_code=2)
        path = hub.within("subscriptions", find(hub, subscription)["id"], "events", "stream")
    else:
        path = hub.within("events", "stream")
    heard = hub.follow(path, after=after, types=",".join(types), dialect=dialect, messageId=message)
    plain = hub.as_json or bool(subscription or dialect)
    try:
        for each in islice(heard, limit):
            if plain:
                print(each.data, flush=True)
            else:
                console().print(_line(each))
    except KeyboardInterrupt:
        raise typer.Exit from None


def _line(heard: Heard) -> Text:
    event = json.loads(heard.data)
    at = datetime.fromisoformat(event["at"]).astimezone()
    interaction, notice = event.get("interaction", {}), event.get("notice", {})
    word = interaction.get("deed") or notice.get("name") or event["kind"]
    platform = f"  {event['platform']}" if event.get("platform") else ""
    clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    return Text.assemble(
        (f"{clock}  ", "dim"),
        (f"{heard.id:>8}  ", "dim"),
        (f"{word:<12}", STAGE_STYLES.get(word, "")),
        f"{platform}  ",
        (event["messageId"], "dim"),
    )
