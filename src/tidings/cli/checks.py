"""What `tidings doctor` looks at: each check is one function that says what it found and what to do."""

import contextlib
import ctypes
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy

from tidings.assemble import secret_keys
from tidings.cli.client import answers
from tidings.cli.configured import database_file, without_password
from tidings.cli.destinations import webhook_urls
from tidings.cli.findings import Finding, Level
from tidings.cli.inspection import looked_at, schema_versions
from tidings.cli.waiting import channels, endpoints
from tidings.model.errors import Misconfigured
from tidings.settings import Settings
from tidings.store.sealing import Seal

SLOW_SYNC = 50.0
"""Milliseconds: above it, every accepted message waits noticeably for the disk."""
NOT_SYNCHRONISED = 5
"""What adjtimex(2) answers where nothing sets the clock."""
LARGEST_DRIFT = 2.0
"""Seconds two clocks may differ; signatures are refused from five minutes on."""
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
OVER_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - it is looked for


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Check a hub's settings, with their defaults, and everything they name."""
    version, today = None, None
    try:
        version, today = await schema_versions(settings)
        yield _reached(settings, version)
        yield _schema(version, today)
    except Misconfigured as error:
        yield Finding("Database", Level.WRONG, str(error), "Set TIDINGS_DATABASE_URL, and see that it runs.")
    yield await _secret_keys(settings, has_tables=version is not None)
    yield _public_url(settings)
    yield await webhook_urls(settings, has_tables=version is not None)
    # Older tables say nothing of it.
    for check in (endpoints, channels):
        yield await check(settings, has_tables=version is not None and version == today)
    for finding in (_kernel_clock(), await _database_clock(settings, has_tables=version is not None)):
        if finding is not None:
            yield finding
    yield await _sync(settings)


def _reached(settings: Settings, version: str | None) -> Finding:
    where = without_password(settings.database_url)
    if version is None and database_file(settings) is not None:
        return Finding("Database", Level.GOOD, f"{where} will be made at the first start")
    return Finding("Database", Level.GOOD, f"{where} is there")


def _schema(version: str | None, today: str | None) -> Finding:
    if version == today:
        return Finding("Schema", Level.GOOD, f"{version}, today's")
    if version is None:
        return Finding("Schema", Level.GOOD, f"not there yet; {today} will be made at the first start")
    return Finding("Schema", Level.DOUBT, f"{version}; today's is {today}", "Run: tidings migrate (serve does it too).")


async def _secret_keys(settings: Settings, *, has_tables: bool) -> Finding:
    subject, file = "Secret keys", settings.data_dir / "secret.key"
    if not settings.secret_keys and not file.exists():
        if not has_tables:
            return Finding(subject, Level.GOOD, f"one will be made in {file} at the first start")
        return Finding(
            subject, Level.WRONG, f"{file} is not there, but secrets are", "Bring it back, or set TIDINGS_SECRET_KEYS."
        )
    try:
        seal = Seal(secret_keys(settings))
        sealed = await looked_at(settings, _sealed) if has_tables else []
        for each in sealed:
            seal.open(each)
    except (Misconfigured, OSError) as error:
        return Finding(subject, Level.WRONG, str(error), "Put back the key that secrets were sealed with.")
    if not settings.secret_keys and file.stat().st_mode & 0o077:
        return Finding(subject, Level.WRONG, f"{file} can be read by others", f"Run: chmod 600 {file}")
    return Finding(subject, Level.GOOD, f"they open all {len(sealed)} sealed secrets")


def _sealed(connection: sqlalchemy.Connection) -> list[bytes]:
    rows = connection.execute(sqlalchemy.text("SELECT sealed FROM channel UNION ALL SELECT sealed FROM subscription"))
    return [bytes(row[0]) for row in rows]


def _public_url(settings: Settings) -> Finding:
    subject, url = "Public URL", settings.public_url
    advice = "Set TIDINGS_PUBLIC_URL to how providers reach this hub, as https://hub.example.com."
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Finding(subject, Level.WRONG, f"{url!r} is no URL", advice)
    if parts.hostname in LOCAL_HOSTS:
        return Finding(subject, Level.DOUBT, f"{url} is reached from this machine only", advice)
    if parts.scheme == "http":
        return Finding(subject, Level.DOUBT, f"{url} is not encrypted, and most providers refuse it", advice)
    try:
        status = answers(url, "/healthz")
    except (OSError, HTTPException) as error:
        return Finding(subject, Level.DOUBT, f"nothing answers at {url}: {error}", "Start the hub, and look again.")
    if status != 200:
        return Finding(subject, Level.WRONG, f"what answers at {url} is no hub (status {status})", advice)
    return Finding(subject, Level.GOOD, f"a hub answers at {url}")


