"""`tidings demo`: the main job done before one's eyes, and checked."""

from typing import Annotated

import typer

from tidings.cli.asking import examples, told_plainly

app = typer.Typer()

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""


@app.command(
    epilog=examples(
        "tidings demo", "tidings demo --platform telegram", "tidings demo --platform sms --connector twilio"
    )
)
@told_plainly
def demo(
    platform: Annotated[
        str,
        typer.Option("--platform", help="Show this platform alone: sms, whatsapp, line, …", show_default=False),
    ] = "",
    connector: Annotated[
        str, typer.Option("--connector", help="By which connector, where several have it.", show_default=False)
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the platforms and connectors, and leave.")] = False,
) -> None:
    """See messages sent, delivered, read, failed and told, in a few seconds.

    A hub with its data in a temporary folder, simulated providers and a subscriber talk over real sockets of this
    machine, set up by way of the same API that everybody has. Every webhook is shown as it comes, in both
    vocabularies, its signatures checked; in the end all is compared with what it should be. It fails if anything
    differs.
    """
    from tidings.cli.demo import parcel, platforms, scenes
    from tidings.cli.demo.play import perform

    if listed:
        platforms.tell()
        return
    play = scenes.play_of(platforms.find(platform, connector)) if platform or connector else parcel.PARCEL
    try:
        as_expected = perform(play)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if not as_expected:
        raise typer.Exit(1)
