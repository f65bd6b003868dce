"""Spans, and the ids of a message's trace."""

import asyncio
import threading
import time
from typing import Any

import pytest
import uuid_utils
from hypothesis import given
from hypothesis.strategies import characters, text
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from support.spans import Spanning
from tidings.model.errors import Misconfigured
from tidings.model.events import Event, Kind
from tidings.model.messages import Hop
from tidings.model.reports import Deed, Interaction, Receipt, Target, Unknown
from tidings.model.secrets import Secret
from tidings.model.stages import Stage
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.wire.traces import exported, spans, spans_to
from tidings.wire.traces.ids import MESSAGE, ByMessage, first_span_of, trace_of

ID = "01a20088-10cc-73cd-b827-f87c06a1ea03"
TRACE, FIRST = "01a2008810cc73cdb827f87c06a1ea03", "b827f87c06a1ea03"
CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CHANNEL = Channel(id="c1", workspace="w1", name="", platform="sms", connector="tiny", settings={}, created_at=1)
SUBSCRIPTION = Subscription(
    id="s1",
    serial=1,
    workspace="w1",
    dialect="channels",
    url="https://secret.example.test/token",
    wanted=(),
    secret=Secret("s"),
    keys=(),
    created_at=1,
    updated_at=1,
)


def event(kind: Kind = Kind.SENT, message: str = ID, id_: str = "01a20088-10d3-7372-82be-9e33d6449382") -> Event:
    return Event(
        position=1,
        id=id_,
        workspace="w1",
        message=message,
        revision=1,
        kind=kind,
        platform="sms",
        channel="c1",
        at=1,
        told_at=1,
    )


# -- ids and shares ------------------------------------------------------------------------------------------------


def test_the_trace_of_a_message_is_its_id() -> None:
    assert trace_of(ID) == int(TRACE, 16)
    assert first_span_of(trace_of(ID)) == int(FIRST, 16)


@given(text())
def test_every_id_has_a_trace_and_always_the_same(id_: str) -> None:
    assert trace_of(id_.encode(errors="replace").decode()) == trace_of(id_.encode(errors="replace").decode())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_of_messages_is_a_share_of_them_and_every_process_takes_the_same(share: float) -> None:
    ids = [str(uuid_utils.uuid7()) for _ in range(4000)]
    one, two = (ByMessage(TraceIdRatioBased(share)) for _ in range(2))

    def taken(sampler: ByMessage) -> list[bool]:
        return [
            sampler.should_sample(Context(), trace_of(id_), "", attributes={MESSAGE: id_}).decision
            is Decision.RECORD_AND_SAMPLE
            for id_ in ids
        ]

    assert taken(one) == taken(two)
    assert sum(taken(one)) / len(ids) == pytest.approx(share, abs=0.04)
    assert str(share) in one.get_description()


def test_traces_of_clients_are_shared_out_as_they_are_everywhere() -> None:
    plain = TraceIdRatioBased(0.5)
    ours = ByMessage(plain)
    for number in range(1, 200):
        trace_id = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128
        asked = (None, trace_id, "GET /")
        assert ours.should_sample(*asked).decision == plain.should_sample(*asked).decision


# -- spans ---------------------------------------------------------------------------------------------------------


def test_a_request_stands_in_its_clients_trace_and_its_message_in_one_of_its_own() -> None:
    spanning = Spanning()
    request = spanning.traces.request("POST", "/messages", "w1", {"traceparent": CLIENT})
    spanning.traces.accepted("w1", ID, spanning.traces.moment())
    request.end(status=202)
    spanning.traces.accepted("w1", ID.replace("0", "1"), spanning.traces.moment())
    accepted, asked, alone = spanning.told
    assert (asked.trace, asked.parent, asked.kind) == (CLIENT[3:35], CLIENT[36:52], "server")
    assert (accepted.trace, accepted.id, accepted.parent) == (TRACE, FIRST, "")
    assert (accepted.links, asked.links) == ({asked.id}, {FIRST})
    assert (alone.parent, alone.links) == ("", set())
    assert asked.named == {
        "http.request.method": "POST",
        "http.route": "/messages",
        "tidings.workspace.id": "w1",
        "http.response.status_code": 202,
    }


@pytest.mark.parametrize(
    ("status", "failed"), [(200, False), (404, False), (499, False), (500, True), (503, True), (0, False)]
)
def test_a_clients_mistake_is_no_error_of_the_hubs(status: int, failed: bool) -> None:
    spanning = Spanning()
    spanning.traces.request("GET", "/", "", {}).end(status=status)
    (asked,) = spanning.told
    assert (asked.failed, asked.named.get("error.type")) == (failed, str(status) if failed else None)


@pytest.mark.parametrize(
    ("status", "error", "why"),
    [(204, "", None), (410, "", "410"), (500, "", "500"), (0, "timeout", "timeout"), (0, "dns", "dns")],
)
def test_a_webhook_that_is_not_taken_is_an_error_of_a_class(status: int, error: str, why: str | None) -> None:
    spanning = Spanning()
    spanning.traces.attempt(SUBSCRIPTION, [event()], 3).end(status=status, error=error)
    (told,) = spanning.told
    assert (told.name, told.trace, told.parent, told.kind) == ("webhook sent", TRACE, FIRST, "client")
    assert (told.failed, told.named.get("error.type")) == (why is not None, why)
    assert told.named["tidings.attempt.number"] == 3
    assert "secret" not in str(told)


