"""What one reader has read and not finished, in the order of the log: it says where the cursor stands."""

from collections import OrderedDict


class Unfinished:
    """Positions that are read, and not yet told, set aside or refused for good; and when each was written."""

    def __init__(self) -> None:
        self._written_at: OrderedDict[int, int] = OrderedDict()
        """A plain dict is slow to find its first."""
        self.before: set[int] = set()
        """Positions after the cursor that were finished before the last stop."""

    def __len__(self) -> int:
        return len(self._written_at)

    def was_finished(self, position: int) -> bool:
        """Whether a position that is read was finished before the last stop; each is asked for once."""
        if position not in self.before:
            return False
        self.before.discard(position)
        return True

    def add(self, position: int, written_at: int) -> None:
        """Take a position that comes after every other."""
        self._written_at[position] = written_at

    def finish(self, position: int) -> None:
        """Finish a position, if it was not yet."""
        self._written_at.pop(position, None)

    def cursor(self, read_to: int) -> int:
        """Give the position up to which everything is finished, where everything was read up to another one."""
        return next(iter(self._written_at)) - 1 if self._written_at else read_to

    @property
    def oldest_at(self) -> int | None:
        """When the first of them was written; None where there is none."""
        return next(iter(self._written_at.values())) if self._written_at else None
