"""Bringing a database to today's schema, and its secrets under a new key."""

import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from support.terminal import Terminal

HERE = Terminal("http://127.0.0.1:9", "")


def test_a_new_database_is_made_once(tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "var"))
    assert "; it is new." in HERE.run("migrate", *where).out
    assert "; it was so before." in HERE.run("migrate", *where).out


def test_postgresql_shows_no_password(postgres_url: str) -> None:
    said = HERE.run("migrate", "--database-url", postgres_url.replace("@", ":hidden@", 1)).out
    assert "; it was so before." in said
    assert "hidden" not in said


def test_secrets_are_sealed_again_with_the_newest_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    where = ("--data-dir", str(tmp_path))
    monkeypatch.setenv("TIDINGS_SECRET_KEYS", old)
    HERE.run("migrate", *where)
    with sqlite3.connect(tmp_path / "tidings.db") as connection:
        body = '{"id":"c","workspace":"w","name":"","platform":"sms","connector":"x","settings":{},"created_at":0}'
        sealed = Fernet(old).encrypt(b'{"authToken":"secret"}')
        connection.execute("INSERT INTO channel (id, workspace, body, sealed) VALUES ('c', 'w', ?, ?)", (body, sealed))
    connection.close()
    monkeypatch.setenv("TIDINGS_SECRET_KEYS", f"{new}, {old}")
    assert HERE.run("migrate", "--reseal", *where).out.endswith("1 secret is sealed with the newest key.\n")
    with sqlite3.connect(tmp_path / "tidings.db") as connection:
        (sealed,) = connection.execute("SELECT sealed FROM channel").fetchone()
    connection.close()
    assert Fernet(new).decrypt(sealed) == b'{"authToken":"secret"}'
    monkeypatch.setenv("TIDINGS_SECRET_KEYS", old)
    lost = HERE.run("migrate", "--reseal", *where, code=2).err
    assert lost.startswith("Error: A stored secret fits none of TIDINGS_SECRET_KEYS")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert HERE.run("migrate", "--data-dir", str(tmp_path / "file" / "x"), code=2).err.startswith(f"Error: {tmp_path}")
