"""Every metric there is: its name, what it means, what it is told of, and which process tells it.

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Kind(StrEnum):
    """What a number is."""

    COUNTER = "counter"
    """It only grows, from zero when the process starts."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Teller(StrEnum):
    """Which of several processes on one database tells a metric, so that adding them up is right."""

    EACH = "each"
    """Each tells what happened in it, and of the readers that it has."""
    SWEEPER = "sweeper"
    """What is read from the database is told by the one that sweeps, and by no other."""


class Family(Struct, frozen=True):
    """One metric."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    teller: Teller = Teller.EACH
    counted: str = ""
    """Of what is counted by name (`Counts.add`): that name."""
    values: tuple[str, ...] = ()
    """Those of a counter's last label that are told from the start, as 0: a first time is a change like any other."""

    @property
    def shown(self) -> str:
        """The name as queries have it, but for what a histogram adds to it."""
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name

    @property
    def samples(self) -> tuple[str, ...]:
        """Every name that a query may use."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.shown,)


def _counted(name: str, help_: str, *values: str) -> Family:
    return Family(f"tidings_{name}", Kind.COUNTER, help_, ("kind",), counted=name, values=values)


def _of_endpoint(name: str, kind: Kind, help_: str, *labels: str) -> Family:
    return Family(f"tidings_endpoint_{name}", kind, help_, ("workspace", "subscription", *labels))


def _of_channel(name: str, kind: Kind, help_: str, *labels: str, teller: Teller = Teller.EACH) -> Family:
    return Family(f"tidings_channel_{name}", kind, help_, ("workspace", "channel", "connector", *labels), teller)


OUTCOMES: Final = ("sent", "failed", "deferred", "uncertain", "fetched")
FATES: Final = ("taken", "refused", "unreadable")

COUNTED: Final = (
    _counted("messages", "Messages taken from clients: `accepted`.", "accepted"),
    _counted(
        "submissions",
        "Hops handed to providers: `sent`, `failed`, `deferred` (to be tried again), `uncertain`; `fetched` by those "
        "who fetch them.",
        *OUTCOMES,
    ),
    _counted("callbacks", "Providers' callbacks: `taken`, `refused` (not proven), `unreadable`.", *FATES),
    _counted("polls", "How often providers were asked that do not call: `asked`.", "asked"),
    _counted("reports", "Reports that have no word in our model: `unknown`.", "unknown"),
    _counted(
        "deliveries",
        "Attempts to tell a subscription an event: `done`, `refused` (for good), `retry`; and events given up: "
        "`exhausted`.",
        *("done", "refused", "retry", "exhausted"),
    ),
    _counted(
        "streams",
        "Live streams: `opened`, `ended`; `refused` (too many), `stalled` (the client did not read).",
        *("opened", "ended", "refused", "stalled"),
    ),
    _counted(
        "sockets",
        "Devices of app messaging, by sockets or streams: `opened`, `ended`; `refused` (no token, or too many), `slow` "
        "(let go, as they did not read).",
        *("opened", "ended", "refused", "slow"),
    ),
    _counted("forgotten", "What was forgotten after its time: `messages`.", "messages"),
    _counted(
        "clicks",
        "Clicks and opens: told as a person's (`human`) or a machine's (`prefetched`); `late` (told as a person's, and "
        "then seen to be a machine's), `gone` (the message is no more), `untracked` (who asked not to be tracked), "
        "`unrecorded` (sent on without the disk), `unanswered` (the link could not be read).",
        *("human", "prefetched", "late", "gone", "untracked", "unrecorded", "unanswered"),
    ),
    _counted("errors", "What broke here, by the kind of error; the log has them."),
)

INFO: Final = Family("tidings_info", Kind.GAUGE, "Always 1, with the version that runs.", ("version",))
LAG: Final = Family(
    "tidings_loop_lag_seconds",
    Kind.HISTOGRAM,
    "How late the event loop is, measured four times a second: everybody waits that long.",
)
STORE_UP: Final = Family("tidings_store_up", Kind.GAUGE, "1 where the database answers, else 0.")
COMMIT_SECONDS: Final = Family(
    "tidings_commit_seconds", Kind.HISTOGRAM, "How long batches took, from their beginning until they were on disk."
)
COMMIT_STEPS: Final = Family(
    "tidings_commit_steps", Kind.HISTOGRAM, "How many steps were committed together in a batch."
)
COMMIT_WAITING: Final = Family("tidings_commit_waiting", Kind.GAUGE, "Steps that wait for the next batch.")
READ_SECONDS: Final = Family("tidings_read_seconds", Kind.HISTOGRAM, "How long it took to read from the database.")
DELIVERY_SECONDS: Final = Family(
    "tidings_delivery_seconds", Kind.HISTOGRAM, "How long endpoints took to answer a webhook, all of them together."
)
ENDPOINTS: Final = Family(
    "tidings_endpoints",
    Kind.GAUGE,
    "Subscriptions that are told here: `well`, `failing` (the last attempt failed), `stopped` (only probes go there).",
    ("state",),
)
OLDEST_UNDELIVERED: Final = Family(
    "tidings_oldest_undelivered_seconds",
    Kind.GAUGE,
    "How long the oldest event has waited that some subscription has not been told; 0 where all are.",
)
SOCKETS_OPEN: Final = Family("tidings_sockets_open", Kind.GAUGE, "Devices of app messaging that are connected.")
SOCKETS_WAITING: Final = Family(
    "tidings_sockets_waiting_bytes", Kind.GAUGE, "What waits in memory until devices of app messaging have read it."
)
STREAMS_OPEN: Final = Family("tidings_streams_open", Kind.GAUGE, "Live streams that are open.")

LOG_POSITION: Final = Family(
    "tidings_log_position", Kind.GAUGE, "The position of the newest event.", teller=Teller.SWEEPER
)
DUE_HOPS: Final = Family("tidings_due_hops", Kind.GAUGE, "Hops that wait to be submitted.", teller=Teller.SWEEPER)
OLDEST_DUE: Final = Family(
    "tidings_oldest_due_seconds", Kind.GAUGE, "How long the oldest of them has been due.", teller=Teller.SWEEPER
)
HELD: Final = Family(
    "tidings_held_events",
    Kind.GAUGE,
    "Events set aside for a subscription: `waiting` to be told again, `given-up` on the dead-letter list.",
    ("fate",),
    Teller.SWEEPER,
)
PARKED: Final = Family(
    "tidings_parked_reports", Kind.GAUGE, "Reports and callbacks that wait, by why.", ("why",), Teller.SWEEPER
)
SUBSCRIPTIONS: Final = Family(
    "tidings_subscriptions",
    Kind.GAUGE,
    "Subscriptions: `active`, or why they are not: `paused`, `gone` (410), `failing` (for days).",
    ("state",),
    Teller.SWEEPER,
)
FORGETTING_ENDED: Final = Family(
    "tidings_forgetting_end_timestamp_seconds",
    Kind.GAUGE,
    "When the last round of forgetting ended that was gone through in this process, in seconds since 1970.",
)
FORGETTING_SECONDS: Final = Family("tidings_forgetting_seconds", Kind.GAUGE, "How long it took.")

ENDPOINT_STATE: Final = _of_endpoint("state", Kind.GAUGE, "0 well, 1 failing, 2 stopped.")
ENDPOINT_OLDEST: Final = _of_endpoint(
    "oldest_undelivered_seconds", Kind.GAUGE, "How long its oldest event has waited; 0 where it was told all."
)
ENDPOINT_HELD: Final = _of_endpoint("held_events", Kind.GAUGE, "Events set aside, to be told again.")
ENDPOINT_REPLAYS: Final = _of_endpoint("replays", Kind.GAUGE, "Replays under way.")
ENDPOINT_PROBE: Final = _of_endpoint(
    "probe_timestamp_seconds", Kind.GAUGE, "When a stopped one is probed next, in seconds since 1970."
)
ENDPOINT_ATTEMPTS: Final = _of_endpoint(
    "attempts",
    Kind.COUNTER,
    "Attempts to tell it an event, by verdict (`done`, `refused`, `retry`) and class of error (empty: done).",
    "verdict",
    "class",
)
ENDPOINT_GIVEN_UP: Final = _of_endpoint("given_up", Kind.COUNTER, "Events put on its dead-letter list.")
ENDPOINT_SECONDS: Final = _of_endpoint("seconds", Kind.HISTOGRAM, "How long it took to answer.")

CHANNEL_DUE: Final = _of_channel("due_hops", Kind.GAUGE, "Hops that wait to be submitted.", teller=Teller.SWEEPER)
CHANNEL_OLDEST: Final = _of_channel(
    "oldest_due_seconds", Kind.GAUGE, "How long the oldest of them has been due.", teller=Teller.SWEEPER
)
CHANNEL_UNDER_WAY: Final = _of_channel("under_way", Kind.GAUGE, "Hops that its provider is being handed now.")
CHANNEL_FAILING: Final = _of_channel("failing", Kind.GAUGE, "1 where its provider takes nothing any more, else 0.")
CHANNEL_SUBMISSIONS: Final = _of_channel(
    "submissions", Kind.COUNTER, "Hops handed to its provider, as `tidings_submissions_total`.", "outcome"
)
CHANNEL_SECONDS: Final = _of_channel(
    "provider_seconds", Kind.HISTOGRAM, "How long its provider took over a submission, all of its calls together."
)
CHANNEL_CALLBACKS: Final = _of_channel(
    "callbacks", Kind.COUNTER, "Its provider's callbacks, as `tidings_callbacks_total`.", "fate"
)

FAMILIES: Final = (
    *COUNTED,
    DELIVERY_SECONDS,
    ENDPOINTS,
    OLDEST_UNDELIVERED,
    HELD,
    SUBSCRIPTIONS,
    DUE_HOPS,
    OLDEST_DUE,
    PARKED,
    LOG_POSITION,
    SOCKETS_OPEN,
    SOCKETS_WAITING,
    STREAMS_OPEN,
    COMMIT_SECONDS,
    COMMIT_STEPS,
    COMMIT_WAITING,
    READ_SECONDS,
    STORE_UP,
    LAG,
    FORGETTING_ENDED,
    FORGETTING_SECONDS,
    INFO,
    ENDPOINT_STATE,
    ENDPOINT_OLDEST,
    ENDPOINT_HELD,
    ENDPOINT_REPLAYS,
    ENDPOINT_PROBE,
    ENDPOINT_ATTEMPTS,
    ENDPOINT_GIVEN_UP,
    ENDPOINT_SECONDS,
    CHANNEL_DUE,
    CHANNEL_OLDEST,
    CHANNEL_UNDER_WAY,
    CHANNEL_FAILING,
    CHANNEL_SUBMISSIONS,
    CHANNEL_SECONDS,
    CHANNEL_CALLBACKS,
)
"""In the order they are told and listed."""
