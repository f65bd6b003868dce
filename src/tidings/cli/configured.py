"""The settings of the service, as the environment and the options of a command say them."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tidings.cli.asking import CLIENT_VARIABLES
from tidings.cli.client import Trouble
from tidings.model.errors import Misconfigured
from tidings.settings import PREFIX, Settings, from_environment

MISCONFIGURED = 2
"""The exit code where the operator must change something first."""

DatabaseUrl = Annotated[
    str, typer.Option("--database-url", help="postgresql://… or sqlite:///path (TIDINGS_DATABASE_URL).")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the SQLite file and the secret key are (TIDINGS_DATA_DIR).")
]
Host = Annotated[str, typer.Option("--host", help="Address to listen on (TIDINGS_HOST).")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0: any free one (TIDINGS_PORT).")]
PublicUrl = Annotated[str, typer.Option("--public-url", help="How providers reach the hub (TIDINGS_PUBLIC_URL).")]


def settings_from(**options: object) -> Settings:
    """Read the settings from the environment, where options do not override them; raises Trouble."""
    environment = {name: text for name, text in os.environ.items() if name not in CLIENT_VARIABLES}
    for name, value in options.items():
        if value not in (None, ""):
            environment[PREFIX + name.upper()] = str(value)
    try:
        return from_environment(environment)
    except Misconfigured as error:
        raise Trouble(str(error), exit_code=MISCONFIGURED) from error


def without_password(url: str) -> str:
    """Write a database's URL so that it can be shown."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":…@", 1) if password else url


def database_file(settings: Settings) -> Path | None:
    """Name the SQLite file of settings with their defaults; None where the database is another."""
    scheme, _, rest = settings.database_url.partition(":///")
    return Path(rest) if scheme == "sqlite" else None
