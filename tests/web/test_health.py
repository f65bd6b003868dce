"""Whether the hub lives, and whether it works."""

import asyncio
from typing import Any

import pytest

from support.visiting import Visiting
from tidings.web import health


async def test_hub_lives_and_is_ready(visit: Visiting) -> None:
    alive, ready = await visit("GET", "/healthz", key=None), await visit("GET", "/readyz", key=None)
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("trouble", [OSError("no disk"), None])
async def test_hub_without_its_store_is_not_ready(
    visit: Visiting, monkeypatch: pytest.MonkeyPatch, trouble: Exception | None
) -> None:
    async def read(transaction: Any) -> Any:
        transaction.close()
        if trouble is not None:
            raise trouble
        await asyncio.Event().wait()

    monkeypatch.setattr(visit.world.store, "read", read)
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    ready = await visit("GET", "/readyz", key=None)
    monkeypatch.undo()
    assert (ready.status_code, ready.json()["detail"]) == (503, "The store cannot be reached.")
    assert "disk" not in ready.text
