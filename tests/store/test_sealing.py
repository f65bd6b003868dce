"""Secrets at rest, and the key kept beside the database."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tidings.model.errors import Misconfigured
from tidings.store.sealing import Seal, key_from_file

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_is_opened_by_its_key_alone() -> None:
    sealed = Seal([OLD]).close(b"between us")
    assert b"between us" not in sealed
    assert Seal([OLD]).open(sealed) == b"between us"
    assert Seal([NEW, OLD]).open(sealed) == b"between us"
    with pytest.raises(Misconfigured, match="name the older key after the new one"):
        Seal([NEW]).open(sealed)


def test_what_is_sealed_again_needs_only_the_new_key() -> None:
    sealed = Seal([OLD]).close(b"between us")
    renewed = Seal([NEW, OLD]).renew(sealed)
    assert Seal([NEW]).open(renewed) == b"between us"
    with pytest.raises(Misconfigured):
        Seal([OLD]).open(renewed)
    with pytest.raises(Misconfigured):
        Seal([NEW]).renew(sealed)


def test_what_was_tampered_with_is_not_opened() -> None:
    sealed = bytearray(Seal([OLD]).close(b"between us"))
    sealed[20] ^= 1
    with pytest.raises(Misconfigured):
        Seal([OLD]).open(bytes(sealed))


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, "!" * 44], ["ключ" * 11]])
def test_what_is_no_key_is_the_operators(keys: list[str]) -> None:
    with pytest.raises(Misconfigured, match="TIDINGS_SECRET_KEYS must be Fernet keys"):
        Seal(keys)


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    key = key_from_file(path)
    assert Seal([key]).open(Seal([key]).close(b"x")) == b"x"
    assert key_from_file(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.key"
    made = iter(range(1, 100))
    monkeypatch.setattr("os.getpid", lambda: next(made))
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with ThreadPoolExecutor(8) as together:
        keys = set(together.map(key_from_file, [path] * 16))
    assert len(keys) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]
