"""`tidings subscription keys`, `rotate` and `verify`: what a subscription's webhooks are signed with."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.client import Trouble
from tidings.cli.show import Columns, local_time, print_card, print_table, say
from tidings.cli.subscriptions import Named, find

app = typer.Typer()

STANDARD_INPUT: Final = "-"
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")

Kind = Annotated[str, typer.Option("--kind", help="hmac (whsec_…, v1), or ed25519 (whsk_…, v1a).")]
Overlap = Annotated[
    float, typer.Option("--overlap-hours", min=0, help="How long the replaced keys sign beside the new one.")
]
Replaces = Annotated[
    list[str],
    typer.Option(
        "--replaces",
        default_factory=list,
        metavar="KEY",
        help="Id of a key it replaces; else all of its kind.",
        show_default=False,
    ),
]
Own = Annotated[str, typer.Option("--secret", help="A key of your own; else one is made.", show_default=False)]
File = Annotated[
    str, typer.Argument(help="The request as it came: headers, an empty line, the raw body; -: from the input.")
]
Url = Annotated[str, typer.Option("--to", help="Where it came, if not at the subscription's URL.", show_default=False)]
At = Annotated[str, typer.Option("--at", help="When it came (ISO 8601), if not now.", show_default=False)]


@app.command(epilog=examples("tidings subscription keys $SUBSCRIPTION"))
@asks
def keys(hub: Asking, name: Named) -> None:
    """List the keys that a subscription's webhooks are signed with; of a pair the public half is shown."""
    columns: Columns = {
        "Id": "id",
        "Kind": "kind",
        "Created": lambda row: local_time(row["createdAt"]),
        "Expires": lambda row: local_time(row["expiresAt"]),
        "Public key": "publicKey",
    }
    rows = list(hub.every(_place(hub, name, "keys"), most=1000))
    hub.show(rows, lambda _: print_table(rows, columns, nothing="No keys."))


@app.command(
    epilog=examples(
        "tidings subscription rotate $SUBSCRIPTION",
        "tidings subscription rotate $SUBSCRIPTION --kind ed25519",
        "tidings subscription rotate $SUBSCRIPTION --overlap-hours 0",
    )
)
@asks
def rotate(
    hub: Asking, name: Named, *, kind: Kind = "hmac", overlap: Overlap = 24, replaces: Replaces, secret: Own = ""
) -> None:
    """Give a subscription a new key; for a day, or as long as you say, the old ones sign beside it."""
    asked: dict[str, Any] = {"kind": kind, "overlapHours": overlap}
    if replaces:
        asked["replaces"] = replaces
    if secret:
        asked["secret"] = secret
    hub.show(hub.ask("POST", _place(hub, name, "keys"), asked), lambda made: _show_made(made, overlap))


@app.command(
    epilog=examples(
        "tidings subscription verify $SUBSCRIPTION $WEBHOOK",
    )
)
@asks
def verify(hub: Asking, name: Named, file: File, url: Url = "", at: At = "") -> None:
    """Say which key signed a webhook that came, or why its signatures do not hold; then it ends with code 1."""
    headers, body = _request(file)
    asked = {"headers": headers, "body": body, "url": url, "receivedAt": at}
    examined = hub.ask("POST", _place(hub, name, "verify"), asked)
    hub.show(examined, _show_examined)
    if not examined["verified"]:
        raise typer.Exit(1)


def _place(hub: Asking, name: str, below: str) -> str:
    return hub.within("subscriptions", find(hub, name)["id"], below)


def _request(file: str) -> tuple[dict[str, str], str]:
    """Read a request from a file: its headers, and its body to the last character; raises Trouble."""
    try:
        octets = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        head, *rest = _EMPTY_LINE.split(octets, maxsplit=1)
        lines, body = head.decode().splitlines(), b"".join(rest).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{file} cannot be read: {error}.", exit_code=2) from error
    pairs = (line.partition(":") for line in lines)
    # The request line is no header, also where its URL has a colon.
    headers = {name.strip(): value.strip() for name, colon, value in pairs if colon and " " not in name}
    if not (headers and body):
        raise Trouble(f"{file} is no request: write headers, an empty line, and the raw body.", exit_code=2)
    return headers, body


def _show_made(made: dict[str, Any], overlap: float) -> None:
    fields = (("Id", "id"), ("Kind", "kind"), ("Public key", "publicKey"), ("Key", "secret"))
    print_card([(title, made.get(name)) for title, name in fields])
    say("It is shown only now.", style="dim")
    say(f"It signs from now on; a key it replaces signs beside it for {overlap:g} hours.")


def _show_examined(examined: dict[str, Any]) -> None:
    for each in examined["signatures"]:
        by = f", by key {' and '.join(each['keys'])}" if each["keys"] else ""
        if each["verified"]:
            say(f"{each['header']} is good{by}.", style="green")
        else:
            say(f"{each['header']} does not hold{by} ({each['flaw']}): {each['detail']}", style="red")
