"""Putting a hub together: the only place that names concrete things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from tidings import __version__
from tidings.connectors.registry import connectors
from tidings.dialects.channels import Channels
from tidings.dialects.omnichannel import Omnichannel
from tidings.flow.clock import Chance, Clock, SystemClock
from tidings.flow.log import Log
from tidings.flow.readers import Readers
from tidings.flow.record import Pen
from tidings.flow.world import World
from tidings.model.errors import Misconfigured
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.directory import Directory
from tidings.store.postgres import Postgres
from tidings.store.sealing import Seal, key_from_file
from tidings.store.sqlite import SQLite
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store
from tidings.web.app import App
from tidings.wire.http import Http

ROOT_KEY_PREFIX = "tdg_root_"


class Hub:
    """A hub that is open: its doors, its readers, and the root key if this is its first start."""

    def __init__(self, world: World, readers: Readers, app: App, new_root_key: str) -> None:
        self.world = world
        self.readers = readers
        self.app = app
        self.new_root_key = new_root_key
        """The root key where it was made just now: the only time it can be shown; else empty."""


@asynccontextmanager
async def assembled(
    settings: Settings, *, clock: Clock | None = None, chance: Chance | None = None
) -> AsyncIterator[Hub]:
    """Open a hub, and close it in order; raises Misconfigured where the operator must change something."""
    settings = with_defaults(settings)
    clock = clock or SystemClock()
    chance = chance or Chance()
    store = Store(database(settings))
    await store.open()
    try:
        await store.write(_start_heads)
        directory = Directory(store, Seal(secret_keys(settings)))
        await directory.read()
        new_root_key = await _root_key(settings, directory, chance)
        http = Http(user_agent=f"Tidings/{__version__}")
        log = Log()
        readers: list[Readers] = []
        pen = Pen(
            clock,
            chance,
            tell=log.tell,
            # The readers need the world, and the world the pen.
            start=lambda starts: readers[0].send(starts),  # noqa: PLW0108
            correlation_days=settings.correlation_days,
        )
        world = World(
            settings=settings,
            clock=clock,
            chance=chance,
            store=store,
            directory=directory,
            http=http,
            dialects={dialect.name: dialect for dialect in (Omnichannel(), Channels())},
            connectors=connectors(),
            log=log,
            pen=pen,
        )
        readers.append(Readers(world))
        await readers[0].start()
        try:
            yield Hub(world, readers[0], App(world), new_root_key)
        finally:
            await readers[0].stop()
            await world.settle()
            await http.close()
    finally:
        await store.close()


def with_defaults(settings: Settings) -> Settings:
    """Fill in what follows from other settings: the database beside the data, the public URL from the address."""
    database = settings.database_url or f"sqlite:///{settings.data_dir / 'tidings.db'}"
    public = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return replace(settings, database_url=database, public_url=public)


def secret_keys(settings: Settings) -> list[str]:
    """The keys that secrets are sealed with, newest first."""
    given = [key.strip() for key in settings.secret_keys.split(",") if key.strip()]
    return given or [key_from_file(settings.data_dir / "secret.key")]


def database(settings: Settings) -> Database:
    """Name the database of settings with their defaults; raises Misconfigured."""
    scheme = urlsplit(settings.database_url).scheme
    if scheme == "sqlite":
        return SQLite(Path(settings.database_url.removeprefix("sqlite:///")))
    if scheme in ("postgresql", "postgres"):
        return Postgres(settings.database_url.replace("postgres://", "postgresql://", 1))
    raise Misconfigured("TIDINGS_DATABASE_URL must begin with postgresql:// or sqlite:///")


async def _root_key(settings: Settings, directory: Directory, chance: Chance) -> str:
    """See that there is a root key; give it where it was made just now."""
    if settings.root_key:
        await directory.change(lambda: directory.put_root(settings.root_key))
        return ""
    if directory.root_hash:
        return ""
    key = ROOT_KEY_PREFIX + chance.key(24).hex()
    await directory.change(lambda: directory.put_root(key))
    return key


def _start_heads() -> Transaction[None]:
    for name in ("log", "subscription"):
        yield statement("start_head")(name=name)
