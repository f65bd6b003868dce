"""A workspace with apps."""

import pytest

from support.appdoors import Space, space_at
from support.visiting import Visiting


@pytest.fixture
async def space(visit: Visiting) -> Space:
    """A workspace with a channel for its apps."""
    return await space_at(visit)
