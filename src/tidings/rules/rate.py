"""How often something may be done: so often in the long run, and somewhat more at once."""


class Bucket:
    """Holds so many tokens, gets new ones at a steady pace, and gives one for each time."""

    __slots__ = ("_at", "_most", "_per_second", "_tokens")

    def __init__(self, per_second: float, most: int) -> None:
        self._per_second = per_second
        self._most = most
        self._tokens = float(most)
        self._at = 0

    def take(self, now: int) -> bool:
        """Take a token at a time, in milliseconds, and say whether there was one; a clock set back gives none."""
        passed = max(0, now - self._at) / 1000
        self._tokens = min(float(self._most), self._tokens + passed * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
