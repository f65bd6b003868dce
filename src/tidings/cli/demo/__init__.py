"""`tidings demo`: the main job done before one's eyes, and checked."""

import typer

from tidings.cli.asking import examples, told_plainly

app = typer.Typer()

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""


@app.command(epilog=examples("tidings demo"))
@told_plainly
def demo() -> None:
    """See messages sent, delivered, read, failed and told, in a few seconds.

    A hub with its data in a temporary folder, simulated providers and a subscriber talk over real sockets of this
    machine, set up by way of the same API that everybody has. Every webhook is shown as it comes, in both
    vocabularies, its signatures checked; in the end all is compared with what it should be. It fails if anything
    differs.
    """
    from tidings.cli.demo.play import play

    try:
        as_expected = play()
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if not as_expected:
        raise typer.Exit(1)
