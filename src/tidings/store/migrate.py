"""Bringing a database to today's schema: every function raises Misconfigured where that cannot be."""

from pathlib import Path

import asyncpg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tidings.model.errors import Misconfigured

_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: sqlalchemy.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sqlalchemy.Connection) -> None:
    try:
        command.upgrade(_config(connection), "head")
        connection.commit()
    except (SQLAlchemyError, CommandError) as error:
        raise Misconfigured(f"The database cannot be brought to today's schema: {error}") from error


def migrate_sqlite(path: str) -> None:
    """Bring a SQLite file to today's schema, making it where it is not there."""
    # 8 KiB pages hold a message and its event whole; the size can only be chosen before the first table.
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA page_size = 8192")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        _upgrade(connection)
    engine.dispose()


async def migrate_postgres(url: str) -> None:
    """Bring a PostgreSQL database to today's schema; processes that start together wait for each other."""
    # The URL is read by the driver, as everywhere else: `sslmode` and its like mean the same here.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SELECT pg_advisory_lock(7463746)")
        await connection.commit()
        await connection.run_sync(_upgrade)
        await connection.exec_driver_sql("SELECT pg_advisory_unlock(7463746)")
        await connection.commit()
    await engine.dispose()


def versions(connection: sqlalchemy.Connection) -> tuple[str | None, str | None]:
    """Give the version a database has and the version this code wants."""
    has = MigrationContext.configure(connection).get_current_revision()
    return has, ScriptDirectory.from_config(_config()).get_current_head()
