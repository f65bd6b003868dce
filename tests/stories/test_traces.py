"""One message, one trace: from the client's request to the last webhook, through restarts, and out to a collector."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.clock import MovedClock
from support.hub import Running, running
from support.lives import KEY, receipt
from support.receiver import Receiver
from support.spans import Kept, Spanning
from support.waiting import until
from tidings.model.errors import Misconfigured
from tidings.rules.signing import sign_standard

CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PERSON = "447700900123"
TEXT = "a text that is nobody else's"


class Acme:
    """A workspace with one channel, whose provider takes everything, and one subscription."""

    def __init__(self, at_work: Running, workspace: str, channel: str) -> None:
        self.at_work = at_work
        self.workspace = workspace
        self.channel = channel

    async def send(self, traceparent: str = "") -> str:
        asked = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": TEXT}
        made = await self.at_work.ask("POST", f"/apispaces/{self.workspace}/messages", asked, traceparent=traceparent)
        id_: str = made["messageId"]
        return id_

    async def report(self, *reports: dict[str, Any]) -> None:
        """Call back as the provider does."""
        seconds = self.at_work.world.clock.now() // 1000
        body = msgspec.json.encode(reports)
        signed = {
            "webhook-id": "call",
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign_standard(KEY, "call", seconds, body),
        }
        url = f"{self.at_work.base_url}/callbacks/{self.channel}"
        async with self.at_work.http.post(url, data=body, headers=signed) as answer:
            assert answer.status == 200


async def acme(at_work: Running, provider: str, subscriber: str) -> Acme:
    """Set everything up through the hub's own doors."""
    workspace, _ = await at_work.workspace()
    channel = await at_work.channel(workspace, "sms", "custom", {"url": provider, "signingKey": KEY, "sender": "Acme"})
    wanted = [{"type": "message.*", "filters": []}]
    asked = {"name": "x", "url": subscriber, "secret": "a-secret-of-the-subscriber", "subscriptions": wanted}
    await at_work.ask("POST", f"/apispaces/{workspace}/webhooks", asked)
    await at_work.hub.readers.settled()
    return Acme(at_work, workspace, channel["id"])


@pytest.fixture
async def provider() -> AsyncIterator[Receiver]:
    """A provider that keeps what it is asked, headers and all."""
    async with Receiver(lambda _: 200) as provider:
        yield provider


def of_message(spans: list[Kept], message: str) -> list[Kept]:
    return [span for span in spans if span.trace == message.replace("-", "")]


async def test_a_whole_life_is_one_trace_and_the_clients_own_is_linked_with_it(
    tmp_path: Path, provider: Receiver
) -> None:
    spanning = Spanning()
    async with Receiver() as receiver, running(tmp_path, spans=spanning.traces) as at_work:
        tenant = await acme(at_work, provider.url, receiver.url)
        message = await tenant.send(traceparent=CLIENT)
        await receiver.wait_for(1)
        await tenant.report(receipt(message, "delivered"))
        await receiver.wait_for(2)
        await until(lambda: spanning.named("webhook delivered"))
    life = of_message(spanning.told, message)
    assert [span.name for span in life] == [
        "message accepted",
        "submit sms",
        "webhook sent",
        "receipt reported",
        "webhook delivered",
    ]
    first, *others = life
    assert (first.id, first.parent) == (message.replace("-", "")[16:], "")
    assert {span.parent for span in others} == {first.id}
    # The requests that brought things in are in the traces of those who made them, linked both ways.
    asked, called = spanning.one("POST /apispaces/{space}/messages"), spanning.one("POST /callbacks/{channel}")
    assert (asked.trace, asked.parent) == (CLIENT[3:35], CLIENT[36:52])
    assert (first.links, asked.links) == ({asked.id}, {first.id})
    assert (spanning.one("receipt reported").links, called.links) == ({called.id}, {first.id})
    assert called.trace != first.trace
    # Whoever is called can go on from there.
    assert [got.headers["traceparent"] for got in receiver.got] == [
        f"{spanning.one(name).traceparent}-01" for name in ("webhook sent", "webhook delivered")
    ]
    assert [got.headers["traceparent"] for got in provider.got] == [f"{spanning.one('submit sms').traceparent}-01"]
    told = str(spanning.told)
    assert not [secret for secret in (PERSON, TEXT, receiver.url, provider.url, "127.0.0.1") if secret in told]


