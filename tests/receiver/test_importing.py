"""Who receives webhooks needs no hub: nothing of it comes along."""

import json
import subprocess
import sys

import tidings.receiver

IMPORTING = "import json, sys, tidings.receiver; print(json.dumps(sorted(sys.modules)))"
ALLOWED = ("tidings.model", "tidings.receiver", "tidings.rules.signing")
UNWANTED = {"aiohttp", "alembic", "asyncio", "asyncpg", "pycurl", "sqlalchemy", "starlette", "structlog", "uvicorn"}


def test_nothing_of_the_hub_is_imported() -> None:
    said = subprocess.run([sys.executable, "-c", IMPORTING], capture_output=True, text=True, timeout=60, check=True)
    modules: list[str] = json.loads(said.stdout)
    ours = [each for each in modules if each.startswith("tidings.") and each != "tidings.rules"]
    assert "tidings.receiver.sqlite" in ours
    assert [each for each in ours if not each.startswith(ALLOWED)] == []
    assert UNWANTED.intersection(modules) == set()


def test_what_is_offered_is_there() -> None:
    assert [name for name in tidings.receiver.__all__ if not hasattr(tidings.receiver, name)] == []
    assert sorted(tidings.receiver.__all__) == tidings.receiver.__all__
