"""The tables, declared once; the first migration made them, and a test compares both.

What is only ever given back whole is one encoded `body`; what is searched by is a column. Rows that are many are thin:
a message is written once, and what changes about it stands in `life`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
    text,
)

metadata = MetaData()


# In SQLite only a column of the very type INTEGER is the row's own number, without an index of its own.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str) -> "Column[object]":
    return Column(name, Text(), primary_key=True, nullable=False)


def _counter(name: str) -> "Column[object]":
    return Column(name, _COUNTER, primary_key=True, autoincrement=False, nullable=False)


def _text(name: str) -> "Column[object]":
    return Column(name, Text(), nullable=False)


def _number(name: str, *, nullable: bool = False) -> "Column[object]":
    return Column(name, BigInteger(), nullable=nullable)


def _blob(name: str) -> "Column[object]":
    return Column(name, LargeBinary(), nullable=False)


setting = Table("setting", metadata, _key("name"), _text("value"))

head = Table("head", metadata, _key("name"), _number("position"))
"""The last position given out in the log. Its row is locked by the batch that takes positions until it is committed,
so positions are gap-free to readers in the order of commits, also with many processes."""

lease = Table("lease", metadata, _key("name"), _text("holder"), _number("until"))

workspace = Table("workspace", metadata, _key("id"), _blob("body"))

access_key = Table(
    "access_key",
    metadata,
    _key("id"),
    _text("workspace"),
    _text("hash"),
    _blob("body"),
    Index("access_key_hash", "hash", unique=True),
)

channel = Table("channel", metadata, _key("id"), _text("workspace"), _blob("body"), _blob("sealed"))

subscription = Table(
    "subscription",
    metadata,
    _key("id"),
    _number("serial"),
    _text("workspace"),
    _blob("body"),
    _blob("sealed"),
    Index("subscription_serial", "serial", unique=True),
)

cursor = Table(
    "cursor",
    metadata,
    _counter("subscription"),
    _number("position"),
    Column("epoch", BigInteger(), nullable=False, server_default="0"),
    Column("rewound_at", BigInteger(), nullable=False, server_default="0"),
    Column("state", LargeBinary(), nullable=False, server_default=""),
)
"""Where a subscription's reader stands, and how its endpoint is doing. Attempts made before `rewound_at` say nothing of
what is to be told after the position; who reads with an older `epoch` moves nothing any more."""

contact = Table(
    "contact", metadata, _key("id"), _text("workspace"), _text("key"), _text("value"), _number("created_at")
)

message = Table(
    "message",
    metadata,
    _key("id"),
    _text("workspace"),
    Column("incoming", Boolean(), nullable=False),
    _text("contact"),
    _blob("body"),
    Index("message_workspace", "workspace", "contact", "id"),
)

party = Table("party", metadata, _key("contact"), _key("message"), sqlite_with_rowid=False)
"""Whom a message is for beside the first, who stands with it: as long as there is one, a contact is kept."""

life = Table(
    "life",
    metadata,
    _key("message"),
    _number("due_at", nullable=True),
    _blob("state"),
    sqlite_with_rowid=False,
)
Index(
    "life_due",
    life.c.due_at,
    sqlite_where=life.c.due_at.is_not(None),
    postgresql_where=life.c.due_at.is_not(None),
)

history = Table("history", metadata, _key("message"), _key("id"), _number("at"), _blob("body"))

reach = Table(
    "reach",
    metadata,
    _key("channel"),
    _key("message"),
    _text("address"),
    Column("incoming", Boolean(), nullable=False),
    _number("at"),
    Index("reach_address", "channel", "address", "message"),
    sqlite_with_rowid=False,
)
"""Which messages went to or came from which address by which channel: for correlation, watermarks and lists."""

watermark = Table(
    "watermark",
    metadata,
    _key("channel"),
    _key("address"),
    Column("stage", Integer(), primary_key=True, autoincrement=False, nullable=False),
    _number("until"),
    _number("at"),
    _blob("body"),
    Index("watermark_at", "at"),
    sqlite_with_rowid=False,
)
"""Up to when everything that went to an address by a channel has reached a stage; `at` is when that was told."""

piece = Table("piece", metadata, _key("channel"), _key("reference"), _key("message"), sqlite_with_rowid=False)
"""Providers' ids of the parts of messages."""

due = Table(
    "due",
    metadata,
    _key("message"),
    _counter("hop"),
    _text("channel"),
    _number("due_at"),
    _number("taken_at", nullable=True),
    Column("tries", Integer(), nullable=False),
    Index("due_channel", "channel", "due_at"),
)
"""Hops to be submitted; `taken_at` is set before the provider is called and says that it may have it."""

event = Table(
    "event",
    metadata,
    _counter("position"),
    _text("workspace"),
    _text("message"),
    _text("kind"),
    _blob("body"),
    Index("event_workspace", "workspace", "position"),
    Index("event_message", "message", "position"),
)

attempt = Table(
    "attempt",
    metadata,
    _counter("subscription"),
    _counter("position"),
    _counter("number"),
    _number("at"),
    _number("took_ms"),
    Column("status", Integer(), nullable=False),
    _text("verdict"),
    _text("error"),
    _blob("response"),
    Column("headers", LargeBinary(), nullable=False, server_default=""),
    Index("attempt_at", "subscription", "at"),
    sqlite_with_rowid=False,
)
_FAILED = attempt.c.verdict != literal_column("'done'")
Index("attempt_failed", attempt.c.subscription, attempt.c.at, sqlite_where=_FAILED, postgresql_where=_FAILED)
"""Failures are few and looked for most; those that succeed pay nothing for it."""

