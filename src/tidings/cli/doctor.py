"""`tidings doctor`: what is wrong with this installation, and what to do."""

import asyncio

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from tidings.cli.asking import Json, examples, told_plainly
from tidings.cli.configured import DatabaseUrl, DataDir, PublicUrl, settings_from
from tidings.cli.findings import Finding, Level
from tidings.cli.show import console, print_json

app = typer.Typer()

MARKS = {Level.GOOD: ("✓", "green"), Level.DOUBT: ("!", "yellow"), Level.WRONG: ("✗", "red")}


@app.command(epilog=examples("tidings doctor", "tidings doctor --json"))
@told_plainly
def doctor(
    data_dir: DataDir = None, database_url: DatabaseUrl = "", public_url: PublicUrl = "", as_json: Json = False
) -> None:
    """Check the settings, the database, the secret keys, the public URL, the clock and the disk.

    Nothing is changed. It fails if something is wrong; what is only doubtful is told, and does not make it fail.
    """
    from tidings.assemble import with_defaults
    from tidings.cli.checks import examine

    settings = with_defaults(settings_from(data_dir=data_dir, database_url=database_url, public_url=public_url))

    async def found() -> list[Finding]:
        return [finding async for finding in examine(settings)]

    findings = [Finding("Settings", Level.GOOD, "every TIDINGS_ variable is one, and fits"), *asyncio.run(found())]
    if as_json:
        print_json(msgspec.to_builtins(findings))
    else:
        _tell(findings)
    if any(finding.level is Level.WRONG for finding in findings):
        raise typer.Exit(1)


def _tell(findings: list[Finding]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.level]
        table.add_row(Text(mark, style=style), finding.subject, finding.text)
        if finding.advice:
            table.add_row("", "", Text(f"→ {finding.advice}", style=style))
    console().print(table)
