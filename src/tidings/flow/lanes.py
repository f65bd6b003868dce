"""What is ready to be told, in the order of the log, and never two bundles with one message at once."""

from collections import deque

from tidings.dialects.dialect import Telling

Bundle = tuple[Telling, ...]
"""What goes out in one webhook: one event, or several where the subscription gathers them."""


class Lanes:
    """Events waiting to be told, a lane for each message. While some of a message are under way, its lane is closed."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Telling]] = {}
        self._ready: deque[str] = deque()
        """Messages whose lanes are open and have somebody waiting."""
        self._under_way: set[str] = set()
        self.waiting = 0
        """How many events wait in open lanes."""

    def __len__(self) -> int:
        """How many messages have an event that could go now."""
        return len(self._ready)

    def add(self, telling: Telling) -> None:
        """Take an event that comes after every other of its message here."""
        message = telling.event.message
        lane = self._lanes.get(message)
        if lane is None:
            self._lanes[message] = deque((telling,))
            self._ready.append(message)
            self.waiting += 1
            return
        lane.append(telling)
        if message not in self._under_way:
            self.waiting += 1

    def take(self, most: int, *, skip: int = 0) -> Bundle:
        """Take up to so many events, the oldest first; of a message as many as there are, in order.

        `skip` passes over so many messages: a probe tries another event where the first ones may be the trouble.
        """
        if skip:
            self._ready.rotate(-skip)
        taken: list[Telling] = []
        while self._ready and len(taken) < most:
            message = self._ready.popleft()
            lane = self._lanes[message]
            self._under_way.add(message)
            self.waiting -= len(lane)
            while lane and len(taken) < most:
                taken.append(lane.popleft())
        if skip:
            self._ready.rotate(skip)
        return tuple(taken)

    def done(self, bundle: Bundle) -> None:
        """Go on with what waits of the messages of a bundle that is told."""
        for message in _messages(bundle):
            lane = self._lanes[message]
            self._under_way.discard(message)
            if lane:
                self._ready.append(message)
                self.waiting += len(lane)
            else:
                del self._lanes[message]

    def put_back(self, bundle: Bundle) -> None:
        """Have a bundle that was not told wait where it stood, before everything else."""
        for message in reversed(_messages(bundle)):
            lane = self._lanes[message]
            lane.extendleft(telling for telling in reversed(bundle) if telling.event.message == message)
            self._under_way.discard(message)
            self._ready.appendleft(message)
            self.waiting += len(lane)

    def close(self, message: str) -> deque[Telling]:
        """Give up the lane of a message that was under way; gives what waited in it."""
        self._under_way.discard(message)
        return self._lanes.pop(message)


def _messages(bundle: Bundle) -> list[str]:
    """Name the messages of a bundle, in order."""
    if len(bundle) == 1:
        return [bundle[0].event.message]
    return list(dict.fromkeys(telling.event.message for telling in bundle))