async def test_a_trace_goes_on_after_a_restart_with_nothing_kept_for_it(tmp_path: Path, provider: Receiver) -> None:
    before, after, clock = Spanning(), Spanning(), MovedClock()
    async with Receiver(lambda _: 500) as receiver:
        async with running(tmp_path, clock=clock, spans=before.traces) as at_work:
            tenant = await acme(at_work, provider.url, receiver.url)
            message = await tenant.send()
            await receiver.wait_for(1)
            await until(lambda: before.named("webhook sent"))
        receiver.answer = lambda _: 204
        clock.move(60_000)
        async with running(tmp_path, clock=clock, spans=after.traces) as at_work:
            tenant = Acme(at_work, tenant.workspace, tenant.channel)
            await receiver.wait_for(2)
            await tenant.report(receipt(message, "delivered"))
            await receiver.wait_for(3)
            await until(lambda: after.named("webhook delivered"))
    one, two = of_message(before.told, message), of_message(after.told, message)
    assert [span.name for span in one] == ["message accepted", "submit sms", "webhook sent"]
    assert [span.name for span in two] == ["webhook sent", "receipt reported", "webhook delivered"]
    assert {span.parent for span in (*one[1:], *two)} == {one[0].id}
    failed, told = before.one("webhook sent"), after.one("webhook sent")
    assert (failed.failed, failed.named["error.type"], failed.named["tidings.attempt.number"]) == (True, "500", 1)
    assert (told.failed, told.named["http.response.status_code"], told.named["tidings.attempt.number"]) == (
        False,
        204,
        2,
    )


async def test_what_a_person_writes_begins_a_trace_of_its_own(tmp_path: Path, provider: Receiver) -> None:
    spanning = Spanning()
    async with Receiver() as receiver, running(tmp_path, spans=spanning.traces) as at_work:
        tenant = await acme(at_work, provider.url, receiver.url)
        await tenant.report({"type": "inbound", "id": "i1", "from": PERSON, "body": TEXT})
        await receiver.wait_for(1)
        await until(lambda: spanning.named("webhook inbound"))
    message = receiver.got[0].json["payload"]["id"]
    first, told = of_message(spanning.told, message)
    assert (first.name, first.parent, told.name, told.parent) == ("message received", "", "webhook inbound", first.id)
    assert first.links == {spanning.one("POST /callbacks/{channel}").id}
    assert TEXT not in str(spanning.told)


async def test_a_request_that_is_refused_or_breaks_is_told_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanning = Spanning()
    async with running(tmp_path, spans=spanning.traces) as at_work:
        workspace, _ = await at_work.workspace()
        await at_work.ask("GET", f"/workspaces/{workspace}/messages/none", expect=404)
        await at_work.ask("POST", f"/apispaces/{workspace}/messages", {"to": {}}, expect=400)

        def broken(*_: Any) -> None:
            raise ZeroDivisionError(TEXT)

        monkeypatch.setattr(at_work.world.store, "read", broken)
        with structlog.testing.capture_logs():
            await at_work.ask("GET", f"/workspaces/{workspace}/messages/none", expect=500)
        monkeypatch.undo()
        await at_work.ask("GET", "/healthz")
    assert [(span.named["http.response.status_code"], span.failed) for span in spanning.told[1:]] == [
        (404, False),
        (400, False),
        (500, True),
    ]
    assert TEXT not in str(spanning.told)


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Run a collector that speaks OTLP over HTTP; gives its URL, and what it was told."""
    told: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        told.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", told
    finally:
        await runner.cleanup()


async def test_a_collector_named_by_the_usual_variables_gets_every_span_before_the_hub_has_stopped(
    tmp_path: Path, provider: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as (url, told), Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "our-hub")
        async with running(tmp_path) as at_work:
            tenant = await acme(at_work, provider.url, receiver.url)
            message = await tenant.send()
            await receiver.wait_for(1)
    resources = [each for request in told for each in request.resource_spans]
    described = {each.key: each.value.string_value for each in resources[0].resource.attributes}
    assert described["service.name"] == "our-hub"
    assert described["service.version"]
    spans = [span for each in resources for scope in each.scope_spans for span in scope.spans]
    life = [span for span in spans if span.trace_id.hex() == message.replace("-", "")]
    assert sorted(span.name for span in life) == ["message accepted", "submit sms", "webhook sent"]
    first = next(span for span in life if span.name == "message accepted")
    assert {span.parent_span_id for span in life if span is not first} == {first.span_id}
    assert all(0 < span.end_time_unix_nano - span.start_time_unix_nano < 60 * 10**9 for span in life)
    assert abs(first.start_time_unix_nano - time.time_ns()) < 60 * 10**9


async def test_traces_that_cannot_be_told_stop_only_a_hub_that_was_to_tell_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(Misconfigured, match="wants grpc"):
        async with running(tmp_path, traces="on"):
            raise AssertionError
    with structlog.testing.capture_logs() as logs:
        async with running(tmp_path) as at_work:
            assert not at_work.world.traces.is_on
    assert [each["event"] for each in logs if "traces" in each["event"]] == ["traces are off"]


async def test_without_what_traces_need_a_hub_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tidings.wire.traces", None)
    with pytest.raises(Misconfigured, match=r"pip install 'tidings\[traces\]'"):
        async with running(tmp_path, traces="on"):
            raise AssertionError


def test_a_hub_without_traces_imports_nothing_of_them(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from tidings.assemble import assembled
from tidings.cli import main
from tidings.settings import Settings

async def live():
    async with assembled(Settings(data_dir=Path({str(tmp_path)!r}))) as hub:
        assert not hub.world.traces.is_on

asyncio.run(live())
print([name for name in sys.modules if "opentelemetry" in name or name.startswith("tidings.wire.traces")])
"""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("OTEL_", "TIDINGS_"))}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[]\n"
