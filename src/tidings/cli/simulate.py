"""`tidings simulate`: a local stand-in for a provider, to try a channel without an account."""

from typing import Annotated

import typer

from tidings.cli.asking import Asking, asks, examples

app = typer.Typer()


@app.command(
    epilog=examples(
        "tidings simulate twilio --connect",
        "tidings simulate mailgun --port 9102 --set domain=mail.acme.example --fault refused:400 --fault late::2",
    )
)
@asks
def simulate(
    hub: Asking,
    connector: Annotated[str, typer.Argument(help="A connector: twilio, mailgun, line, …", show_default=False)],
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0: any free one.")] = 9100,
    *,
    platform: Annotated[
        str, typer.Option("--platform", help="Of the channel; else the provider's usual one.", show_default=False)
    ] = "",
    settings: Annotated[
        list[str],
        typer.Option(
            "--set", default_factory=list, metavar="NAME=VALUE", help="A setting of the channel.", show_default=False
        ),
    ],
    pace: Annotated[float, typer.Option("--pace", help="Seconds before each callback.")] = 0.2,
    faults: Annotated[
        list[str],
        typer.Option(
            "--fault",
            default_factory=list,
            metavar="KIND[:CODE[:SECONDS]]",
            help="What goes wrong with the next message: refused, throttled, error, dropped, vanished, hanging, "
            "duplicate, reordered, early, late, lost.",
            show_default=False,
        ),
    ],
    callback_url: Annotated[
        str, typer.Option("--callback-url", help="The channel's callback URL.", show_default=False)
    ] = "",
    connect: Annotated[bool, typer.Option("--connect", help="Make the channel on the hub, or change it, too.")] = False,
) -> None:
    """Run a local stand-in for a provider until Ctrl-C, and show how to make a channel on it.

    It checks and signs as the provider does, with secrets that everybody knows: for trying things out only.
    """
    from tidings.cli.simulation import run

    run(
        hub,
        connector,
        port=port,
        platform=platform,
        typed=settings,
        pace=pace,
        faults=faults,
        callback_url=callback_url,
        connect=connect,
    )
