"""Attempts keep what headers came and are found by time; every person a message is for is known by it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Of what came in, a provider's own words may hold what PostgreSQL takes for no text; and it is from one person.
_PARTIES = """
INSERT INTO party (contact, message)
SELECT DISTINCT json_extract(each.value, '$.contact'), message.id
FROM message, json_each(CAST(message.body AS TEXT), '$.recipients') AS each
WHERE each.key > 0 AND NOT message.incoming
"""
_PARTIES_POSTGRES = """
INSERT INTO party (contact, message)
SELECT DISTINCT each.value ->> 'contact', message.id
FROM message, json_array_elements(convert_from(message.body, 'UTF8')::json -> 'recipients')
    WITH ORDINALITY AS each (value, number)
WHERE each.number > 1 AND NOT message.incoming
"""


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("headers", sa.LargeBinary(), nullable=False, server_default=""))
        batch_op.create_index("attempt_at", ["subscription", "at"], unique=False)
        batch_op.create_index(
            "attempt_failed",
            ["subscription", "at"],
            unique=False,
            sqlite_where=sa.text("verdict <> 'done'"),
            postgresql_where=sa.text("verdict <> 'done'"),
        )
    op.create_table(
        "party",
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact", "message"),
        sqlite_with_rowid=False,
    )
    op.execute(_PARTIES if op.get_bind().dialect.name == "sqlite" else _PARTIES_POSTGRES)
