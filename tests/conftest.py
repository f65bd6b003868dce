"""What tests of the store, the flow and the whole hub share: a database of their own, on either kind."""

import asyncio
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from support.postgres import NoServer, Server, served
from tidings.store.migrate import migrate_postgres, migrate_sqlite

_TEMPLATE = "migrated"
_number = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server with a migrated database to copy; without one the test fails, it is not skipped."""
    try:
        with served() as server:
            server.sql(f"CREATE DATABASE {_TEMPLATE}")
            with ThreadPoolExecutor(1) as thread:
                thread.submit(lambda: asyncio.run(migrate_postgres(server.url(_TEMPLATE)))).result()
            yield server
    except NoServer as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """A migrated PostgreSQL database that nobody else uses; it goes with the server, since dropping one takes long."""
    name = f"test_{next(_number)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return postgres.url(name)


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "tidings.db"
    migrate_sqlite(str(path))
    return path


@pytest.fixture
def sqlite_url(_migrated_file: Path, tmp_path: Path) -> str:
    """A migrated SQLite file that nobody else uses."""
    path = tmp_path / "tidings.db"
    shutil.copy(_migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
