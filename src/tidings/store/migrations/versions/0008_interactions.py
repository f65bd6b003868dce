"""How often something was done with a message, and its links were followed; also what was done before this."""

from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op
from msgspec import Raw, Struct

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STRETCH = 2_000
_LAST_MOMENT = 253_402_300_799_999
_LONGEST = 4_096

_TOLD = "SELECT position, message, body FROM event WHERE kind = 'interaction' AND position > :after"
_COUNT = """
INSERT INTO tally (message, deed, prefetched, link, count, first_at, last_at, stands_for)
VALUES (
    :message, :deed, :prefetched,
    CASE WHEN :link = '' OR EXISTS (
        SELECT 1 FROM tally WHERE message = :message AND deed = :deed AND prefetched = :prefetched AND link = :link
    ) OR (
        SELECT count(*) FROM tally
        WHERE message = :message AND deed = :deed AND prefetched = :prefetched AND link NOT IN ('', '*')
    ) < 100 THEN :link ELSE '*' END,
    1, :at, :at, :stands_for
)
ON CONFLICT (message, deed, prefetched, link) DO UPDATE
SET count = tally.count + 1,
    first_at = CASE WHEN excluded.first_at < tally.first_at THEN excluded.first_at ELSE tally.first_at END,
    last_at = CASE WHEN excluded.last_at > tally.last_at THEN excluded.last_at ELSE tally.last_at END
"""


class _Done(Struct):
    """An interaction, as events hold it at this version."""

    deed: str
    url: str = ""
    link_name: str = ""
    action: str = ""
    prefetched: bool = False


class _Fact(Struct):
    interaction: _Done


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "tally",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("prefetched", sa.Boolean(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("stands_for", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message", "deed", "prefetched", "link"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    asked = sa.text(f"{_TOLD} ORDER BY position LIMIT {_STRETCH}")
    after = 0
    while rows := connection.execute(asked, {"after": after}).fetchall():
        tallies = [tally for row in rows if (tally := _tally(row[1], bytes(row[2]))) is not None]
        if tallies:
            connection.execute(sa.text(_COUNT), tallies)
        after = rows[-1][0]


def _tally(message: str, body: bytes) -> dict[str, Any] | None:
    """Say what an event counts as; nothing where nobody can read it any more.

    It is written as a list, whose last items are two times and the fact.
    """
    try:
        *_, at, told_at, fact = msgspec.json.decode(body, type=list[Raw])
        moment, told = msgspec.json.decode(at, type=int), msgspec.json.decode(told_at, type=int)
        done = msgspec.json.decode(fact, type=_Fact).interaction
    except msgspec.DecodeError:
        return None
    link, url, name = "", done.url, done.link_name
    if len(url) + len(name) > _LONGEST:
        link, url, name = "*", "", ""
    elif url or name:
        link = blake2b(f"{url}\n{name}".encode(), digest_size=12).hexdigest()
    return {
        "message": message,
        "deed": "unreaction" if done.deed == "reaction" and done.action == "unreact" else done.deed,
        "prefetched": done.prefetched,
        "link": link,
        "at": told if 0 <= told <= _LAST_MOMENT else moment,
        "stands_for": msgspec.json.encode({"url": url, "name": name}).decode(),
    }
