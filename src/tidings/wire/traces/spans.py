"""What happens to messages, as spans: ids, kinds, statuses and times. Contents, addresses and URLs are never told."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextvars import Token
from typing import Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tidings import __version__
from tidings.model.events import Event, Kind
from tidings.model.messages import Hop
from tidings.model.reports import Inbound, Interaction, Receipt, Report, Unknown
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.wire.traces.ids import MESSAGE, ByMessage, Ids, first_span_of, trace_of

WORKSPACE: Final = "tidings.workspace.id"
CHANNEL: Final = "tidings.channel.id"
CONNECTOR: Final = "tidings.connector"
PLATFORM: Final = "tidings.platform"
HOP: Final = "tidings.hop.number"
TRIES: Final = "tidings.hop.tries"
REPORT: Final = "tidings.report.kind"
STAGE: Final = "tidings.report.stage"
SUBSCRIPTION: Final = "tidings.subscription.id"
EVENT: Final = "tidings.event.id"
EVENT_KIND: Final = "tidings.event.kind"
ATTEMPT: Final = "tidings.attempt.number"
BUNDLED: Final = "tidings.attempt.events"
METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
STATUS: Final = "http.response.status_code"
ERROR: Final = "error.type"

CLOSING: Final = 5.0
"""Seconds in which the last spans are handed over; a collector that is away must not keep the hub from stopping."""

_Attributes = dict[str, str | int]
_REPORTS: Final = {Receipt: "receipt", Interaction: "interaction", Inbound: "inbound", Unknown: "unknown"}
_NOWHERE: Final = Context()
_w3c = TraceContextTextMapPropagator()


class Spans:
    """The steps of the road, told as spans."""

    is_on = True

    def __init__(self, provider: TracerProvider, ids: Ids) -> None:
        self._provider = provider
        self._ids = ids
        self._sampler = provider.sampler
        self._tracer = provider.get_tracer("tidings", __version__)

    def moment(self) -> int:
        """The time now, in nanoseconds since 1970."""
        return time.time_ns()

    def request(self, method: str, route: str, workspace: str, headers: Mapping[str, str]) -> "_Told":
        """Begin a request at a door, in the client's trace, and have what it brings linked to it."""
        asked: _Attributes = {METHOD: method, ROUTE: route}
        if workspace:
            asked[WORKSPACE] = workspace
        span = self._tracer.start_span(
            f"{method} {route}", _w3c.extract(headers, _NOWHERE), kind=SpanKind.SERVER, attributes=asked
        )
        return _Told((span,), contexts.attach(trace.set_span_in_context(span, _NOWHERE)))

    def accepted(self, workspace: str, message: str, since: int) -> None:
        """Tell that a message was taken, from the asking until it was on disk."""
        self._begin("message accepted", message, {WORKSPACE: workspace}, since)

    def submission(self, channel: Channel, message: str, hop: Hop, tries: int) -> "_Told":
        """Begin to hand a hop to its provider."""
        named = {**_names(channel, message), PLATFORM: hop.platform, HOP: hop.number, TRIES: tries}
        return _Told((self._start(f"submit {hop.platform}", self._of(message), named),))

    def reported(self, channel: Channel, report: Report, messages: Iterable[str], since: int) -> None:
        """Tell that a report was taken, in the trace of each message it is about."""
        kind = _REPORTS[type(report)]
        for message in messages:
            named = {**_names(channel, message), REPORT: kind}
            if isinstance(report, Receipt):
                named[STAGE] = report.stage.word
            elif isinstance(report, Interaction):
                named[STAGE] = report.deed.value
            if isinstance(report, Inbound):
                self._begin("message received", message, named, since)
            else:
                about = self._of(message)
                self._link_back(about)
                self._start(f"{kind} reported", about, named, SpanKind.CONSUMER, _current(), since).end()

    def attempt(self, subscription: Subscription, events: Sequence[Event], number: int) -> "_Told":
        """Begin one webhook: a span in the trace of the message of each of its events.

        A word to operators is of no message; its attempts are a trace of their own, made of the event's id.
        """
        spans = []
        for event in events:
            named: _Attributes = {
                WORKSPACE: event.workspace,
                SUBSCRIPTION: subscription.id,
                EVENT: event.id,
                EVENT_KIND: event.kind.value,
                ATTEMPT: number,
            }
            if len(events) > 1:
                named[BUNDLED] = len(events)
            about = _NOWHERE
            if event.kind is Kind.NOTICE:
                self._ids.give(trace_of(event.id))
            else:
                named[MESSAGE] = event.message
                about = self._of(event.message)
            spans.append(self._start(f"webhook {event.kind.value}", about, named))
        return _Told(spans)

    async def close(self) -> None:
        """Hand over the last spans, within bounds."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            with contextlib.suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(done.set)

        # A thread of its own that nobody waits for at the end: the collector may never answer.
        threading.Thread(target=shut_down, name="last spans", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await done.wait()

    def _begin(self, name: str, message: str, named: _Attributes, since: int) -> None:
        """Tell the span that a message's trace begins with, and link it with the request that brought it."""
        number = trace_of(message)
        self._ids.give(number, first_span_of(number))
        span = self._start(name, _NOWHERE, {**named, MESSAGE: message}, SpanKind.INTERNAL, _current(), since)
        self._link_back(trace.set_span_in_context(span, _NOWHERE))
        span.end()

    def _start(
        self,
        name: str,
        parent: Context,
        named: _Attributes,
        kind: SpanKind = SpanKind.CLIENT,
        links: Sequence[Link] = (),
        since: int | None = None,
    ) -> Span:
        return self._tracer.start_span(name, parent, kind=kind, attributes=named, links=links, start_time=since)

    def _of(self, message: str) -> Context:
        """The place of a message's first span, whoever told that, and whenever."""
        number = trace_of(message)
        chosen = self._sampler.should_sample(_NOWHERE, number, "", attributes={MESSAGE: message}).decision
        flags = TraceFlags(TraceFlags.SAMPLED if chosen is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT)
        first = SpanContext(number, first_span_of(number), is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(NonRecordingSpan(first), _NOWHERE)

    @staticmethod
    def _link_back(message: Context) -> None:
        """Link the request under way to a message, so that its client finds the way on."""
        trace.get_current_span().add_link(trace.get_current_span(message).get_span_context())


class _Told:
    """One span or, of a webhook with several events, one for each; with the context that ends with it."""

    __slots__ = ("_spans", "_token")

    def __init__(self, spans: Sequence[Span], token: Token[Context] | None = None) -> None:
        self._spans = spans
        self._token = token

    @property
    def headers(self) -> Mapping[str, str]:
        """The `traceparent` of the first span."""
        headers: dict[str, str] = {}
        _w3c.inject(headers, trace.set_span_in_context(self._spans[0], _NOWHERE))
        return headers

    def end(self, *, status: int = 0, error: str = "") -> None:
        """Tell it, as the conventions for HTTP spans have it: a client's own mistake is no error of the server's."""
        if self._token is not None:
            contexts.detach(self._token)
        lowest = 400 if self._token is None else 500
        why = error or (str(status) if status >= lowest else "")
        for span in self._spans:
            if status:
                span.set_attribute(STATUS, status)
            if why:
                span.set_attribute(ERROR, why)
                span.set_status(StatusCode.ERROR)
            span.end()


def spans_to(processor: SpanProcessor, resource: Resource | None = None) -> Spans:
    """Tell spans to a processor; the share of them is chosen by OpenTelemetry's environment variables."""
    ids = Ids()
    # Every hub is closed in order; another at the end of the process would only wait for the collector again.
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    provider.sampler = ByMessage(provider.sampler)
    provider.add_span_processor(processor)
    return Spans(provider, ids)


def _names(channel: Channel, message: str) -> _Attributes:
    return {WORKSPACE: channel.workspace, CHANNEL: channel.id, CONNECTOR: channel.connector, MESSAGE: message}


def _current() -> list[Link]:
    """Link what is told to the request under way, if there is one."""
    under_way = trace.get_current_span().get_span_context()
    return [Link(under_way)] if under_way.is_valid else []
