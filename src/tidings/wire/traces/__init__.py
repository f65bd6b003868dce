"""Spans told to a collector by OpenTelemetry (https://opentelemetry.io/docs/specs/otel/trace/), where traces are on.

Nothing outside this package knows OpenTelemetry, and it is imported only where it is wanted.
"""

from tidings.wire.traces.exporting import exported
from tidings.wire.traces.spans import Spans, spans_to

__all__ = ["Spans", "exported", "spans_to"]
