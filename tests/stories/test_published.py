"""The published examples of the omnichannel vocabulary, through the whole road.

The provider's own words go in at the door, and the published event comes out at the webhook: equal field for field but
for the ids and times that each test names. The sms and mms receipts are of a provider that no connector here is for;
the custom connector carries them. Every webhook is proven with both of its signatures.
"""

import hmac
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from support.custom import by_custom
from support.published import ETAG, HEX, SECONDS, TIME, UUID, As, Form, Is, compare, example
from support.stories import STANDS, Story, telling

ENVELOPE: Final[Mapping[str, Form]] = {
    "eventId": UUID,
    "apiSpaceId": UUID,
    "payload.id": UUID,
    "etag": ETAG,
    "timestamp": TIME,
}
"""The ids and times of every omnichannel event."""
UPDATED: Final[Mapping[str, Form]] = {"payload.updatedOn": TIME}
OUR_ID: Final = As("payload.id")


async def reported(story: Story, message: str, status: str, **words: object) -> None:
    """Report how a message of a custom channel fares."""
    await story.hears_of("message.sent")
    await story.ask("POST", f"/apispaces/{story.workspace}/messages/{message}/statuses/{status}", words, expect=200)


async def test_01_sent_sms(tmp_path: Path) -> None:
    published = example("omnichannel", "01")
    said = published["payload"]["details"]["additionalInfo"]
    async with by_custom(tmp_path, "sms", {**said, "clientRef": None}) as story:
        await story.send({"phoneNumber": said["to"]}, "sms", metadata=published["payload"]["metadata"])
        details = "payload.details"
        compare(
            await story.hears_of("message.sent"),
            published,
            {
                **ENVELOPE,
                **UPDATED,
                f"{details}.additionalInfo.clientRef": OUR_ID,
                f"{details}.channelStatus.sms.details.clientRef": OUR_ID,
                f"{details}.channelStatus.sms.updatedOn": TIME,
            },
        )


async def test_02_sent_mms(tmp_path: Path) -> None:
    published = example("omnichannel", "02")
    said = published["payload"]["details"]["additionalInfo"]
    sender = published["payload"]["channelData"]["mms"]["fromPhoneNumber"]
    async with by_custom(tmp_path, "mms", said, settings={"sender": f"+{sender}"}) as story:
        picture = {"type": "image/png", "url": "https://pictures.example/1.png"}
        more = {"metadata": published["payload"]["metadata"], "messageParts": [picture]}
        await story.send({"phoneNumber": said["to"]}, "mms", **more)
        times = {**UPDATED, "payload.details.channelStatus.mms.updatedOn": TIME}
        compare(await story.hears_of("message.sent"), published, {**ENVELOPE, **times})


async def test_06_delivered_sms(tmp_path: Path) -> None:
    published = example("omnichannel", "06")
    receipt = published["payload"]["details"]["channelStatus"]
    async with by_custom(tmp_path, "sms", {"successful": True}) as story:
        message = await story.send(
            {"phoneNumber": receipt["recipient"]}, "sms", metadata=published["payload"]["metadata"]
        )
        ours = {**receipt, "clientref": message, "apispaceid": story.workspace}
        at = receipt["statustimeutc"]
        await reported(story, message, "delivered", channel="sms", channelStatus=ours, timestamp=at)
        compare(
            await story.hears_of("message.delivered"),
            published,
            {
                **ENVELOPE,
                "payload.details.channelStatus.clientref": OUR_ID,
                "payload.details.channelStatus.apispaceid": As("apiSpaceId"),
            },
        )


async def test_07_delivered_mms(tmp_path: Path) -> None:
    published = example("omnichannel", "07")
    async with by_custom(tmp_path, "mms", {"successful": True, "segmentCount": 1}) as story:
        message = await story.send({"phoneNumber": "17123123123"}, "mms", metadata=published["payload"]["metadata"])
        await reported(story, message, "delivered", channel="mms", channelStatus={"status": "DELIVRD"})
        compare(await story.hears_of("message.delivered"), published, {**ENVELOPE, **UPDATED})


async def test_14_expired_sms(tmp_path: Path) -> None:
    async with by_custom(tmp_path, "sms", {"successful": True}, expiryHours=0.01) as story:
        await story.send({"phoneNumber": "447123123123"}, "sms")
        await story.hears_of("message.sent")
        story.clock.skip(60)
        compare(await story.hears_of("message.expired"), example("omnichannel", "14"), {**ENVELOPE, **UPDATED})


async def test_15_failed_without_any_channel(tmp_path: Path) -> None:
    published = example("omnichannel", "15")
    async with telling(tmp_path, "sms") as story:
        await story.send({"phoneNumber": "447123123123"}, "sms", metadata=published["payload"]["metadata"])
        compare(await story.hears_of("message.failed"), published, {**ENVELOPE, **UPDATED})


