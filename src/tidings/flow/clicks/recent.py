"""Seeing bursts: link after link of one message at once, also where some of them were told a moment ago."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from tidings.model.clicks import Click
from tidings.model.links import LinkKind
from tidings.rules.prefetch import BURST, burst

MOST_MESSAGES: Final = 10_000
"""Messages whose last clicks are remembered."""


class _Told(Struct):
    """A click that was told."""

    id: str
    slug: str
    at: int
    bursts: bool
    """Whether it was seen to be one of a burst, at the latest afterwards."""


class Recent:
    """The clicks that were told last, for as long as they may be the beginning of a burst."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, list[_Told]] = OrderedDict()

    def bursts(self, clicks: Iterable[Click]) -> frozenset[str]:
        """Name the clicks, of these and those that are remembered, that follow link after link at once."""
        by_message: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for each in clicks:
            if each.link.kind is LinkKind.CLICK:
                by_message[each.link.message].append((each.id, each.link.slug, each.at))
        found: set[str] = set()
        for message, made in by_message.items():
            known = self._messages.get(message, ())
            if len(made) + len(known) > 1:
                # One that is remembered may be on disk still, where it could not be taken away.
                every = {id_: (slug, at) for id_, slug, at in made} | {each.id: (each.slug, each.at) for each in known}
                ids = list(every)
                found.update(ids[place] for place in burst(list(every.values())))
        return frozenset(found)

    def keep(self, clicks: Sequence[Click], bursts: frozenset[str]) -> int:
        """Remember clicks that were told; count those that turned out to be of a burst only after they were."""
        late = 0
        for each in clicks:
            if each.link.kind is LinkKind.CLICK:
                told = self._messages.setdefault(each.link.message, [])
                self._messages.move_to_end(each.link.message)
                late += self._mark(told, bursts)
                told[:] = [one for one in told if each.at - one.at <= BURST and one.id != each.id]
                told.append(_Told(each.id, each.link.slug, each.at, each.id in bursts))
        while len(self._messages) > MOST_MESSAGES:
            self._messages.popitem(last=False)
        return late

    def _mark(self, told: Iterable[_Told], bursts: frozenset[str]) -> int:
        late = 0
        for one in told:
            if one.id in bursts and not one.bursts:
                one.bursts = True
                late += 1
        return late
