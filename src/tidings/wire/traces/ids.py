"""The ids of a message's trace, made of the message's own, so that whoever knows the message knows its trace.

A message's id is a UUID of 128 bits, and so is a trace's (W3C Trace Context, https://www.w3.org/TR/trace-context/): the
trace has the message's id, and the span it begins with the last half of that.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

MESSAGE: Final = "tidings.message.id"
"""The attribute that says which message a span belongs to."""
_HALF: Final = (1 << 64) - 1


def trace_of(id_: str) -> int:
    """The trace of a message, by its id; of one whose id is no UUID, a digest."""
    try:
        return UUID(id_).int
    except ValueError:
        return int.from_bytes(blake2b(id_.encode(), digest_size=16).digest())


def first_span_of(trace: int) -> int:
    """The span that a message's trace begins with."""
    # A UUID's last half begins with the bits of its variant (RFC 9562 4.1): it is never nothing.
    return trace & _HALF


class Ids(RandomIdGenerator):
    """Random ids, but for the one span whose ids were given beforehand."""

    def __init__(self) -> None:
        self._trace: int | None = None
        self._span: int | None = None

    def give(self, trace: int, span: int | None = None) -> None:
        """Have the next span begin this trace, under this id where one is named."""
        self._trace, self._span = trace, span

    def generate_trace_id(self) -> int:
        """The trace that was given, else a random one."""
        trace, self._trace = self._trace, None
        return super().generate_trace_id() if trace is None else trace

    def generate_span_id(self) -> int:
        """The span that was given, else a random one."""
        span, self._span = self._span, None
        return super().generate_span_id() if span is None else span


class ByMessage(Sampler):
    """Another sampler's choice, made evenly among messages.

    Samplers by share take the bits of a trace's last half for random. In a UUID the first of them are always the same,
    so they are given a digest instead: every process makes the same choice for a message.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Say whether a span is told."""
        if attributes and MESSAGE in attributes:
            trace_id = int.from_bytes(blake2b(trace_id.to_bytes(16), digest_size=16).digest())
        return self._sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """Name the sampler."""
        return f"ByMessage({self._sampler.get_description()})"
