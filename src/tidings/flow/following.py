"""Following the log of one workspace: in order, without a hole, and no further than there is room for."""

from collections.abc import Awaitable, Callable, Sequence

from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.store.log import events_after

PAGE = 500
"""How many events are read from the log at once, at most."""
LEAST = 8
"""And at least, however little room there is: few of them may be wanted."""
MORE = 100
"""As many are read at least where few were wanted before."""
AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""

Told = Sequence[tuple[Event, Message]]


class Following:
    """A place in the log that moves on: by what is offered when it is written, or else by reading.

    `take` is given each event once, in order, and `prepare` those that are read before they are taken; `pump` is called
    after some were; `room` says for how many there is room. `listen` is called before the log is read: what is written
    from then on is to be offered.
    """

    def __init__(
        self,
        world: World,
        workspace: str,
        *,
        take: Callable[[Event, Message], None],
        prepare: Callable[[Told], Awaitable[None]],
        pump: Callable[[], None],
        room: Callable[[], int],
        listen: Callable[[], None],
    ) -> None:
        self._world = world
        self._workspace = workspace
        self._take = take
        self._prepare = prepare
        self._pump = pump
        self._room = room
        self._listen = listen
        self._least = LEAST
        self.read_to = 0
        """Everything up to here was taken."""
        self.caught_up = False
        self.reading = True
        """Also until it is known where to read from."""
        self._more = False
        self._stopped = False

    def start(self, place: int) -> None:
        """Stand at a place; what comes after it may be read."""
        self.read_to = place
        self.reading = False

    def stop(self) -> None:
        """Read no further."""
        self._stopped = True

    def offer(self, told: Told, last: int) -> bool:
        """Take events that were just written, if everything before them has been read; says whether they were."""
        if not self.caught_up or self._stopped or self._room() <= 0:
            self.miss()
            return False
        self._take_new(told)
        self.read_to = max(last, self.read_to)
        return True

    def miss(self) -> None:
        """Hear that there may be something that was not taken: it is to be read."""
        self.caught_up = False
        self._more = True

    @property
    def may_read(self) -> bool:
        """Whether there is something to read, and room for it."""
        return not (self.reading or self._stopped or self.caught_up) and self._room() > 0

    def read_on(self) -> None:
        """Read a page, if there is something to read and room for it."""
        if self.may_read:
            self.reading = True
            self._world.spawn(self._read())

    async def _read(self) -> None:
        try:
            # What is written from here on is offered, and an offer that comes while we read makes us read again.
            self._more = False
            self._listen()
            room = self._room()
            page = min(PAGE, max(self._least, room))
            told = await self._world.store.read(events_after(self._workspace, self.read_to, page))
            await self._prepare(told)
            self._take_new(told)
            self.caught_up = len(told) < page and not self._more
            few_wanted = len(told) == page and self._room() > 0
            self._least = min(MORE, 2 * self._least) if few_wanted else LEAST
        except Exception:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self.read_on)
            raise
        else:
            self.reading = False
            self._pump()
        finally:
            self.reading = False

    def _take_new(self, told: Told) -> None:
        # An event can be read from the log before it is offered: it is on disk first.
        for event, message in told:
            if event.position > self.read_to:
                self.read_to = event.position
                self._take(event, message)
