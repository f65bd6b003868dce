"""How endpoints are doing is kept with their cursors; what is told again is an order of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("rewound_at", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("state", sa.LargeBinary(), nullable=False, server_default=""))
    with op.batch_alter_table("held", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE held SET number = tries")
    op.create_table(
        "replay",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subscription", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("set_aside", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.create_index("replay_subscription", ["subscription", "id"], unique=False)
