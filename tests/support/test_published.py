"""The comparer lets no difference through but those that it is told of."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from support.published import EXAMPLES, TIME, UUID, As, Form, Is, compare

PATHS = sorted(EXAMPLES.glob("*/*.json"))


def _changed(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every way to change one value, with its path: another text, another number, another type."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from ((below, {**value, name: new}) for below, new in _changed(each, f"{path}.{name}"))
            yield f"{path}.{name}", {other: value[other] for other in value if other != name}
        yield path, {**value, "more": None}
    elif isinstance(value, list):
        for index, each in enumerate(value):
            for below, new in _changed(each, f"{path}.{index}"):
                yield below, [*value[:index], new, *value[index + 1 :]]
        yield path, [*value, None]
    else:
        yield path, f"{value}?"
        if not isinstance(value, str):
            yield path, float(value)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_is_changed_is_found(path: Any) -> None:
    published = json.loads(path.read_bytes())
    compare(deepcopy(published), published, {})
    changes = list(_changed(published))
    assert len(changes) > 5
    for where, told in changes:
        with pytest.raises(AssertionError):
            compare(told, published, {})
            pytest.fail(f"a change at {where} was not found")


GOOD: dict[str, Any] = {
    "id": "01a1ffd6-148a-77d6-a633-d39438bc1b2b",
    "same": "01a1ffd6-148a-77d6-a633-d39438bc1b2b",
    "at": ["2026-11-21T20:35:20.001Z"],
}
FORMS: dict[str, Form] = {"id": UUID, "same": As("id"), "at.0": TIME}


def test_what_is_replaced_has_its_form() -> None:
    published = {"id": "", "same": "", "at": [""]}
    compare(GOOD, published, FORMS)
    compare(GOOD, published, {**FORMS, "same": Is(GOOD["same"])})
    for bad in (
        {"id": "1"},
        {"id": 1},
        {"same": "1"},
        {"at": ["2026-11-21T20:35:20Z"]},
        {"at": ["2026-11-21T20:35:20.001"]},
        {"at": ["2026-11-21T20:35:20.001+00:00"]},
    ):
        with pytest.raises(AssertionError):
            compare({**GOOD, **bad}, published, FORMS)
    with pytest.raises(AssertionError):
        compare(GOOD, published, {**FORMS, "same": Is("another")})


@pytest.mark.parametrize("lacking", ["id", "same", "at"])
def test_what_is_replaced_is_there_on_both_sides(lacking: str) -> None:
    less = {name: value for name, value in GOOD.items() if name != lacking}
    for told, published in ((GOOD, less), (less, GOOD)):
        with pytest.raises((AssertionError, KeyError)):
            compare(told, published, FORMS)
