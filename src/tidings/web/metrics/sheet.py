"""Numbers on their way to a monitor, in the order of their families."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.rules.histogram import Histogram
from tidings.web.metrics.families import FAMILIES, Family, Kind

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_Labels = tuple[str, ...]
_Frozen = tuple[tuple[float, ...], tuple[int, ...], float]
"""A histogram as it stood: its bounds, how many values are at most each, and their sum."""


class Sheet(Collector):
    """The numbers of one moment. It is filled on the event loop, and may be written anywhere: nothing on it changes."""

    def __init__(self) -> None:
        self._numbers: dict[str, list[tuple[_Labels, float]]] = {}
        self._histograms: dict[str, list[tuple[_Labels, _Frozen]]] = {}

    def put(self, family: Family, number: float, *labels: str) -> None:
        """Put a number down, with the values of its family's labels."""
        self._numbers.setdefault(family.name, []).append((labels, number))

    def put_histogram(self, family: Family, histogram: Histogram, *labels: str) -> None:
        """Put a histogram down as it is now."""
        frozen = histogram.bounds, histogram.at_most, histogram.total
        self._histograms.setdefault(family.name, []).append((labels, frozen))

    def collect(self) -> Iterator[Metric]:
        """Give the metrics that there are numbers of."""
        for family in FAMILIES:
            if family.name in self._numbers:
                yield self._plain(family)
            elif family.name in self._histograms:
                yield self._of_histograms(family)

    def write(self) -> bytes:
        """Write everything down, and what the process uses of its machine."""
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _plain(self, family: Family) -> Metric:
        kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
        metric = kind(family.name, family.help, labels=family.labels)
        for labels, number in self._numbers[family.name]:
            metric.add_metric(labels, number)
        return metric

    def _of_histograms(self, family: Family) -> Metric:
        metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, (bounds, at_most, total) in self._histograms[family.name]:
            names = [*map(str, bounds), "+Inf"]
            metric.add_metric(labels, list(zip(names, at_most, strict=True)), total)
        return metric