held = Table(
    "held",
    metadata,
    _counter("subscription"),
    _counter("position"),
    _text("message"),
    Column("tries", Integer(), nullable=False),
    _number("first_at"),
    _number("due_at", nullable=True),
    Column("dead", Boolean(), nullable=False),
    Column("number", BigInteger(), nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

replay = Table(
    "replay",
    metadata,
    _key("id"),
    _number("subscription"),
    _blob("body"),
    _number("place"),
    _number("told"),
    _number("set_aside"),
    _text("fate"),
    _number("ended_at", nullable=True),
    Index("replay_subscription", "subscription", "id"),
)
"""What a subscription is told again, and how far that has come."""

parked = Table(
    "parked",
    metadata,
    _key("id"),
    _text("workspace"),
    _text("channel"),
    _text("reference"),
    _text("why"),
    _number("at"),
    _blob("body"),
    Index("parked_reference", "channel", "reference"),
    Index("parked_workspace", "workspace", "id"),
    Index("parked_at", "at"),
)

seen = Table(
    "seen", metadata, _key("channel"), _key("key"), _number("at"), Index("seen_at", "at"), sqlite_with_rowid=False
)
"""Keys of reports already taken, so that a repeated one is taken once."""

idempotency = Table(
    "idempotency",
    metadata,
    _key("workspace"),
    _key("key"),
    _text("fingerprint"),
    Column("status", Integer(), nullable=False),
    _blob("body"),
    _number("at"),
    Index("idempotency_at", "at"),
)

link = Table(
    "link",
    metadata,
    _key("slug"),
    _text("message"),
    _number("expires_at"),
    _blob("body"),
    Index("link_message", "message"),
    Index("link_expires", "expires_at"),
)
"""What short addresses stand for. They outlive their messages, and go when they are redacted or expire."""

tally = Table(
    "tally",
    metadata,
    _key("message"),
    _key("deed"),
    Column("prefetched", Boolean(), primary_key=True, nullable=False),
    _key("link"),
    _number("count"),
    _number("first_at"),
    _number("last_at"),
    _text("stands_for"),
    sqlite_with_rowid=False,
)
"""How often people, and machines, did something with a message: on which link, by a mark and what it stands for."""

profile = Table("profile", metadata, _key("workspace"), _key("id"), _number("at"), _blob("body"))
"""People in apps, by the ids that integrators give them."""

app_session = Table(
    "app_session",
    metadata,
    _key("id"),
    _text("workspace"),
    _text("profile"),
    _number("expires_at"),
    _blob("body"),
    Index("app_session_profile", "workspace", "profile", "id"),
    Index("app_session_expires", "expires_at"),
)

nonce = Table(
    "nonce", metadata, _key("nonce"), _number("until"), Index("nonce_until", "until"), sqlite_with_rowid=False
)
"""Those that were used, for as long as they could be used again."""

conversation = Table("conversation", metadata, _key("id"), _text("workspace"), _number("updated_at"), _blob("state"))
"""Conversations, by the workspace and the conversation's own id with a slash between. Its row is locked by whoever
numbers what happens in it until that is committed, so the numbers are gap-free to readers."""

participant = Table(
    "participant",
    metadata,
    _key("conversation"),
    _key("profile"),
    _text("workspace"),
    _text("role"),
    _number("delivered_to"),
    _number("read_to"),
    Index("participant_profile", "workspace", "profile", "conversation"),
    sqlite_with_rowid=False,
)

happening = Table(
    "happening",
    metadata,
    _key("conversation"),
    _counter("number"),
    _number("until"),
    _blob("body"),
    _number("position"),
    Index("happening_until", "until"),
    Index("happening_position", "position", unique=True),
    Index("happening_conversation", "conversation", "position"),
)
"""What has happened in conversations; `until` is when it is forgotten. `position` is its place among all of it, in the
order it was committed, without a gap."""

said = Table(
    "said",
    metadata,
    _key("id"),
    _text("conversation"),
    _number("number"),
    _number("until"),
    _blob("body"),
    Index("said_conversation", "conversation", "number"),
    Index("said_until", "until"),
)
"""Messages of conversations, and how far each has come with each participant."""

untold = Table(
    "untold", metadata, _key("id"), _text("workspace"), _number("at"), _blob("body"), Index("untold_at", "at", "id")
)
"""What has happened in conversations and is still to be told as a report on the hub's messages, or as one that came."""

upload = Table(
    "upload",
    metadata,
    _key("id"),
    _text("workspace"),
    _number("until"),
    _blob("head"),
    _blob("data"),
    Index("upload_until", "until"),
)
"""Files of conversations: what is known of each, and its octets."""

click = Table(
    "click",
    metadata,
    _key("id"),
    _text("message"),
    _number("due_at"),
    _blob("body"),
    Index("click_message", "message"),
    Index("click_due", "due_at"),
)
"""Clicks and opens that nobody has been told yet."""

_OCTETS = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its octets, so that what begins alike stands together."""

suppression = Table(
    "suppression",
    metadata,
    _key("workspace"),
    _key("id"),
    _text("platform"),
    _text("channel"),
    Column("address", _OCTETS, nullable=False),
    _text("ground"),
    Column("stands", Boolean(), nullable=False),
    _number("at"),
    _blob("body"),
    Index("suppression_address", "workspace", "address", "id"),
)
_LIFTED = text("NOT stands")
Index("suppression_lifted", suppression.c.at, sqlite_where=_LIFTED, postgresql_where=_LIFTED)
"""Whom a workspace does not write to, and who asked it to; what no longer stands is kept for a while, so that an older
word that comes late is known to be older."""
