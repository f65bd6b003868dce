"""Browsers let only the channel's own web sites use the doors for apps."""

import pytest

from support.appdoors import Space, space_at
from support.visiting import Visiting

OURS = "https://www.example.com"


@pytest.fixture
async def shared(visit: Visiting) -> Space:
    """A workspace whose apps are on a web site."""
    return await space_at(visit, origins=[OURS, "http://localhost:3000"])


async def test_a_page_of_ours_may_ask(shared: Space) -> None:
    asks = {"origin": OURS, "access-control-request-method": "PUT"}
    answer = await shared("OPTIONS", "/conversations/c1/messages", None, headers=asks)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    for token in ("", None):
        told = await shared("GET", "/conversations", token, headers={"origin": "http://localhost:3000"})
        assert told.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert told.headers["vary"] == "Origin"
        assert "ETag" in told.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{OURS}.evil.example", "http://www.example.com"])
async def test_a_page_of_somebody_else_may_not(shared: Space, origin: str) -> None:
    for method, below in (("OPTIONS", "/sessions"), ("GET", "/sessions/start")):
        answer = await shared(method, below, None, headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_other_doors_are_not_for_pages(shared: Space, visit: Visiting) -> None:
    for path in (f"/apispaces/{shared.workspace}/messages", "/apispaces/nowhere/sessions/start", "/workspaces"):
        answer = await visit("GET", path, headers={"origin": OURS})
        assert "access-control-allow-origin" not in answer.headers
    assert (await visit("OPTIONS", "/workspaces", headers={"origin": OURS})).status_code == 405
