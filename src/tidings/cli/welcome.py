"""What an operator sees at the very first start: the key, where the data is, and what to type next."""

from rich.table import Table
from rich.text import Text

from tidings.cli.asking import DEFAULT_URL
from tidings.cli.configured import database_file, without_password
from tidings.cli.show import console
from tidings.settings import Settings


def welcome(settings: Settings, root_key: str) -> None:
    """Show the root key, this once, and how to go on."""
    url = settings.public_url
    data = Table.grid(padding=(0, 2))
    data.add_column(style="dim", no_wrap=True)
    data.add_column(overflow="fold")
    data.add_row("Root key", Text(root_key, style="bold yellow"))
    data.add_row("", "It may do everything, and is shown only now: keep it safe.")
    file = database_file(settings)
    data.add_row("Data", without_password(settings.database_url) if file is None else str(file.resolve()))
    if not settings.secret_keys:
        data.add_row("Secret key", str((settings.data_dir / "secret.key").resolve()))
        data.add_row("", "It seals the secrets in the data: back both up, apart from each other.")
    where = "" if url == DEFAULT_URL else f" TIDINGS_URL={url}"
    paper = console()
    paper.print()
    paper.print(Text.assemble(("Tidings", "bold"), " is ready at ", (url, "bold cyan"), " — its first start."))
    paper.print()
    paper.print(
        data,
    )
    paper.print()
    paper.print("Next, in another terminal:")
    paper.print()
    for command in (
        f"export TIDINGS_KEY={root_key}{where}",
        "tidings workspace create Acme",
        "tidings simulate twilio --connect",
    ):
        paper.print(Text.assemble(("  $ ", "dim"), command))
    paper.print()
    if not settings.allow_networks:
        paper.print("It calls public addresses only. For simulated providers on this machine, start it with")
        paper.print(Text.assemble(("  $ ", "dim"), "export TIDINGS_ALLOW_NETWORKS=127.0.0.0/8"))
        paper.print()
