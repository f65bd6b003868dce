"""A workspace whose messages have lives."""

import pytest

from support.lives import Living, living
from support.visiting import Visiting


@pytest.fixture
async def life(visit: Visiting) -> Living:
    return await living(visit)
