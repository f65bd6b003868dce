"""Whole lives of messages over real sockets, with everything that goes wrong between a provider and us.

After each, the message stands where it should, and both vocabularies were told all of it: in order, and once.
"""

from pathlib import Path

import pytest

from support.stories import STANDS, telling
from tidings.simulators.simulator import Fault, Order

ANN = {"phoneNumber": "447700900001", "email": "ann@example.com"}
REFUSALS = {"twilio": "21211", "mailgun": "400", "whatsapp-cloud": "131009", "custom": "UnicodeBodyRejected"}
"""A code with which each provider refuses a message for good."""

WORDS = {("mailgun", "sent"): "accepted"}
"""What a provider calls a stage, where it has another word than ours."""


def ordinary(connector: str) -> dict[str, list[str]]:
    """What is told of a message that nothing goes wrong with, in the end."""
    stand = STANDS[connector]
    told = {
        "omnichannel": ["message.sentRequest", *(f"message.{stage}" for stage in stand.stages)],
        f"{stand.platform}.outbound": ["accepted", "sent", "delivered"],
    }
    if "read" in stand.stages:
        told[f"{stand.platform}.interaction"] = ["read"]
    return told


@pytest.mark.parametrize("fault", ["", "duplicate", "reordered", "early", "late", "vanished", "hanging"])
@pytest.mark.parametrize("connector", STANDS)
async def test_what_goes_wrong_with_callbacks_and_answers_is_not_told(
    connector: str, fault: str, tmp_path: Path
) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform, provider_timeout=0.5 if fault == "hanging" else 30.0) as story:
        simulator = await story.channel(connector)
        if fault:
            simulator.order(Order(Fault(fault), seconds=2 if fault == "hanging" else 0.1))
        message = await story.send(stand.to, stand.platform)
        await story.hears(ordinary(connector))
        assert await story.stands(message) == stand.stages[-1]
        assert len(simulator.taken) == 1
        assert set(simulator.answers) == {200}


@pytest.mark.parametrize("fault", ["vanished", "hanging"])
@pytest.mark.parametrize("connector", ["twilio", "mailgun", "custom"])
async def test_what_was_taken_without_an_answer_is_found_at_the_provider(
    connector: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform, provider_timeout=0.5) as story:
        simulator = await story.channel(connector)
        with monkeypatch.context() as silent:
            # Receipts would tell as well that it was taken.
            silent.setattr(simulator, "post", lambda *_, **__: None)
            simulator.order(Order(Fault(fault), seconds=2))
            await story.send(stand.to, stand.platform)
            if connector == "custom":
                # It cannot be asked, but knows a message by our id when it is told again.
                await story.clock.skip_until(lambda: story.subscriber.bodies("message.sent"), most=60)
            await story.hears(
                {
                    "omnichannel": ["message.sentRequest", "message.sent"],
                    f"{stand.platform}.outbound": ["accepted", "sent"],
                }
            )
        (taken,) = simulator.taken
        (sent,) = story.subscriber.bodies("message.sent")
        answered = str(sent["payload"]["details"]["additionalInfo"])
        assert taken["id"].strip("<>").partition(":")[0] in answered
        simulator.post(simulator.act(taken["id"], "delivered"))
        await story.hears(ordinary(connector))
        story.clock.skip(120)
        await story.quiet()
        assert len(simulator.taken) == 1


UNTAKEN = [
    (connector, fault)
    for connector in STANDS
    for fault in ("throttled", "error", "dropped")
    if (connector, fault) != ("whatsapp-cloud", "dropped")  # Nobody can know that it was not taken: see below.
]


@pytest.mark.parametrize(("connector", "fault"), UNTAKEN)
async def test_what_was_not_taken_is_sent_again(connector: str, fault: str, tmp_path: Path) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform) as story:
        simulator = await story.channel(connector)
        simulator.order(Order(Fault(fault), seconds=20))
        began = story.clock.now()
        message = await story.send(stand.to, stand.platform)
        await story.clock.skip_until(lambda: simulator.taken, most=90)
        if fault == "throttled":
            assert story.clock.now() - began >= 20_000, "a provider that asks to wait is left alone for so long"
        await story.hears(ordinary(connector))
        assert await story.stands(message) == stand.stages[-1]
        assert len(simulator.taken) == 1


