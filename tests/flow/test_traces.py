"""When traces are wanted, and that the road does without them."""

from collections.abc import Generator

import pytest

from support.flows import RAW, Tiny, flowing
from support.spans import Spanning
from support.waiting import until
from tidings.connectors.connector import Polled
from tidings.flow.traces import UNSPANNED, UNTRACED, Span, Switch, is_wanted, marked
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply
from tidings.model.reports import Receipt, Target
from tidings.model.stages import Stage

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
OURS = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}


@pytest.mark.parametrize(
    ("switch", "environment", "wanted"),
    [
        ("auto", {}, False),
        ("auto", {"OTEL_SERVICE_NAME": "hub"}, False),
        ("auto", {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ("auto", COLLECTOR, True),
        ("auto", OURS, True),
        ("auto", {**COLLECTOR, "OTEL_SDK_DISABLED": "True"}, False),
        ("auto", {**COLLECTOR, "OTEL_SDK_DISABLED": "false"}, True),
        ("auto", {**COLLECTOR, "OTEL_TRACES_EXPORTER": "none"}, False),
        ("auto", {**COLLECTOR, "OTEL_TRACES_EXPORTER": "console,otlp"}, True),
        ("off", COLLECTOR, False),
        ("on", {}, True),
    ],
)
def test_the_setting_or_the_usual_variables_say_whether_traces_are_wanted(
    switch: Switch, environment: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(switch, environment) is wanted


def test_traces_that_are_off_say_nothing_and_add_nothing() -> None:
    exchange = conversation()
    assert marked(exchange, UNSPANNED) is exchange
    exchange.close()
    assert (UNTRACED.is_on, UNTRACED.moment(), dict(UNSPANNED.headers)) == (False, 0, {})


class Marked:
    """A span that has something to say to the other side."""

    headers = {"traceparent": "here"}

    def end(self, *, status: int = 0, error: str = "") -> None:
        """It is over."""


def conversation() -> Generator[Call, Reply, str]:
    """Make two calls; the second instead of an answer to the first, where none comes."""
    try:
        reply = yield Call.get("http://one", authorization="secret")
    except NoReply as silence:
        reply = yield Call.get(f"http://{silence.error}")
    return reply.body.decode()


def test_each_call_of_a_conversation_says_where_it_belongs() -> None:
    span: Span = Marked()
    exchange: Exchange[str] = marked(conversation(), span)
    assert next(exchange).headers == {"authorization": "secret", "traceparent": "here"}
    again = exchange.throw(NoReply("", taken=False, error="timeout"))
    assert (again.url, again.headers) == ("http://timeout", {"traceparent": "here"})
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b"done"))
    assert end.value.value == "done"


class Asked(Tiny):
    """A provider that does not call, and has a receipt for us when it is asked."""

    name = "asked"
    about = ""

    @property
    def poll_seconds(self) -> float:
        return 60.0

    def poll(self, place: str, now: int) -> Exchange[Polled]:
        receipts = (Receipt(target=Target(message=Asked.about), stage=Stage.DELIVERED, raw=RAW),)
        yield from ()  # it makes no call
        return Polled(reports=() if place else receipts, place="after it")


@pytest.mark.parametrize("spanning", [Spanning(), None])
async def test_what_a_provider_is_asked_for_stands_in_the_messages_trace(
    sqlite_url: str, spanning: Spanning | None
) -> None:
    async with flowing(sqlite_url, spans=spanning.traces if spanning else None) as flow:
        flow.world.connectors = {**flow.world.connectors, "asked": Asked}
        Asked.about = await flow.accepted("c1")
        await flow.channel(connector="asked")
        await until(lambda: flow.world.counts.all().get(("polls", "asked")))
    if spanning is not None:
        told = spanning.one("receipt reported")
        assert (told.trace, told.parent) == (Asked.about.replace("-", ""), Asked.about.replace("-", "")[16:])
        assert told.links == set()
