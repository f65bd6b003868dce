"""Whether the hub lives and works, and what it counts."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.lives import living, receipt
from support.visiting import Visiting
from tidings.web import health


def numbers(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tidings_")
    }


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


async def test_metrics_count_what_happens_and_what_waits(visit: Visiting) -> None:
    life = await living(visit)
    empty = await visit("GET", "/metrics", key=None)
    assert empty.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert numbers(empty.text) == {
        "tidings_log_position": 0,
        "tidings_due_hops": 0,
        "tidings_oldest_due_seconds": 0,
        "tidings_held_events[waiting]": 0,
        "tidings_held_events[given-up]": 0,
    }
    message = await life.send()
    await life.send()
    visit.clock.move(5_000)
    await life.report(receipt(message, "delivered"), {"type": "receipt", "status": "sent", "reference": "r"}, {})
    await life.call_back(b"?")
    await life.call_back(b"?")
    text = (await visit("GET", "/metrics", key=None)).text
    assert numbers(text) == {
        "tidings_messages_total[accepted]": 2,
        "tidings_callbacks_total[taken]": 1,
        "tidings_callbacks_total[unreadable]": 2,
        "tidings_reports_total[unknown]": 1,
        "tidings_log_position": 4,
        "tidings_due_hops": 2,
        "tidings_oldest_due_seconds": 5,
        "tidings_held_events[waiting]": 0,
        "tidings_held_events[given-up]": 0,
        "tidings_parked_reports[no message]": 1,
        "tidings_parked_reports[unknown]": 1,
        "tidings_parked_reports[unreadable]": 2,
    }
    assert life.workspace not in text
    assert "process_resident_memory_bytes" in text
