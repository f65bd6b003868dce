"""How long the store takes: what an operator looks at first when everything is slow."""

from typing import Final

from tidings.rules.histogram import Histogram

DISK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""From a fast disk's to one that is full, or away."""
STEPS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Timing:
    """What one store has measured since it was opened; seconds."""

    def __init__(self) -> None:
        self.steps = Histogram(STEPS)
        """How many steps each batch committed together."""
        self.commits = Histogram(DISK_SECONDS)
        """From the beginning of a batch's transaction until it was on disk."""
        self.reads = Histogram(DISK_SECONDS)
        """From the asking until everything was read, the wait for a connection included."""
