"""Traces: where the time of one message goes, told to whoever collects spans; nobody by default.

A message's trace is made of its id, so nothing need be kept for it: whoever tells a webhook days later, after a restart
or in another process, names the same trace. What speaks to a collector is `tidings.wire.traces`; where traces are off
it is never imported, and the steps of the road talk to `UNTRACED`, which costs them next to nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Protocol

from msgspec.structs import replace

from tidings.model.errors import NoReply
from tidings.model.events import Event
from tidings.model.exchange import Exchange, T
from tidings.model.messages import Hop
from tidings.model.reports import Report
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel

Switch = Literal["auto", "on", "off"]

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The environment variables that name a collector."""


class Span(Protocol):
    """Something that takes its time, and belongs to a message's trace."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What tells the other side of a request which span it belongs to; none where traces are off."""

    def end(self, *, status: int = 0, error: str = "") -> None:
        """Say that it is over: with which HTTP status, if there is one, and which class of error, if it failed."""


class Traces(Protocol):
    """What the steps of the road say of their time. Contents and addresses are none of it."""

    @property
    def is_on(self) -> bool:
        """Whether anybody listens; what costs something to say need not be said otherwise."""

    def moment(self) -> int:
        """The time now, as spans have it; only to be handed back."""

    def request(self, method: str, route: str, workspace: str, headers: Mapping[str, str]) -> Span:
        """Begin a request at a door, in the trace that its `traceparent` names, if it has one.

        Until it ends, what is accepted or reported here is linked to it.
        """

    def accepted(self, workspace: str, message: str, since: int) -> None:
        """Say that a message of a workspace is on disk: its trace begins with that."""

    def submission(self, channel: Channel, message: str, hop: Hop, tries: int) -> Span:
        """Begin to hand a hop of a message to its provider."""

    def reported(self, channel: Channel, report: Report, messages: Iterable[str], since: int) -> None:
        """Say that a report about messages is on disk; the trace of what a person wrote begins with it."""

    def attempt(self, subscription: Subscription, events: Sequence[Event], number: int) -> Span:
        """Begin to tell a subscription some events in one webhook."""

    async def close(self) -> None:
        """Hand over what was not handed over yet, as far as that is soon done."""


class _Unspanned:
    """A span that nobody hears of."""

    headers: Mapping[str, str] = {}

    def end(self, *, status: int = 0, error: str = "") -> None:
        """It is over."""


UNSPANNED: Final[Span] = _Unspanned()


class _Untraced:
    """Says nothing to anybody."""

    is_on = False

    def moment(self) -> int:
        """Nobody asks."""
        return 0

    def request(self, method: str, route: str, workspace: str, headers: Mapping[str, str]) -> Span:
        """Nobody hears of the request."""
        return UNSPANNED

    def accepted(self, workspace: str, message: str, since: int) -> None:
        """Nobody hears of the message."""

    def submission(self, channel: Channel, message: str, hop: Hop, tries: int) -> Span:
        """Nobody hears of the hop."""
        return UNSPANNED

    def reported(self, channel: Channel, report: Report, messages: Iterable[str], since: int) -> None:
        """Nobody hears of the report."""

    def attempt(self, subscription: Subscription, events: Sequence[Event], number: int) -> Span:
        """Nobody hears of the webhook."""
        return UNSPANNED

    async def close(self) -> None:
        """There is nothing to be handed over."""


UNTRACED: Final[Traces] = _Untraced()
"""Traces that are off."""


def is_wanted(switch: Switch, environment: Mapping[str, str]) -> bool:
    """Whether spans are to be told: the setting says so, or leaves it to OpenTelemetry's own environment variables.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    if switch != "auto":
        return switch == "on"
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    return "otlp" in exporters.split(",") and any(environment.get(name) for name in ENDPOINTS)


def marked(exchange: Exchange[T], span: Span) -> Exchange[T]:
    """Hold the same conversation with a provider, each call of which says to which span it belongs."""
    return _marked(exchange, span.headers) if span.headers else exchange


def _marked(exchange: Exchange[T], headers: Mapping[str, str]) -> Exchange[T]:
    try:
        call = next(exchange)
        while True:
            marked_call = replace(call, headers={**call.headers, **headers})
            try:
                reply = yield marked_call
            except NoReply as silence:
                call = exchange.throw(silence)
            else:
                call = exchange.send(reply)
    except StopIteration as end:
        value: T = end.value
        return value
