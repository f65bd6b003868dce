"""Finding a request's door: a tree of path segments, so that the number of doors makes no difference."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from tidings.web.door import ANY, Route
from tidings.web.errors import no_such_method, no_such_place

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What a door for any method says that it allows."""


class _Place:
    """One place in the tree: the doors there, and what lies below."""

    __slots__ = ("any_below", "any_one", "below", "doors")

    def __init__(self) -> None:
        self.doors: dict[str, Route] = {}
        self.below: dict[str, _Place] = {}
        self.any_one: _Place | None = None
        self.any_below: _Place | None = None


class Table:
    """All doors by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Place()
        self._names: dict[int, tuple[str, ...]] = {}
        for route in routes:
            place = self._root
            for segment in route.path.removeprefix("/").split("/"):
                place = _step(place, segment)
            if route.method in place.doors:
                raise ValueError(f"{route.method} {route.path} is declared twice.")
            place.doors[route.method] = route
            self._names[id(route)] = route.names

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Find the door and what stands in the path; raises Refused (404, 405). `path` is still percent-encoded."""
        asked = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        for place, values in _places(self._root, path.removeprefix("/").split("/"), 0, ()):
            doors = place.doors
            route = doors.get(asked) or doors.get(ANY)
            if route is not None:
                return route, dict(zip(self._names[id(route)], map(_decoded, values), strict=True))
            allowed.update(doors)
        if not allowed:
            raise no_such_place()
        raise no_such_method([each for each in METHODS if each in allowed])


def _step(place: _Place, segment: str) -> _Place:
    if segment.endswith("...}"):
        place.any_below = place.any_below or _Place()
        return place.any_below
    if segment.startswith("{"):
        place.any_one = place.any_one or _Place()
        return place.any_one
    return place.below.setdefault(segment, _Place())


def _places(
    place: _Place, segments: list[str], index: int, values: tuple[str, ...]
) -> Iterator[tuple[_Place, tuple[str, ...]]]:
    """Give the places a path may mean, the one with the most words of its own first."""
    if index == len(segments):
        if place.doors:
            yield place, values
        return
    segment = segments[index]
    known = place.below.get(segment)
    if known is not None:
        yield from _places(known, segments, index + 1, values)
    if place.any_one is not None and segment:
        yield from _places(place.any_one, segments, index + 1, (*values, segment))
    if place.any_below is not None:
        yield place.any_below, (*values, "/".join(segments[index:]))


def _decoded(value: str) -> str:
    """Read a percent-encoded value; what is not UTF-8, or holds a NUL, is the name of nothing."""
    if "%" not in value:
        if not value.isascii():
            raise no_such_place()
        return value
    try:
        decoded = unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise no_such_place() from None
    if "\0" in decoded:
        raise no_such_place()
    return decoded
