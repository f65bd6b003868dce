"""Putting a hub together: the only place that names concrete things."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import urlsplit

import structlog
from msgspec.structs import replace

from tidings import __version__
from tidings.connectors.registry import connectors
from tidings.dialects.channels import Channels
from tidings.dialects.omnichannel import Omnichannel
from tidings.dialects.operations import Operations
from tidings.flow.binds import Binds
from tidings.flow.clock import Chance, Clock, SystemClock
from tidings.flow.conversations.sessions import is_alive
from tidings.flow.conversations.wire import Spokesman
from tidings.flow.live.kept import StoredHappenings
from tidings.flow.log import Log
from tidings.flow.readers import Readers
from tidings.flow.record import Pen
from tidings.flow.traces import UNTRACED, Traces, is_wanted
from tidings.flow.world import World
from tidings.model.errors import Misconfigured
from tidings.model.secrets import Secret
from tidings.rules.links.targets import target_of
from tidings.rules.networks import read_networks
from tidings.rules.places import Bounds
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.directory import Directory
from tidings.store.postgres import Postgres
from tidings.store.sealing import Seal, key_from_file
from tidings.store.sqlite import SQLite
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store
from tidings.web.app import App
from tidings.web.mail import MailDoor
from tidings.wire.guard import Guard
from tidings.wire.http import Http
from tidings.wire.reaching import Reach
from tidings.wire.resolver import Resolver
from tidings.wire.smpp.dialling import Dialler
from tidings.wire.smtp import Smtp

ROOT_KEY_PREFIX = "tdg_root_"
PLAIN = frozenset(ascii_letters + digits + "/-._~")
"""What the path of short addresses is made of: nothing that means something in HTML or in a text."""

logger = structlog.get_logger()


class Hub:
    """A hub that is open: its doors, its readers, and the root key if this is its first start."""

    def __init__(self, world: World, readers: Readers, app: App, mail: MailDoor, new_root_key: str) -> None:
        self.world = world
        self.readers = readers
        self.app = app
        self.mail = mail
        self.new_root_key = new_root_key
        """The root key where it was made just now: the only time it can be shown; else empty."""


@asynccontextmanager
async def assembled(
    settings: Settings,
    *,
    clock: Clock | None = None,
    chance: Chance | None = None,
    resolver: Resolver | None = None,
    traces: Traces | None = None,
) -> AsyncIterator[Hub]:
    """Open a hub, and close it in order; raises Misconfigured where the operator must change something."""
    settings = with_defaults(settings)
    within = bounds(settings)
    clock = clock or SystemClock()
    chance = chance or Chance()
    store = Store(database(settings))
    await store.open()
    try:
        await store.write(_start_heads)
        seal = Seal(secret_keys(settings))
        directory = Directory(store, seal)
        await directory.read()
        new_root_key = await _root_key(settings, directory, chance)
        if not directory.unsubscribe_keys:
            key = Secret(chance.key().hex())
            await directory.change(lambda: directory.add_unsubscribe_key(key, only_first=True))
        http = Http(user_agent=f"Tidings/{__version__}", guard=Guard(within, resolver))
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
            dialects={dialect.name: dialect for dialect in (Omnichannel(), Channels(), Operations())},
            connectors=connectors(),
            log=log,
            pen=pen,
            traces=traces or traces_of(settings),
            session_keys=seal.derived("app sessions"),
        )
        reach = Reach(within, resolver)
        world.wires["smtp"] = Smtp(reach, http)
        world.wires["smpp"] = Binds(world, Dialler(reach))
        world.wires["app"] = Spokesman(world)
        world.conversations.listen(world.live)
        world.live.start(
            world.conversations,
            StoredHappenings(store),
            is_alive=lambda session: is_alive(world, session),
            alone=store.database.exclusive,
        )
        world.measured.lag.start()
        readers.append(Readers(world))
        await readers[0].start()
        mail = MailDoor(world)
        try:
            await mail.open()
            yield Hub(world, readers[0], App(world), mail, new_root_key)
        finally:
            await mail.close()
            await world.live.stop()
            await readers[0].stop()
            await world.settle()
            await http.close()
            await world.traces.close()
            world.measured.lag.stop()
    finally:
        await store.close()


def with_defaults(settings: Settings) -> Settings:
    """Fill in what follows from other settings: the database beside the data, the public URL from the address."""
    database = settings.database_url or f"sqlite:///{settings.data_dir / 'tidings.db'}"
    public = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    links = link_base(settings.link_url) if settings.link_url else f"{public}/l"
    return replace(settings, database_url=database, public_url=public, link_url=links)


def link_base(link_url: str) -> str:
    """Write what short addresses begin with, without a slash at the end; raises Misconfigured where it is no URL."""
    try:
        base = target_of(link_url)
    except ValueError as error:
        raise Misconfigured(f"TIDINGS_LINK_URL cannot be used: {error}.") from error
    if base is None or not set(urlsplit(base).path) <= PLAIN or "?" in base or "#" in base:
        raise Misconfigured("TIDINGS_LINK_URL must be like https://go.example or https://example.com/go.")
    return base.rstrip("/")


def secret_keys(settings: Settings) -> list[str]:
    """The keys that secrets are sealed with, newest first."""
    given = [key.strip() for key in settings.secret_keys.split(",") if key.strip()]
    return given or [key_from_file(settings.data_dir / "secret.key")]


def bounds(settings: Settings) -> Bounds:
    """How far requests may go; raises Misconfigured where a network is none."""
    try:
        read_networks(settings.trusted_proxies)
    except ValueError as error:
        raise Misconfigured(f"TIDINGS_TRUSTED_PROXIES: {error}") from error
    try:
        return Bounds(read_networks(settings.allow_networks), settings.allow_http)
    except ValueError as error:
        raise Misconfigured(f"TIDINGS_ALLOW_NETWORKS: {error}") from error


def traces_of(settings: Settings) -> Traces:
    """Traces as they are wanted; raises Misconfigured where they are to be on and cannot be."""
    if not is_wanted(settings.traces, os.environ):
        return UNTRACED
    try:
        return _exported_traces()
    except Misconfigured as error:
        if settings.traces == "on":
            raise
        # The environment's variables may be meant for others.
        logger.warning("traces are off", why=str(error))
        return UNTRACED


def _exported_traces() -> Traces:
    try:
        # Nobody pays for the import but those who want it.
        from tidings.wire.traces import exported  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("What traces need is not installed. Run: pip install 'tidings[traces]'") from error
    return exported(os.environ)


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
    for name in ("log", "subscription", "conversation"):
        yield statement("start_head")(name=name)