@pytest.mark.parametrize("connector", STANDS)
async def test_what_nobody_reports_expires(connector: str, tmp_path: Path) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform) as story:
        simulator = await story.channel(connector, set_up={"expiryHours": 0.01})
        simulator.order("lost")
        message = await story.send(stand.to, stand.platform)
        await story.hears_of("message.sent")
        story.clock.skip(60)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.expired"],
                f"{stand.platform}.outbound": ["accepted", "sent", "delivery_failed"],
            }
        )
        assert await story.stands(message) == "expired"
        last = story.subscriber.bodies(f"{stand.platform}.outbound")[-1]["payload"]
        assert last["reason"] == "The message expired before it was delivered."


@pytest.mark.parametrize("connector", STANDS)
async def test_what_is_reported_after_it_expired_arrived_all_the_same(connector: str, tmp_path: Path) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform) as story:
        simulator = await story.channel(connector, set_up={"expiryHours": 0.01})
        simulator.order("lost")
        message = await story.send(stand.to, stand.platform)
        await story.hears_of("message.sent")
        story.clock.skip(60)
        await story.hears_of("message.expired")
        for stage in stand.stages:
            simulator.post(simulator.act(simulator.taken[0]["id"], WORDS.get((connector, stage), stage)))
            await simulator.settle()
        expected = ordinary(connector)
        expected["omnichannel"].insert(2, "message.expired")
        expected[f"{stand.platform}.outbound"].insert(2, "delivery_failed")
        await story.hears(expected)
        assert await story.stands(message) == stand.stages[-1]
        (delivered,) = story.subscriber.bodies("message.delivered")
        assert delivered["payload"]["details"]["late"] is True


@pytest.mark.parametrize("connector", STANDS)
async def test_what_is_refused_goes_another_way(connector: str, tmp_path: Path) -> None:
    other = "twilio" if connector == "mailgun" else "mailgun"
    first, second = STANDS[connector].platform, STANDS[other].platform
    async with telling(tmp_path, first, second) as story:
        simulator, fallback = await story.channel(connector), await story.channel(other)
        simulator.order(Order(Fault.REFUSED, code=REFUSALS[connector]))
        message = await story.send(ANN, first, second)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
                f"{first}.outbound": ["accepted"],
                f"{second}.outbound": ["sent", "delivered"],
            }
        )
        assert await story.stands(message) == "delivered"
        assert (simulator.taken, len(fallback.taken)) == ([], 1)
        (sent,) = story.subscriber.bodies("message.sent")
        assert sent["payload"]["details"]["channel"] == second
        hops = (await story.life(message))["hops"]
        assert [(hop["platform"], hop["stage"]) for hop in hops] == [(first, "failed"), (second, "delivered")]


@pytest.mark.parametrize("connector", STANDS)
async def test_what_is_refused_with_no_other_way_fails(connector: str, tmp_path: Path) -> None:
    stand = STANDS[connector]
    async with telling(tmp_path, stand.platform) as story:
        simulator = await story.channel(connector)
        simulator.order(Order(Fault.REFUSED, code=REFUSALS[connector]))
        message = await story.send(stand.to, stand.platform)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.failed"],
                f"{stand.platform}.outbound": ["accepted", "sending_failed"],
            }
        )
        assert await story.stands(message) == "failed"
        (hop,) = (await story.life(message))["hops"]
        assert hop["reason"]["code"] == REFUSALS[connector]


async def test_what_comes_back_undelivered_goes_another_way(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms", "email") as story:
        await story.channel("twilio")
        await story.channel("mailgun")
        message = await story.send({**ANN, "phoneNumber": "15005530003"}, "sms", "email")
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
                "sms.outbound": ["accepted", "sent"],
                "email.outbound": ["delivered"],
            }
        )
        hops = (await story.life(message))["hops"]
        assert [(hop["platform"], hop["stage"]) for hop in hops] == [("sms", "failed"), ("email", "delivered")]
        assert hops[0]["reason"]["code"] == "30003"


