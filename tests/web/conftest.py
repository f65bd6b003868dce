"""Hubs to visit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.visiting import Visiting, visiting


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visiting]:
    async with visiting(tmp_path) as hub:
        yield hub
