"""When something that failed is tried again."""

from msgspec import Struct

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

JITTER = 0.2
"""A wait is lengthened or shortened by up to this share, so that retries of one outage spread out."""


class Schedule(Struct, frozen=True):
    """The waits, in milliseconds, after the first, the second, … failure; after the last one nothing is tried."""

    waits: tuple[int, ...]

    def wait(self, failures: int, chance: float) -> int | None:
        """The wait after so many failures (from 1), in milliseconds; None when the tries are used up.

        `chance` is from 0 to 1; 0.5 gives the wait itself.
        """
        if failures > len(self.waits):
            return None
        return round(self.waits[failures - 1] * (1 - JITTER + 2 * JITTER * chance))
