"""`tidings serve`: the service itself."""

import typer

from tidings.cli.asking import examples, told_plainly
from tidings.cli.configured import DatabaseUrl, DataDir, Host, Port, PublicUrl, settings_from

app = typer.Typer()


@app.command(
    epilog=examples(
        "tidings serve",
        "tidings serve --port 9000 --database-url $DATABASE_URL --public-url https://hub.example.com",
    )
)
@told_plainly
def serve(
    host: Host = "",
    port: Port = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = "",
    public_url: PublicUrl = "",
) -> None:
    """Run the hub until it is told to stop (Ctrl-C, SIGTERM).

    Without any setting it listens on http://127.0.0.1:8080 and keeps everything in ./var. Every setting is an
    environment variable TIDINGS_…; `tidings doctor` checks them.
    """
    # What the service is made of takes a second to load, which no other command should.
    from tidings.cli.service import run

    run(settings_from(host=host, port=port, data_dir=data_dir, database_url=database_url, public_url=public_url))
