"""Which schema this code wants, known without loading what brings a database to it.

Alembic and SQLAlchemy take twice as long to load as everything else of a hub, and are needed once a version.
"""

from importlib.resources import files

ASKED = "SELECT version_num FROM alembic_version"
"""What a database answers with the version it has; one that was never migrated has no such table."""


def wanted_version() -> str:
    """The newest migration's number, which its file's name begins with."""
    migrations = files("tidings.store.migrations.versions").iterdir()
    return max(each.name.partition("_")[0] for each in migrations if each.name[:1].isdigit())