def test_a_webhook_of_several_events_is_told_in_the_trace_of_each_and_names_the_first() -> None:
    spanning = Spanning()
    other = ID.replace("a", "b")
    span = spanning.traces.attempt(SUBSCRIPTION, [event(), event(Kind.READ, other)], 1)
    headers = dict(span.headers)
    span.end(status=200)
    one, two = spanning.told
    assert (one.trace, two.trace) == (TRACE, f"{trace_of(other):032x}")
    assert one.named["tidings.attempt.events"] == two.named["tidings.attempt.events"] == 2
    assert headers == {"traceparent": f"{one.traceparent}-01"}


def test_attempts_to_tell_operators_something_are_one_trace_of_the_events_id() -> None:
    spanning = Spanning()
    notice = event(Kind.NOTICE, "subscription:s1")
    for number in (1, 2):
        spanning.traces.attempt(SUBSCRIPTION, [notice], number).end(status=200)
    one, two = spanning.told
    assert {one.trace, two.trace} == {f"{trace_of(notice.id):032x}"}
    assert (one.parent, two.parent, one.id == two.id) == ("", "", False)
    assert "tidings.message.id" not in one.named


def test_reports_stand_in_the_traces_of_the_messages_they_are_about() -> None:
    spanning = Spanning()
    traces, since, target = spanning.traces, spanning.traces.moment(), Target(message=ID)
    raw: Any = b"{}"
    traces.reported(CHANNEL, Receipt(target, Stage.DELIVERED, raw), [ID], since)
    traces.reported(CHANNEL, Interaction("k", Deed.CLICKED, target, raw, url="https://secret"), [ID], since)
    traces.reported(CHANNEL, Unknown(raw, "a secret"), [], since)
    receipt, click = spanning.told
    assert {(each.trace, each.parent, each.kind) for each in (receipt, click)} == {(TRACE, FIRST, "consumer")}
    assert (receipt.name, receipt.named["tidings.report.stage"]) == ("receipt reported", "delivered")
    assert (click.name, click.named["tidings.report.stage"]) == ("interaction reported", "clicked")
    assert "secret" not in str(spanning.told)


def test_a_hop_is_told_with_its_channel_and_what_came_of_it() -> None:
    spanning = Spanning()
    hop = Hop(1, "sms", "c1", "+31612345678")
    spanning.traces.submission(CHANNEL, ID, hop, 2).end(error="deferred")
    (told,) = spanning.told
    assert (told.name, told.trace, told.parent, told.failed) == ("submit sms", TRACE, FIRST, True)
    assert (told.named["tidings.hop.number"], told.named["tidings.hop.tries"]) == (1, 2)
    assert "612345678" not in str(told)


def test_what_is_not_chosen_is_not_told_and_says_so_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    spanning = Spanning()
    request = spanning.traces.request("POST", "/", "", {})
    spanning.traces.accepted("w1", ID, spanning.traces.moment())
    attempt = spanning.traces.attempt(SUBSCRIPTION, [event()], 1)
    assert attempt.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert attempt.headers["traceparent"].endswith("-00")
    attempt.end(status=200)
    request.end(status=200)
    assert spanning.told == []


@given(text(characters(max_codepoint=255)), text(characters(max_codepoint=255)))
def test_no_header_of_a_client_breaks_anything(traceparent: str, tracestate: str) -> None:
    spanning = Spanning()
    headers = {"traceparent": traceparent, "tracestate": tracestate}
    spanning.traces.request("GET", "/", "", headers).end(status=200)
    spanning.traces.request("GET", "/", "", {**headers, "traceparent": CLIENT}).end(status=200)
    assert spanning.told[1].trace == CLIENT[3:35]


@pytest.mark.parametrize("traceparent", ["00-" + "0" * 32 + "-b7ad6b7169203331-01", CLIENT + "-x", "ff" + CLIENT[2:]])
def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(traceparent: str) -> None:
    spanning = Spanning()
    spanning.traces.request("GET", "/", "", {"traceparent": traceparent}).end(status=200)
    assert spanning.told[0].parent == ""


# -- handing over --------------------------------------------------------------------------------------------------


class Away(SpanProcessor):
    """A collector that never answers."""

    def __init__(self) -> None:
        self.back = threading.Event()

    def shutdown(self) -> None:
        self.back.wait(30)


async def test_a_collector_that_is_away_does_not_keep_the_hub_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "CLOSING", 0.05)
    away = Away()
    told = spans_to(away)
    begun = time.monotonic()
    await told.close()
    assert 0.04 < time.monotonic() - begun < 5
    away.back.set()
    await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_another_protocol_is_not_spoken(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"http/protobuf, and .* wants grpc"):
        exported({name: "grpc"})
