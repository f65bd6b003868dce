"""Where providers call."""

import gzip
from typing import Any

import msgspec
import pytest

from support.lives import Living, living, receipt
from support.visiting import PUBLIC, Visiting
from tidings.connectors.custom import Custom
from tidings.model.exchange import Answer, Callback


@pytest.fixture
async def life(visit: Visiting) -> Living:
    return await living(visit)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Callback]:
    """What the connector is asked to verify; it takes everything for a greeting."""
    callbacks: list[Callback] = []

    def handshake(self: Custom, callback: Callback) -> Answer:
        callbacks.append(callback)
        return Answer(status=202, body=b"<ok/>", content_type="text/xml")

    monkeypatch.setattr(Custom, "handshake", handshake)
    return callbacks


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "OPTIONS"])
async def test_callback_reaches_the_connector_exactly_as_it_came(
    visit: Visiting, life: Living, heard: list[Callback], method: str
) -> None:
    url = f"/callbacks/{life.channel}/in%20bound/x?b=%C3%A9&a=1&a=2"
    headers = {"X-Signature": "s", "content-type": "text/plain"}
    answer = await visit(method, url, key=None, content=b"\x00\xff", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "text/xml")
    assert answer.content == (b"" if method == "HEAD" else b"<ok/>")
    (callback,) = heard
    assert callback == Callback(
        method=method,
        url=PUBLIC + url,
        headers=callback.headers,
        body=b"\x00\xff",
        received_at=visit.clock.now(),
        below="in bound/x",
    )
    assert callback.headers["x-signature"] == "s"


async def test_path_below_may_be_empty(visit: Visiting, life: Living, heard: list[Callback]) -> None:
    for path in ("", "/"):
        await visit("POST", f"/callbacks/{life.channel}{path}", key=None)
    assert [(callback.url, callback.below) for callback in heard] == [
        (f"{PUBLIC}/callbacks/{life.channel}", ""),
        (f"{PUBLIC}/callbacks/{life.channel}/", ""),
    ]


async def test_packed_callback_is_unpacked(visit: Visiting, life: Living, heard: list[Callback]) -> None:
    body = b"x" * 3_000_000
    await visit(
        "POST",
        f"/callbacks/{life.channel}",
        key=None,
        content=gzip.compress(body),
        headers={"content-encoding": "gzip"},
    )
    assert heard[0].body == body


async def test_unproven_callback_changes_nothing(visit: Visiting, life: Living) -> None:
    message = await life.send()
    forged: list[dict[str, Any]] = [
        {},
        {"webhook-id": "a", "webhook-timestamp": "1790000000", "webhook-signature": "v1,AAAA"},
    ]
    for headers in forged:
        answer = await visit(
            "POST", f"/callbacks/{life.channel}", key=None, json=receipt(message, "delivered"), headers=headers
        )
        assert (answer.status_code, answer.text) == (403, "signature refused")
    assert (await life.ask("GET", f"/messages/{message}"))["stage"] == "accepted"
    assert visit.world.counts.all()["callbacks", "refused"] == 2


async def test_replayed_callback_outside_its_window_is_refused(visit: Visiting, life: Living) -> None:
    message = await life.send()
    body = msgspec.json.encode(receipt(message, "sent"))
    signed = life.signed(body)
    visit.clock.move(300_000)
    assert await life.post(body, signed) == 200
    visit.clock.move(1_000)
    assert await life.post(body, signed) == 403


async def test_there_is_no_such_channel(visit: Visiting) -> None:
    for path in ("/callbacks/nope", "/callbacks/nope/below"):
        answer = await visit("POST", path, key=None)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no channel nope.")


async def test_callback_may_be_larger_than_other_bodies_but_not_endless(
    visit: Visiting, life: Living, heard: list[Callback], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(visit.hub.app._limits, "callback", 2_000_000)
    assert (await visit("POST", f"/callbacks/{life.channel}", key=None, content=b"x" * 2_000_000)).status_code == 202
    assert (await visit("POST", f"/callbacks/{life.channel}", key=None, content=b"x" * 2_000_001)).status_code == 413
    assert len(heard) == 1
