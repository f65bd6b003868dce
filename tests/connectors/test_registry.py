"""Connectors are found: ours, and those that other packages publish."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tidings.connectors import registry
from tidings.connectors.custom import Custom
from tidings.connectors.registry import ENTRY_POINT, connectors


class Elsewhere(Custom):
    """A connector that another package publishes."""

    name = "elsewhere"


class Impostor(Custom):
    """A connector that calls itself by the name of one of ours."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    connectors.cache_clear()
    yield
    connectors.cache_clear()


def test_ours_are_found_by_name_in_order() -> None:
    found = connectors()
    assert found["custom"] is Custom
    assert list(found) == sorted(found)
    assert all(kind.name == name for name, kind in found.items())


def test_published_ones_are_found_and_replace_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = dict(connectors())
    connectors.cache_clear()
    asked: list[str] = []

    def published(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint(each.name, f"{__name__}:{each.__name__}", group) for each in (Elsewhere, Impostor)]

    classes: dict[str, type[Any]] = {"Elsewhere": Elsewhere, "Impostor": Impostor}
    monkeypatch.setattr(EntryPoint, "load", lambda entry: classes[entry.attr])
    monkeypatch.setattr(registry, "entry_points", published)
    assert connectors() == dict(sorted({**ours, "elsewhere": Elsewhere}.items()))
    assert asked == [ENTRY_POINT]
