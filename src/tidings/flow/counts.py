"""Counters of what happens here, read by the metrics door."""

from collections import Counter


class Counts:
    """How often each thing happened since the start, by name and what it happened to."""

    def __init__(self) -> None:
        self._counter: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, label: str = "", number: int = 1) -> None:
        """Count."""
        self._counter[name, label] += number

    def all(self) -> dict[tuple[str, str], int]:
        """Everything counted so far."""
        return dict(self._counter)
