"""What the doctor finds in an installation, well and ill, on either database."""

import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace

from support.terminal import Terminal
from tidings.assemble import with_defaults
from tidings.cli import checks
from tidings.cli.checks import examine
from tidings.cli.findings import Finding, Level
from tidings.settings import Settings

HERE = Terminal("http://127.0.0.1:9", "")


async def found(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in examine(with_defaults(settings))}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that has been used."""
    HERE.run("migrate", "--reseal", "--data-dir", str(tmp_path))
    return Settings(data_dir=tmp_path)


def test_before_the_first_start_nothing_is_wrong(tmp_path: Path) -> None:
    said = HERE.run("doctor", "--data-dir", str(tmp_path / "var"))
    marks = {line[3:16].strip(): line[0] for line in said.out.splitlines() if line[0] != " "}
    assert {name: mark for name, mark in marks.items() if name != "Clock"} == {
        "Settings": "✓",
        "Database": "✓",
        "Schema": "✓",
        "Secret keys": "✓",
        "Public URL": "!",
        "Webhook URLs": "✓",
        "Endpoints": "✓",
        "Channels": "✓",
        "Disk sync": "✓",
    }
    assert "→ Set TIDINGS_PUBLIC_URL to how providers reach this hub" in said.out
    assert list(tmp_path.iterdir()) == []


async def test_a_used_installation_is_well(settings: Settings) -> None:
    told = await found(settings)
    assert {name: finding.level for name, finding in told.items() if name not in ("Clock", "Disk sync")} == {
        "Database": Level.GOOD,
        "Schema": Level.GOOD,
        "Secret keys": Level.GOOD,
        "Public URL": Level.DOUBT,
        "Webhook URLs": Level.GOOD,
        "Endpoints": Level.GOOD,
        "Channels": Level.GOOD,
    }


async def test_an_older_schema_is_told(settings: Settings) -> None:
    with sqlite3.connect(settings.data_dir / "tidings.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    told = (await found(settings))["Schema"]
    assert (told.level, told.advice) == (Level.DOUBT, "Run: tidings migrate (serve does it too).")


async def test_a_file_that_is_no_database(settings: Settings) -> None:
    (settings.data_dir / "tidings.db").write_bytes(b"no database" * 100)
    told = (await found(settings))["Database"]
    assert (told.level, told.text) == (Level.WRONG, "The database cannot be reached: file is not a database")


def put_secret(settings: Settings, key: str) -> None:
    with sqlite3.connect(settings.data_dir / "tidings.db") as connection:
        sealed = Fernet(key).encrypt(b"{}")
        connection.execute("INSERT INTO channel (id, workspace, body, sealed) VALUES ('c', 'w', x'', ?)", (sealed,))
    connection.close()


async def test_a_lost_secret_key_is_told(settings: Settings) -> None:
    key = settings.data_dir / "secret.key"
    put_secret(settings, key.read_text())
    assert (await found(settings))["Secret keys"].text == "they open all 1 sealed secrets"
    another = replace(settings, secret_keys=Fernet.generate_key().decode())
    assert (await found(another))["Secret keys"].level is Level.WRONG
    both = replace(settings, secret_keys=f"{another.secret_keys},{key.read_text()}")
    assert (await found(both))["Secret keys"].level is Level.GOOD
    key.unlink()
    told = (await found(settings))["Secret keys"]
    assert (told.level, told.advice) == (Level.WRONG, "Bring it back, or set TIDINGS_SECRET_KEYS.")
    assert not key.exists()


async def test_a_secret_key_that_others_can_read_is_told(settings: Settings) -> None:
    key = settings.data_dir / "secret.key"
    key.chmod(0o644)
    told = (await found(settings))["Secret keys"]
    assert (told.level, told.advice) == (Level.WRONG, f"Run: chmod 600 {key}")


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("hub.example.com", Level.WRONG),
        ("http://localhost:8080", Level.DOUBT),
        ("http://hub.example.com", Level.DOUBT),
        ("https://127.0.0.2:9", Level.DOUBT),
    ],
)
async def test_a_public_url_nobody_can_call(url: str, level: Level, tmp_path: Path) -> None:
    assert (await found(Settings(data_dir=tmp_path, public_url=url)))["Public URL"].level is level


@pytest.mark.parametrize(("status", "level"), [(200, Level.GOOD), (404, Level.WRONG)])
async def test_a_public_url_that_answers(
    status: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "answers", lambda *_: status)
    assert (await found(Settings(data_dir=tmp_path, public_url="https://hub.example.com")))["Public URL"].level is level


@pytest.mark.parametrize(
    ("state", "level"), [(0, Level.GOOD), (checks.NOT_SYNCHRONISED, Level.DOUBT)], ids=["kept", "not kept"]
)
async def test_a_clock_that_nothing_sets(
    state: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Library:
        def __init__(self, _: None) -> None: ...

        def adjtimex(self, _: object) -> int:
            return state

    monkeypatch.setattr("ctypes.CDLL", Library)
    assert (await found(Settings(data_dir=tmp_path)))["Clock"].level is level


@pytest.mark.parametrize("kind", ["tmpfs", "nfs4"])
async def test_a_file_system_that_keeps_nothing(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_file_system", lambda _: kind)
    assert (await found(Settings(data_dir=tmp_path)))["Disk sync"].level is Level.WRONG


async def test_a_slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_sync_time", lambda _: 80.0)
    told = (await found(Settings(data_dir=tmp_path / "not" / "yet")))["Disk sync"]
    assert (told.level, told.text) == (Level.DOUBT, f"80 ms in {tmp_path}")


async def test_postgresql(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, secret_keys=Fernet.generate_key().decode())
    told = await found(settings)
    assert told["Schema"].level is Level.GOOD
    assert told["Clock"] == Finding("Clock", Level.GOOD, "the same as the database's")
    sync = told["Disk sync"]
    assert sync.text.removeprefix("PostgreSQL has ").startswith("fsync = ")


async def test_postgresql_that_is_not_there(tmp_path: Path) -> None:
    told = await found(Settings(data_dir=tmp_path, database_url="postgresql://nobody:hidden@127.0.0.1:9/x"))
    assert told["Database"].level is Level.WRONG
    assert "hidden" not in str(told)


def test_it_fails_where_something_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_PUBLIC_URL", "nowhere")
    said = HERE.run("doctor", "--data-dir", str(tmp_path), "--json", code=1).json
    assert said[0] == {
        "subject": "Settings",
        "level": "good",
        "text": "every TIDINGS_ variable is one, and fits",
        "advice": "",
    }
    assert [each["subject"] for each in said if each["level"] == "wrong"] == ["Public URL"]
    monkeypatch.setenv("TIDINGS_NONSENSE", "1")
    assert HERE.run("doctor", code=2).err == "Error: TIDINGS_NONSENSE is no setting of Tidings.\n"
    assert list(tmp_path.iterdir()) == []
