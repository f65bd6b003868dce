"""`tidings migrate`: bringing the database to today's schema, and its secrets under today's key."""

import asyncio
from typing import Annotated

import typer

from tidings.cli.asking import examples, told_plainly
from tidings.cli.client import Trouble
from tidings.cli.configured import MISCONFIGURED, DatabaseUrl, DataDir, settings_from, without_password
from tidings.cli.show import say

app = typer.Typer()

Reseal = Annotated[bool, typer.Option("--reseal", help="Also seal every secret again, with the newest secret key.")]


@app.command(epilog=examples("tidings migrate", "tidings migrate --reseal"))
@told_plainly
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = "", reseal: Reseal = False) -> None:
    """Bring the database to today's schema; making it where it is not there.

    `serve` does so too when it starts. On SQLite no hub may be running. To change the secret key: put a new one before
    the old in TIDINGS_SECRET_KEYS, run this with --reseal, then take the old one away.
    """
    from tidings.assemble import database, secret_keys, with_defaults
    from tidings.cli.inspection import schema_versions
    from tidings.model.errors import Misconfigured
    from tidings.store.directory import Directory
    from tidings.store.sealing import Seal
    from tidings.store.store import Store

    settings = with_defaults(settings_from(data_dir=data_dir, database_url=database_url))

    async def bring() -> int | None:
        store = Store(database(settings))
        await store.open()
        try:
            if not reseal:
                return None
            directory = Directory(store, Seal(secret_keys(settings)))
            await directory.read()
            return await directory.change(directory.reseal)
        finally:
            await store.close()

    try:
        before, today = asyncio.run(schema_versions(settings))
        sealed = asyncio.run(bring())
    except Misconfigured as error:
        raise Trouble(str(error), exit_code=MISCONFIGURED) from error
    except OSError as error:
        raise Trouble(f"{error.filename or settings.data_dir}: {error.strerror}", exit_code=MISCONFIGURED) from error
    was = "it is new" if before is None else "it was so before" if before == today else f"it was at {before}"
    say(f"The database is at schema {today}; {was}. ({without_password(settings.database_url)})")
    if sealed is not None:
        say(f"{sealed} {'secret is' if sealed == 1 else 'secrets are'} sealed with the newest key.")