def _kernel_clock() -> Finding | None:
    """Ask the kernel whether anything sets the clock; None where it cannot be asked."""
    with contextlib.suppress(OSError, AttributeError):
        # struct timex begins with `modes`; nothing is changed where it is 0. It has 208 octets on 64-bit Linux.
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
        if state == NOT_SYNCHRONISED:
            return Finding(
                "Clock",
                Level.DOUBT,
                "the system does not say that anything sets it",
                "Signatures carry the time and are refused five minutes off: run an NTP service.",
            )
        if state >= 0:
            return Finding("Clock", Level.GOOD, "it is kept synchronised")
    return None


async def _database_clock(settings: Settings, *, has_tables: bool) -> Finding | None:
    """Compare our clock with the database's; None where the database is a file, or cannot be asked."""
    if database_file(settings) is not None or not has_tables:
        return None
    asked = sqlalchemy.text("SELECT extract(epoch FROM clock_timestamp())::float8")
    theirs = await looked_at(settings, lambda connection: float(connection.execute(asked).scalar_one()))
    drift = abs(time.time() - theirs)
    if drift > LARGEST_DRIFT:
        return Finding("Clock", Level.WRONG, f"{drift:.1f} s apart from the database's", "Run an NTP service on both.")
    return Finding("Clock", Level.GOOD, "the same as the database's")


async def _sync(settings: Settings) -> Finding:
    subject, file = "Disk sync", database_file(settings)
    if file is None:
        return await _server_sync(settings)
    folder = next(each for each in (file.parent, *file.parent.absolute().parents) if each.exists())
    kind = _file_system(folder)
    if kind in OVER_NETWORK:
        advice = "Keep the file on a local disk (TIDINGS_DATA_DIR), or use PostgreSQL."
        return Finding(subject, Level.WRONG, f"{folder} is on {kind}, where SQLite's locks cannot be trusted", advice)
    if kind in IN_MEMORY:
        return Finding(
            subject, Level.WRONG, f"{folder} is in memory ({kind})", "Set TIDINGS_DATA_DIR to a folder on a disk."
        )
    try:
        took = _sync_time(folder)
    except OSError as error:
        return Finding(subject, Level.WRONG, f"{folder}: {error.strerror}", "See that this user may write there.")
    if took > SLOW_SYNC:
        return Finding(
            subject, Level.DOUBT, f"{took:.0f} ms in {folder}", "Every batch waits for it: use a faster disk."
        )
    return Finding(subject, Level.GOOD, f"{took:.1f} ms in {folder}{f' ({kind})' if kind else ''}")


async def _server_sync(settings: Settings) -> Finding:
    subject = "Disk sync"
    try:
        said = await looked_at(settings, _server_settings)
    except Misconfigured:
        return Finding(subject, Level.DOUBT, "cannot be told without the database")
    off = [f"{name} = {value}" for name, value in said.items() if value == "off"]
    if off:
        advice = "An accepted message could be lost in a crash: turn it on in postgresql.conf."
        return Finding(subject, Level.WRONG, f"PostgreSQL has {', '.join(off)}", advice)
    return Finding(subject, Level.GOOD, ", ".join(f"{name} = {value}" for name, value in said.items()))


def _server_settings(connection: sqlalchemy.Connection) -> dict[str, str]:
    names = ("fsync", "synchronous_commit", "full_page_writes")
    return {name: str(connection.execute(sqlalchemy.text(f"SHOW {name}")).scalar_one()) for name in names}


def _sync_time(folder: Path) -> float:
    """Measure how long a small write takes to be on disk: the median of five, milliseconds."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(5):
            file.write(b"\0" * 4096)
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _file_system(folder: Path) -> str:
    """Name the kind of file system a folder is on; empty where the system does not say."""
    return max(_mounts_above(folder.resolve()), default=("", ""), key=lambda each: len(each[0]))[1]


def _mounts_above(folder: Path) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text("utf-8", "replace").splitlines():
            _, place, kind, *_ = line.split(" ")
            if folder.is_relative_to(place.replace("\\040", " ")):
                yield place, kind
