"""Comparing what was told with a published example: whole, but for the ids and times that are named."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, NamedTuple

EXAMPLES: Final = Path(__file__).parents[1] / "published"

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME: Final = re.compile(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z")
"""ISO 8601 in UTC, with milliseconds."""
SECONDS: Final = re.compile(r"[12]\d{9}")
"""Unix seconds, written out."""
HEX: Final = re.compile(r"[0-9a-f]{64}")
ETAG: Final = re.compile(r'"2e-[A-Za-z0-9+/]{27}"')


class As(NamedTuple):
    """The form of a value that must be the same as another one, further up in the same JSON."""

    path: str


class Is(NamedTuple):
    """The form of an id that the test knows."""

    value: str


Form = re.Pattern[str] | As | Is


def example(vocabulary: str, number: str) -> Any:
    """Read a published example by the number its file begins with."""
    (path,) = (EXAMPLES / vocabulary).glob(f"{number}-*.json")
    return json.loads(path.read_bytes())


def compare(told: Any, published: Any, replaced: Mapping[str, Form]) -> None:
    """Fail unless two JSON values are the same, but for the values at these paths, which must be of their form."""
    ours, theirs = deepcopy(told), deepcopy(published)
    for path, form in replaced.items():
        _check(path, form, told)
        _replace(ours, path)
        _replace(theirs, path)
    differences = list(_differences(ours, theirs))
    assert not differences, "\n".join(differences)


def _differences(told: Any, published: Any, path: str = "") -> Iterator[str]:
    if isinstance(told, dict) and isinstance(published, dict):
        for name in told.keys() | published.keys():
            below = f"{path}.{name}".removeprefix(".")
            if name in told and name in published:
                yield from _differences(told[name], published[name], below)
            else:
                yield f"{below} is only {'told' if name in told else 'published'}"
    elif isinstance(told, list) and isinstance(published, list) and len(told) == len(published):
        for index, (ours, theirs) in enumerate(zip(told, published, strict=True)):
            yield from _differences(ours, theirs, f"{path}.{index}".removeprefix("."))
    elif told != published or type(told) is not type(published):  # To Python, 1 is 1.0 and True; not to JSON.
        yield f"{path}: told {told!r}, published {published!r}"


def _check(path: str, form: Form, told: Any) -> None:
    value = _at(told, path)
    match form:
        case As(other):
            assert value == _at(told, other), f"{path} is not the same as {other}"
        case Is(known):
            assert value == known, f"{path} is not {known}"
        case _:
            assert isinstance(value, str), f"{path} is no text: {value!r}"
            assert form.fullmatch(value), f"{path} is not of its form: {value!r}"


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step) if isinstance(value, list) else step]
    return value


def _replace(value: Any, path: str) -> None:
    above, _, last = path.rpartition(".")
    holder = _at(value, above) if above else value
    _at(holder, last)  # What is to be replaced must be there.
    holder[int(last) if isinstance(holder, list) else last] = "…"