async def test_what_is_silent_for_as_long_as_its_rule_says_goes_another_way(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms", "email") as story:
        (await story.channel("twilio")).order("lost")
        mailgun = await story.channel("mailgun")
        body = {"to": ANN, "rules": [{"channel": "sms", "timeout": 30}, "email"], "body": "Hello"}
        made = await story.ask("POST", f"/apispaces/{story.workspace}/messages", body, expect=201)
        await story.clock.skip_until(lambda: mailgun.taken, most=60)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
                "sms.outbound": ["accepted", "sent"],
                "email.outbound": ["delivered"],
            }
        )
        assert await story.stands(made["messageId"]) == "delivered"


async def test_what_nobody_knows_of_is_not_sent_twice_and_fails_as_uncertain(tmp_path: Path) -> None:
    async with telling(tmp_path, "whatsapp", uncertain_grace=20) as story:
        simulator = await story.channel("whatsapp-cloud")
        simulator.order("dropped")
        message = await story.send(ANN, "whatsApp")
        failed = {
            "omnichannel": ["message.sentRequest", "message.failed"],
            "whatsapp.outbound": ["accepted", "sending_failed"],
        }
        await story.clock.skip_until(lambda: story.subscriber.told == failed, most=90)
        story.clock.skip(60)
        await story.hears(failed)
        assert simulator.taken == []
        (hop,) = (await story.life(message))["hops"]
        assert hop["reason"]["cause"] == "uncertain"


async def test_what_failed_as_uncertain_is_put_right_by_its_receipts(tmp_path: Path) -> None:
    async with telling(tmp_path, "whatsapp", uncertain_grace=20) as story:
        simulator = await story.channel("whatsapp-cloud", statuses=())
        simulator.order("vanished")
        message = await story.send(ANN, "whatsApp")
        told = story.subscriber
        await story.clock.skip_until(lambda: told.bodies("message.failed"), most=90)
        for status in ("sent", "delivered", "read"):
            simulator.post(simulator.act(simulator.taken[0]["id"], status))
            await simulator.settle()
        await story.hears(
            {
                "omnichannel": [
                    "message.sentRequest",
                    *(f"message.{e}" for e in ("failed", "sent", "delivered", "read")),
                ],
                "whatsapp.outbound": ["accepted", "sending_failed", "sent", "delivered"],
                "whatsapp.interaction": ["read"],
            }
        )
        assert await story.stands(message) == "read"
        assert len(simulator.taken) == 1
        assert told.bodies("message.delivered")[0]["payload"]["details"]["late"] is True


async def test_a_platform_without_a_channel_is_no_way(tmp_path: Path) -> None:
    async with telling(tmp_path, "viber") as story:
        message = await story.send({"viberUserId": "ann"}, "viber")
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.failed"],
                "viber.outbound": ["accepted", "sending_failed"],
            }
        )
        assert await story.stands(message) == "failed"


async def test_a_provider_may_fetch_its_messages(tmp_path: Path) -> None:
    async with telling(tmp_path, "mms") as story:
        settings = {"mode": "poll", "signingKey": STANDS["custom"].settings["signingKey"]}
        channel = await story.at_work.channel(story.workspace, "mms", "custom", settings)
        message = await story.send(ANN, "mms")
        fetch = f"/workspaces/{story.workspace}/channels/{channel['id']}/outgoing"
        await story.hears({"omnichannel": ["message.sentRequest"], "mms.outbound": ["accepted"]})
        (fetched,) = (await story.ask("GET", fetch))["results"]
        assert (fetched["messageId"], fetched["to"], fetched["body"]) == (message, "+447700900001", "Hello")
        assert (await story.ask("GET", fetch))["results"] == []
        story.clock.skip(61)
        assert (await story.ask("GET", fetch))["results"] == [fetched], "the answer may have been lost on its way"
        for status in ("sent", "delivered"):
            where = f"/apispaces/{story.workspace}/messages/{message}/statuses/{status}"
            await story.ask("POST", where, {"channel": "mms"}, expect=200)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
                "mms.outbound": ["accepted", "sent", "delivered"],
            }
        )
        story.clock.skip(61)
        assert (await story.ask("GET", fetch))["results"] == []
        assert await story.stands(message) == "delivered"
