"""Spans by OTLP over HTTP, to where OpenTelemetry's own environment variables say."""

from collections.abc import Mapping
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tidings import __version__
from tidings.model.errors import Misconfigured
from tidings.wire.traces.spans import Spans, spans_to

PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN: Final = "http/protobuf"


def exported(environment: Mapping[str, str]) -> Spans:
    """Tell spans to the collector that the environment names; raises Misconfigured where it wants another protocol.

    They are gathered and sent by a thread of OpenTelemetry's; what its queue has no room for is left out.
    """
    protocol = next((wanted for name in PROTOCOLS if (wanted := environment.get(name, "").strip())), SPOKEN)
    if protocol != SPOKEN:
        raise Misconfigured(f"Traces are told by {SPOKEN}, and {' or '.join(PROTOCOLS)} wants {protocol}.")
    ours = {"service.name": "tidings", "service.version": __version__}
    resource = Resource.create({**ours, **OTELResourceDetector().detect().attributes})
    return spans_to(BatchSpanProcessor(OTLPSpanExporter()), resource)
