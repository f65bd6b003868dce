"""Providers do not know each other: what two of them share stands beside them, in a module that is no connector."""

import grimp
import pytest

from support.abilities import ours


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("tidings", cache_dir=None)


def _home(module: str) -> str:
    return ".".join(module.split(".")[:3])


HOMES = sorted({_home(kind.__module__) for kind in ours()})
"""The module or package that each connector stands in."""


def test_every_connector_stands_in_a_module_of_its_own() -> None:
    assert len(HOMES) == len(ours())


@pytest.mark.parametrize("home", HOMES)
def test_a_connector_imports_no_other_one(home: str, graph: grimp.ImportGraph) -> None:
    needed = graph.find_upstream_modules(home, as_package=True)
    assert sorted(each for each in needed if _home(each) in HOMES and _home(each) != home) == []


def test_what_connectors_share_knows_none_of_them(graph: grimp.ImportGraph) -> None:
    """But for the list of them all, which finds them by their place."""
    inside = graph.find_descendants("tidings.connectors")
    shared = [each for each in inside if _home(each) not in HOMES]
    assert "tidings.connectors.registry" in shared
    assert [each for each in shared if graph.find_modules_directly_imported_by(each) & inside - set(shared)] == []
