"""Looking into a database without changing it: neither its schema nor anything in it."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tidings.cli.configured import database_file
from tidings.model.errors import Misconfigured
from tidings.settings import Settings
from tidings.store.migrate import versions

T = TypeVar("T")


async def schema_versions(settings: Settings) -> tuple[str | None, str | None]:
    """Give the schema a database has (None: it is not there yet) and today's; raises Misconfigured."""
    return await looked_at(settings, versions)


async def looked_at(settings: Settings, look: Callable[[sqlalchemy.Connection], T]) -> T:
    """Look into the database of settings with their defaults; raises Misconfigured where it cannot be reached."""
    file = database_file(settings)
    try:
        if file is not None:
            return _looked_at_file(str(file) if file.exists() else "", look)
        url = settings.database_url.replace("postgres://", "postgresql://", 1)
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(look)
        finally:
            await engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise Misconfigured(f"The database cannot be reached: {why}") from error


def _looked_at_file(path: str, look: Callable[[sqlalchemy.Connection], T]) -> T:
    """Look into a SQLite file; into an empty database where there is none."""
    engine = sqlalchemy.create_engine(
        f"sqlite:///file:{path}?mode=ro&uri=true" if path else "sqlite://", poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            return look(connection)
    finally:
        engine.dispose()
