"""Whom we do not write to."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step forward."""
    octets = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    lifted = sa.text("NOT stands")
    op.create_table(
        "suppression",
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", octets, nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.create_index("suppression_address", ["workspace", "address", "id"], unique=False)
        batch_op.create_index("suppression_lifted", ["at"], unique=False, sqlite_where=lifted, postgresql_where=lifted)