async def test_16_failed_sms(tmp_path: Path) -> None:
    published = example("omnichannel", "16")
    failed = published["payload"]["details"]["channelStatus"]["sms"]
    receipt = failed["details"]["data"]
    async with by_custom(tmp_path, "sms", {"successful": True}) as story:
        message = await story.send(
            {"phoneNumber": receipt["recipient"]}, "sms", metadata=published["payload"]["metadata"]
        )
        ours = {**receipt, "clientref": message, "apispaceid": story.workspace.upper()}
        words = {"timestamp": receipt["statustimeutc"], "failureReason": failed["details"]["reason"]}
        await reported(story, message, "failed", channel="sms", channelStatus=ours, **words)
        told = await story.hears_of("message.failed")
        data = "payload.details.channelStatus.sms.details.data"
        # The receipt's own time is told to the millisecond, so that `updatedOn` need not be replaced.
        compare(
            told,
            published,
            {**ENVELOPE, f"{data}.clientref": OUR_ID, f"{data}.apispaceid": Is(story.workspace.upper())},
        )


NOT_UNICODE: Final[Mapping[str, Form]] = {
    **ENVELOPE,
    **UPDATED,
    "payload.details.channelStatus.sms.updatedOn": TIME,
    "payload.details.channelStatus.sms.details.data.clientRef": OUR_ID,
}


async def test_17_failed_sms_refused_by_us(tmp_path: Path) -> None:
    async with by_custom(tmp_path, "sms", {"successful": True}) as story:
        to, options = {"phoneNumber": "44123123123"}, {"sms": {"allowUnicode": False}}
        await story.send(to, "sms", body="Здравствуйте", channelOptions=options)
        compare(await story.hears_of("message.failed"), example("omnichannel", "17"), NOT_UNICODE)


async def test_17_failed_sms_refused_by_the_provider(tmp_path: Path) -> None:
    published = example("omnichannel", "17")
    said = published["payload"]["details"]["channelStatus"]["sms"]["details"]["data"]
    async with by_custom(tmp_path, "sms", {**said, "clientRef": None}) as story:
        await story.send({"phoneNumber": said["to"]}, "sms", body="Здравствуйте")
        compare(await story.hears_of("message.failed"), published, NOT_UNICODE)


async def test_18_failed_mms_to_a_country_that_is_not_allowed(tmp_path: Path) -> None:
    async with by_custom(tmp_path, "mms", {"successful": True}, allowedCountries=["US", "CA"]) as story:
        await story.send({"phoneNumber": "48500000000"}, "mms")
        compare(await story.hears_of("message.failed"), example("omnichannel", "18"), {**ENVELOPE, **UPDATED})


async def test_21_failed_email(tmp_path: Path) -> None:
    published = example("omnichannel", "21")
    receipt = published["payload"]["details"]["channelStatus"]["email"]
    async with telling(tmp_path, "email") as story:
        simulator = await story.channel("mailgun", set_up={"settings": {"variablePrefix": "comapi"}})
        simulator.order("lost")
        metadata = published["payload"]["metadata"]
        message = await story.send({"email": "dave@example.com"}, "email", title="Your order", metadata=metadata)
        await story.hears_of("message.sent")
        timestamp = str(int(time.time()))
        signed = hmac.new(
            STANDS["mailgun"].settings["signingKey"].encode(), (timestamp + receipt["token"]).encode(), "sha256"
        )
        ours = {"comapi-apiSpaceId": story.workspace, "comapi-messageId": message, "timestamp": timestamp}
        form = {**receipt, **ours, "signature": signed.hexdigest()}
        async with story.at_work.http.post(story.channels["mailgun"]["callbackUrl"], data=form) as answer:
            assert answer.status == 200
        raw = "payload.details.channelStatus.email"
        compare(
            await story.hears_of("message.failed"),
            published,
            {
                **ENVELOPE,
                **UPDATED,
                f"{raw}.comapi-apiSpaceId": As("apiSpaceId"),
                f"{raw}.comapi-messageId": OUR_ID,
                f"{raw}.timestamp": SECONDS,
                f"{raw}.signature": HEX,  # It is over the time.
            },
        )


async def test_22_inbound_sms(tmp_path: Path) -> None:
    published = example("omnichannel", "22")
    payload = published["payload"]
    async with by_custom(tmp_path, "sms", {}) as story:
        sender = {"phoneNumber": payload["from"]["phoneNumber"]}
        body = {name: payload[name] for name in ("channel", "to", "body", "channelData")}
        await story.ask("POST", f"/apispaces/{story.workspace}/messages/inbounds", {**body, "from": sender}, expect=201)
        ids = {"payload.from.profileId": UUID, "payload.receivedOn": TIME}
        compare(await story.hears_of("message.inbound"), published, {**ENVELOPE, **ids})
