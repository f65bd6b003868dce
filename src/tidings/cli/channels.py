"""`tidings channel`: connectors as configured in a workspace."""

from typing import Annotated, Any

import typer

from tidings.cli.asking import Asking, asks, examples
from tidings.cli.choosing import Yes, sure
from tidings.cli.client import Trouble, one_of
from tidings.cli.connecting import new_settings
from tidings.cli.show import Columns, local_time, print_card, print_table, say

app = typer.Typer(no_args_is_help=True, help="Channels: a provider's connector, set up for a platform.")

Named = Annotated[str, typer.Argument(help="Name, id, or platform where it has only one.", show_default=False)]
Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        default_factory=list,
        metavar="NAME=VALUE",
        help="A setting; without a value it is asked for.",
        show_default=False,
    ),
]
Countries = Annotated[
    str,
    typer.Option("--countries", metavar="US,CA", help="Only to numbers of these countries.", show_default=False),
]
Expiry = Annotated[
    float | None, typer.Option("--expiry-hours", help="How long a message may take.", show_default=False)
]
Rate = Annotated[float | None, typer.Option("--rate", help="Messages a second, at most.", show_default=False)]


@app.command(
    epilog=examples(
        "tidings channel create --platform sms --connector twilio --set accountSid=$ACCOUNT_SID --set authToken "
        "--set sender=+15005550006",
        "tidings channel create Pager --platform pager --connector custom --set url=https://pager.example/in "
        "--set signingKey=$SIGNING_KEY --expiry-hours 2",
    )
)
@asks
def create(
    hub: Asking,
    platform: Annotated[str, typer.Option("--platform", help="sms, email, whatsapp, … or one of your own.")],
    connector: Annotated[str, typer.Option("--connector", help="`tidings channel connectors` lists them.")],
    name: Annotated[str, typer.Argument(help="What it is called.", show_default=False)] = "",
    *,
    settings: Set,
    countries: Countries = "",
    expiry_hours: Expiry = None,
    rate: Rate = None,
) -> None:
    """Set a channel up. Settings it needs are asked for at a terminal, secret ones without showing them."""
    asked = {"name": name, "platform": platform, "connector": connector, **_fields(countries, expiry_hours, rate)}
    asked["settings"] = new_settings(hub, connector, settings)
    hub.show(hub.ask("POST", hub.within("channels"), asked), _show_made)


@app.command("list", epilog=examples("tidings channel list"))
@asks
def list_all(hub: Asking) -> None:
    """List the channels."""
    columns: Columns = {"Name": "name", "Platform": "platform", "Connector": "connector", "Id": "id"}
    rows = known_channels(hub)
    nothing = "No channels. Try one without a provider: tidings simulate twilio --connect"
    hub.show(rows, lambda _: print_table(rows, columns, nothing=nothing))


@app.command(epilog=examples("tidings channel show sms", "tidings channel show $CHANNEL --json"))
@asks
def show(hub: Asking, name: Named) -> None:
    """Show a channel and the callback URL to enter at its provider; secrets are never shown."""
    hub.show(find_channel(hub, name), _show)


@app.command(
    epilog=examples("tidings channel update sms --set sender=+15005550007", "tidings channel update sms --rate 5")
)
@asks
def update(
    hub: Asking,
    name: Named,
    new_name: Annotated[str, typer.Option("--name", help="Its new name.", show_default=False)] = "",
    *,
    settings: Set,
    countries: Countries = "",
    expiry_hours: Expiry = None,
    rate: Rate = None,
) -> None:
    """Change a channel; a setting that is not named stays."""
    channel = find_channel(hub, name)
    changes = {**({"name": new_name} if new_name else {}), **_fields(countries, expiry_hours, rate)}
    if settings:
        changes["settings"] = new_settings(hub, channel["connector"], settings, complete=False)
    hub.show(hub.ask("PATCH", hub.within("channels", channel["id"]), changes), _show)


@app.command(epilog=examples("tidings channel delete sms --yes"))
@asks
def delete(hub: Asking, name: Named, yes: Yes = False) -> None:
    """Take a channel away."""
    channel = find_channel(hub, name)
    sure(f"Take the channel {channel['name']} away?", yes)
    path = hub.within("channels", channel["id"])
    hub.show(hub.ask("DELETE", path), lambda _: say(f"The channel {channel['name']} is gone."))


@app.command(epilog=examples("tidings channel connectors", "tidings channel connectors mailgun"))
@asks
def connectors(
    hub: Asking, name: Annotated[str, typer.Argument(help="Show this one's settings.", show_default=False)] = ""
) -> None:
    """List the connectors there are, or the settings of one."""
    known = hub.ask("GET", "/connectors")["results"]
    if name:
        hub.show(one_of(known, name, "connector"), _show_connector)
        return
    columns: Columns = {
        "Name": "name",
        "Label": "label",
        "Platforms": lambda row: "any" if row["name"] == "custom" else row["platforms"],
    }
    hub.show(known, lambda rows: print_table(rows, columns, nothing="No connectors are installed."))


def known_channels(hub: Asking) -> list[dict[str, Any]]:
    """Give the channels of the workspace, oldest first."""
    return list(hub.every(hub.within("channels"), most=10_000))


def find_channel(hub: Asking, named: str) -> dict[str, Any]:
    """Find a channel by its id, its name, or its platform where that has only one; raises Trouble."""
    known = known_channels(hub)
    try:
        return one_of(known, named, "channel", "--channel")
    except Trouble:
        of_platform = [each for each in known if each["platform"] == named]
        if not named or len(of_platform) != 1:
            raise
        return of_platform[0]


def _fields(countries: str, expiry_hours: float | None, rate: float | None) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if countries:
        given["allowedCountries"] = [each.strip().upper() for each in countries.split(",")]
    if expiry_hours is not None:
        given["expiryHours"] = expiry_hours
    if rate is not None:
        given["limits"] = {"ratePerSecond": rate}
    return given


def _show(channel: dict[str, Any]) -> None:
    print_card(
        [
            ("Name", channel["name"]),
            ("Id", channel["id"]),
            ("Platform", channel["platform"]),
            ("Connector", channel["connector"]),
            *((name, value) for name, value in channel["settings"].items()),
            ("Secrets set", channel["secrets"]),
            ("Limits", {name: value for name, value in channel["limits"].items() if value is not None}),
            ("Countries", channel["allowedCountries"]),
            ("Expiry", f"{channel['expiryHours']:g} h" if channel["expiryHours"] is not None else ""),
            ("Callback URL", channel["callbackUrl"]),
            ("Created", local_time(channel["createdAt"])),
        ]
    )


def _show_made(channel: dict[str, Any]) -> None:
    _show(channel)
    say(f"\nEnter this at the provider, as the URL it calls:\n  {channel['callbackUrl']}")


def _show_connector(connector: dict[str, Any]) -> None:
    schema = connector["settings"]
    needed, secret = schema.get("required", ()), connector["secrets"]
    rows = [
        {
            "name": name,
            "needed": name in needed,
            "secret": name in secret,
            "is": each.get("description", ""),
        }
        for name, each in schema.get("properties", {}).items()
    ]
    print_card(
        [("Name", connector["name"]), ("Label", connector["label"]), ("Documented at", connector["documentation"])]
    )
    columns: Columns = {"Setting": "name", "Needed": "needed", "Secret": "secret", "What it is": "is"}
    print_table(rows, columns, nothing="It has no settings.")
