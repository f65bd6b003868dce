"""What a process measures as it works: of all its deliveries together, and of each endpoint and channel.

What is noted here is noted on the hot path, so it costs a microsecond and no more; it is put into words when somebody
asks (`tidings.web.metrics`).
"""

from collections import Counter, defaultdict
from collections.abc import Container
from typing import Final

from msgspec import Struct

from tidings.flow.lag import Lag
from tidings.model.subscriptions import Fault, Verdict, fault_of
from tidings.rules.histogram import Histogram
from tidings.wire.http import Result

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SECONDS_OF_EACH: Final = (0.025, 0.1, 0.5, 2.5, 10.0)
"""Fewer: there may be a thousand of these."""
_TIMEOUT: Final = "timeout"


class EndpointTally:
    """What came of telling one subscription."""

    __slots__ = ("_attempts", "given_up", "seconds")

    def __init__(self) -> None:
        self._attempts: Counter[tuple[Verdict, str]] = Counter()
        self.given_up = 0
        """Events put on the dead-letter list."""
        self.seconds = Histogram(SECONDS_OF_EACH)
        """How long its endpoint took to answer."""

    def tried(self, verdict: Verdict, result: Result, events: int) -> None:
        """Note one webhook, and what came of it."""
        self._attempts[verdict, result.error] += events
        if is_timed(result):
            self.seconds.add(result.took_ms / 1000)

    @property
    def attempts(self) -> dict[tuple[Verdict, Fault | None], int]:
        """Attempts to tell an event, by what came of them and why."""
        told: dict[tuple[Verdict, Fault | None], int] = {}
        for (verdict, error), number in self._attempts.items():
            key = verdict, None if verdict is Verdict.DONE else fault_of(error)
            told[key] = told.get(key, 0) + number
        return told


class ChannelTally:
    """What came of one channel's submissions and callbacks."""

    __slots__ = ("callbacks", "seconds", "submissions")

    def __init__(self) -> None:
        self.submissions: Counter[str] = Counter()
        """By outcome."""
        self.seconds = Histogram(SECONDS_OF_EACH)
        """How long its provider took over a submission, all of its calls together."""
        self.callbacks: Counter[str] = Counter()
        """By fate."""


class Round(Struct, frozen=True):
    """One round of forgetting, in milliseconds since 1970."""

    began_at: int
    ended_at: int


class Measured:
    """Everything that one process has measured since it started."""

    def __init__(self) -> None:
        self.lag = Lag()
        self.deliveries = Histogram(SECONDS)
        """How long endpoints took to answer, all of them together."""
        self.forgetting: Round | None = None
        """The last round of forgetting that was gone through here."""
        self.endpoints: defaultdict[str, EndpointTally] = defaultdict(EndpointTally)
        """By subscription."""
        self.channels: defaultdict[str, ChannelTally] = defaultdict(ChannelTally)

    def keep(self, subscriptions: Container[str], channels: Container[str]) -> None:
        """Forget what was measured of all others: they are no more."""
        for gone in [each for each in self.endpoints if each not in subscriptions]:
            del self.endpoints[gone]
        for gone in [each for each in self.channels if each not in channels]:
            del self.channels[gone]


def is_timed(result: Result) -> bool:
    """Whether a request says how long the other side takes: it answered, or had all the time there is."""
    return bool(result.status) or result.error == _TIMEOUT
