"""Hubs to visit, and tenants of one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.tenant import Tenant, tenants
from support.visiting import Visiting, visiting


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visiting]:
    async with visiting(tmp_path) as hub:
        yield hub


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Tenant, Tenant]]:
    async with tenants(tmp_path) as pair:
        yield pair


@pytest.fixture
def acme(both: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant that things happen to."""
    return both[0]


@pytest.fixture
def stranger(both: tuple[Tenant, Tenant]) -> Tenant:
    """Another tenant, who must see nothing of it."""
    return both[1]
