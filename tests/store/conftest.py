"""A database and a store of each kind."""

from collections.abc import AsyncIterator

import pytest

from support.stores import database_at, opened
from tidings.store.database import Database
from tidings.store.store import Store


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with nothing in it."""
    database = database_at(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store with nothing in it."""
    async with opened(database_url) as store:
        yield store
