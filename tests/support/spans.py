"""Spans as a test sees them: kept in memory, by name, with whose child each is and what it is linked with."""

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

from tidings.wire.traces import Spans, spans_to


class Kept(NamedTuple):
    """One span that was told."""

    name: str
    trace: str
    id: str
    parent: str
    """Empty: it has none."""
    links: set[str]
    """Spans of other traces, or of this one, by their ids."""
    named: Mapping[str, object]
    kind: str
    failed: bool

    @property
    def traceparent(self) -> str:
        """The header of a request that it is about, but for the flags."""
        return f"00-{self.trace}-{self.id}"


class Spanning:
    """Everything that one hub has told."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.traces: Spans = spans_to(SimpleSpanProcessor(self._exporter))

    @property
    def told(self) -> list[Kept]:
        """The spans, in the order they ended."""
        return [_kept(span) for span in self._exporter.get_finished_spans()]

    def named(self, name: str) -> list[Kept]:
        """The spans of a name."""
        return [span for span in self.told if span.name == name]

    def one(self, name: str) -> Kept:
        """The only span of a name."""
        (span,) = self.named(name)
        return span


def _kept(span: ReadableSpan) -> Kept:
    context = span.get_span_context()
    assert context is not None
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time
    # What went wrong is told as a class; a description or an exception could hold anything.
    assert not span.events
    assert not span.status.description
    return Kept(
        name=span.name,
        trace=format_trace_id(context.trace_id),
        id=format_span_id(context.span_id),
        parent=format_span_id(span.parent.span_id) if span.parent else "",
        links={format_span_id(link.context.span_id) for link in span.links},
        named=dict(span.attributes or {}),
        kind=span.kind.name.lower(),
        failed=not span.status.is_unset,
    )
