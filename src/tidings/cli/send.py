"""`tidings send`: one message, in either vocabulary."""

import json
import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tidings.cli.asking import OPERATION, Asking, asks, examples
from tidings.cli.channels import find_channel
from tidings.cli.client import Trouble
from tidings.cli.life import LOST, is_final
from tidings.cli.messages import draw_life, read_life
from tidings.cli.show import say

app = typer.Typer()

LOOK_EVERY = 20
"""Seconds that the hub is asked to wait for news before it is asked again."""
ADDRESS_NAMES = {"phonenumber": "phoneNumber", "emailaddress": "email", "facebookuserid": "fbMessengerId"}
"""What the omnichannel vocabulary calls the addresses it names; any other goes by its own name."""

To = Annotated[
    list[str],
    typer.Option(
        "--to", "-t", help="+447700900123, ada@example.com, or key=value (lineuserid=U1…).", show_default=False
    ),
]
Rules = Annotated[
    str,
    typer.Option("--rules", metavar="sms,email", help="Platforms in the order they are tried.", show_default=False),
]
Over = Annotated[str, typer.Option("--channel", "-c", help="The channel: name, id or platform.", show_default=False)]
Wait = Annotated[bool, typer.Option("--wait", help="Follow its life until it is final; fails if the message does.")]


@app.command(
    rich_help_panel=OPERATION,
    epilog=examples(
        'tidings send "Your parcel is here." --to +447700900123 --channel sms',
        'tidings send "Your parcel is here." --to +447700900123 --channel sms --wait',
        'tidings send "Your parcel is here." --to +447700900123 --to ada@example.com --rules sms,email --title Parcel',
    ),
)
@asks
def send(
    hub: Asking,
    text: Annotated[str, typer.Argument(help="What it says.")],
    to: To,
    channel: Over = "",
    rules: Rules = "",
    title: Annotated[str, typer.Option("--title", help="Title, or subject of an e-mail.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="Your own id of it, given back (with --channel).")] = "",
    metadata: Annotated[str, typer.Option("--metadata", help="A JSON object, echoed in every event.")] = "",
    wait: Wait = False,
    seconds: Annotated[float, typer.Option("--seconds", help="How long to wait at most.")] = 60.0,
) -> None:
    """Send a message: over one --channel, or by --rules over several until one delivers it.

    With --channel it is sent in the channels vocabulary, and several --to are several people; with --rules in the
    omnichannel one, and they are the addresses of one person.
    """
    if bool(channel) == bool(rules):
        raise Trouble("Say either --channel or --rules.", exit_code=2)
    told = _object(metadata)
    if rules:
        message = _by_rules(hub, text, to, rules, title, told)
    else:
        message = _over_channel(hub, text, to, channel, title, reference, told)
    id_ = message.get("messageId") or message["id"]
    if not wait:
        hub.show(message, lambda _: say(f"{id_}  {message['status']}\nFollow it with: tidings message show {id_}"))
        return
    life = _follow(hub, id_, seconds)
    hub.show(life, lambda _: draw_life(hub, life))
    if not is_final(life):
        raise Trouble(f"After {seconds:g} seconds its life is not over yet.")
    if life["stage"] in LOST:
        raise typer.Exit(1)


def _by_rules(
    hub: Asking, text: str, to: list[str], rules: str, title: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    addresses = {ADDRESS_NAMES.get(key, key): value for key, value in map(_address, to)}
    asked: dict[str, Any] = {"to": addresses, "rules": [each.strip() for each in rules.split(",")], "body": text}
    asked |= {"title": title} if title else {}
    asked |= {"metadata": metadata} if metadata else {}
    answer: dict[str, Any] = hub.ask("POST", f"/apispaces/{hub.workspace()}/messages", asked)
    return answer


def _over_channel(
    hub: Asking, text: str, to: list[str], channel: str, title: str, reference: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    people = [{"identifierKey": key, "identifierValue": value} for key, value in map(_address, to)]
    meta: dict[str, Any] = {"extraInformation": metadata} if metadata else {}
    meta |= {"email": {"subject": title}} if title else {}
    asked: dict[str, Any] = {
        "receiver": {"contacts": people},
        "body": {"type": "text", "text": {"text": text}},
        **({"reference": reference} if reference else {}),
        **({"meta": meta} if meta else {}),
    }
    over = quote(find_channel(hub, channel)["id"], safe="")
    answer: dict[str, Any] = hub.ask("POST", f"{hub.within('channels')}/{over}/messages", asked)
    return answer


def _address(text: str) -> tuple[str, str]:
    """Say what kind of address a text is: as written, else an e-mail address where it has an @, else a number."""
    key, equals, value = text.partition("=")
    if equals:
        return key, value
    return ("emailaddress" if "@" in text else "phonenumber"), text


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise Trouble(f"--metadata is a JSON object: {error}.", exit_code=2) from error
    if not isinstance(value, dict):
        raise Trouble("--metadata is a JSON object.", exit_code=2)
    return value


def _follow(hub: Asking, message: str, seconds: float) -> dict[str, Any]:
    """Read a message's life until it is final, or so many seconds are over; the hub says when there is news."""
    end = time.monotonic() + seconds
    life = read_life(hub, message)
    while not is_final(life) and (left := end - time.monotonic()) > 0:
        last = max((event["position"] for event in life.get("events", ())), default=0)
        wait = min(LOOK_EVERY, int(left) + 1)
        hub.ask("GET", hub.within("events"), messageId=message, after=last, wait=wait)
        life = read_life(hub, message)
    return life
