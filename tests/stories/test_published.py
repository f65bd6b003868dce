"""The published examples of the omnichannel vocabulary, through the whole road.

The provider's own words go in at the door, and the published event comes out at the webhook: equal field for field but
for the ids and times that each test names. The sms and mms receipts are of a provider that no connector here is for;
the custom connector carries them. Every webhook is proven with both of its signatures.
"""

import base64
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp import web

from support.custom import by_custom
from support.provider import Provider
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

MESSENGER: Final = {
    "pageId": "220000000000118",
    "accessToken": "a-token",
    "appSecret": "an-app-secret",
    "verifyToken": "a-verify-token",
}


RBM: Final = {
    "agentId": "770950354877",
    "clientEmail": "tidings@rbm-hub.iam.gserviceaccount.com",
    "privateKey": "not needed while the token is good",
    "clientToken": "a-client-token",
    "accessToken": "ya29.a-token",
    "tokenExpiresAt": 2**53,
}


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


@asynccontextmanager
async def by_messenger(tmp_path: Path, page: str, answer: Any) -> AsyncIterator[Story]:
    """A story with a Messenger channel of a page, whose provider answers every message so."""
    async with Provider(lambda _: answer) as provider, telling(tmp_path, "facebook") as story:
        settings = {**MESSENGER, "pageId": page, "baseUrl": provider.url}
        story.channels["messenger"] = await story.at_work.channel(story.workspace, "facebook", "messenger", settings)
        yield story


async def told_by_messenger(story: Story, page: str, *events: Any) -> None:
    """Post a webhook as Meta does."""
    body = msgspec.json.encode({"object": "page", "entry": [{"id": page, "time": 1, "messaging": list(events)}]})
    signature = hmac.new(MESSENGER["appSecret"].encode(), body, "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
    async with story.at_work.http.post(
        story.channels["messenger"]["callbackUrl"], data=body, headers=headers
    ) as answer:
        assert answer.status == 200


async def went_by_messenger(story: Story, entry: Any) -> None:
    """Send a message to whom a published receipt is about, and have Meta say that it went just before it."""
    page, person = entry["recipient"]["id"], entry["sender"]["id"]
    message = await story.send({"fbMessengerId": person}, "fbMessenger")
    await story.hears_of("message.sent")
    await told_by_messenger(
        story,
        page,
        {
            "sender": {"id": page},
            "recipient": {"id": person},
            "timestamp": next(entry[each]["watermark"] for each in ("delivery", "read") if each in entry),
            "message": {"mid": "m_1", "is_echo": True, "metadata": f"{message}:0"},
        },
    )


async def test_04_sent_facebook(tmp_path: Path) -> None:
    published = example("omnichannel", "04")
    said = published["payload"]["details"]["additionalInfo"]
    answer = {"recipient_id": said["fbMessengerId"], "message_id": said["messageId"]}
    async with by_messenger(tmp_path, MESSENGER["pageId"], answer) as story:
        await story.send({"fbMessengerId": said["fbMessengerId"]}, "fbMessenger")
        status = "payload.details.channelStatus.fbMessenger"
        # As published, the two ids of the one person differ in a digit.
        one_person = {f"{status}.details.fbMessengerId": Is(said["fbMessengerId"])}
        compare(
            await story.hears_of("message.sent"),
            published,
            {**ENVELOPE, **UPDATED, f"{status}.updatedOn": TIME, **one_person},
        )


async def test_09_delivered_facebook(tmp_path: Path) -> None:
    published = example("omnichannel", "09")
    entry = published["payload"]["details"]["channelStatus"]
    page = entry["recipient"]["id"]
    async with by_messenger(tmp_path, page, {"recipient_id": entry["sender"]["id"], "message_id": "m_1"}) as story:
        await went_by_messenger(story, entry)
        await told_by_messenger(story, page, entry)
        # It is as old as its watermark, so that `updatedOn` need not be replaced.
        compare(await story.hears_of("message.delivered"), published, ENVELOPE)


async def test_12_read_facebook(tmp_path: Path) -> None:
    published = example("omnichannel", "12")
    entry = published["payload"]["details"]["channelStatus"]
    page = entry["recipient"]["id"]
    async with by_messenger(tmp_path, page, {"recipient_id": entry["sender"]["id"], "message_id": "m_1"}) as story:
        await went_by_messenger(story, entry)
        await told_by_messenger(story, page, entry)
        compare(await story.hears_of("message.read"), published, ENVELOPE)


async def test_20_failed_facebook(tmp_path: Path) -> None:
    published = example("omnichannel", "20")
    reason = published["payload"]["details"]["channelStatus"]["fbMessenger"]["details"]["reason"]
    # What lies between the hub and Meta says in its own words that it cannot get there.
    answer = web.Response(status=403, text=reason)
    async with by_messenger(tmp_path, MESSENGER["pageId"], answer) as story:
        await story.send({"fbMessengerId": "1924625277645988"}, "fbMessenger")
        times = {**UPDATED, "payload.details.channelStatus.fbMessenger.updatedOn": TIME}
        compare(await story.hears_of("message.failed"), published, {**ENVELOPE, **times})


async def inbound_facebook(tmp_path: Path, number: str) -> None:
    """Have Meta post the words of a published inbound, and compare what is told of it."""
    published = example("omnichannel", number)
    data = published["payload"]["channelData"]
    async with by_messenger(tmp_path, data["pageId"], {}) as story:
        await told_by_messenger(story, data["pageId"], data["body"])
        told = await story.hears_of("message.inbound")
        compare(told, published, {**ENVELOPE, "payload.receivedOn": TIME, "payload.from.profileId": UUID})


async def test_23_inbound_facebook(tmp_path: Path) -> None:
    await inbound_facebook(tmp_path, "23")


async def test_24_inbound_facebook_picture(tmp_path: Path) -> None:
    await inbound_facebook(tmp_path, "24")


@asynccontextmanager
async def by_rbm(tmp_path: Path, answer: Any) -> AsyncIterator[Story]:
    """A story with a channel of RCS for Business, whose provider answers every message so."""
    async with Provider(lambda _: answer) as provider, telling(tmp_path, "rcs") as story:
        settings = {**RBM, "baseUrl": provider.url}
        story.channels["rbm"] = await story.at_work.channel(story.workspace, "rcs", "rbm", settings)
        yield story


async def pushed_by_rbm(story: Story, data: Any, **more: Any) -> None:
    """Push what Google has to say, signed with the client token."""
    octets = msgspec.json.encode(data)
    digest = hmac.digest(b"a-client-token", octets, "sha512")
    push = {"message": {"data": base64.b64encode(octets).decode(), **more}, "subscription": "projects/rbm"}
    headers = {"content-type": "application/json", "x-goog-signature": base64.b64encode(digest).decode()}
    url = story.channels["rbm"]["callbackUrl"]
    async with story.at_work.http.post(url, json=push, headers=headers) as answer:
        assert answer.status == 200


async def test_03_sent_rcs(tmp_path: Path) -> None:
    published = example("omnichannel", "03")
    payload = published["payload"]
    said = payload["details"]["additionalInfo"]
    async with by_rbm(tmp_path, said) as story:
        await story.send(
            {"phoneNumber": payload["channelData"]["rcs"]["phoneNumber"]}, "rcs", metadata=payload["metadata"]
        )
        compare(await story.hears_of("message.sent"), published, {**ENVELOPE, **UPDATED})


@pytest.mark.parametrize(("number", "name"), [("08", "message.delivered"), ("11", "message.read")])
async def test_08_delivered_and_11_read_rcs(tmp_path: Path, number: str, name: str) -> None:
    published = example("omnichannel", number)
    payload = published["payload"]
    told = payload["details"]["channelStatus"]
    async with by_rbm(tmp_path, {"name": "phones/1"}) as story:
        message = await story.send({"phoneNumber": "447123123123"}, "rcs", metadata=payload["metadata"])
        await story.hears_of("message.sent")
        more = {each: told[each] for each in ("attributes", "messageId", "publishTime")}
        await pushed_by_rbm(story, {**told["data"], "messageId": message}, **more)
        ids: dict[str, Form] = {"payload.details.channelStatus.data.messageId": OUR_ID, "payload.updatedOn": TIME}
        compare(await story.hears_of(name), published, {**ENVELOPE, **ids})


async def test_19_failed_rcs(tmp_path: Path) -> None:
    published = example("omnichannel", "19")
    status = published["payload"]["details"]["channelStatus"]["rcs"]
    error = {"code": 403, "message": status["details"]["reason"], "status": "PERMISSION_DENIED"}
    async with by_rbm(tmp_path, web.json_response({"error": error}, status=403)) as story:
        person = status["details"]["data"]
        await story.send({"phoneNumber": person["phoneNumber"]}, "rcs", metadata=published["payload"]["metadata"])
        there = "payload.details.channelStatus.rcs"
        ids = {f"{there}.updatedOn": TIME, f"{there}.details.data.profileId": UUID}
        compare(await story.hears_of("message.failed"), published, {**ENVELOPE, **UPDATED, **ids})


@pytest.mark.parametrize("number", ["26", "27", "28"])
async def test_26_27_28_inbound_rcs(tmp_path: Path, number: str) -> None:
    published = example("omnichannel", number)
    payload = published["payload"]
    async with by_rbm(tmp_path, {"name": "phones/1"}) as story:
        phone = payload["from"]["phoneNumber"]
        message = await story.send({"phoneNumber": phone}, "rcs", metadata=payload["correlation"]["metadata"])
        await story.hears_of("message.sent")
        (part,) = payload["messageParts"]
        said: dict[str, Any] = {"text": part.get("data")}
        if "url" in part:
            said = {"userFile": {"mimeType": part["type"], "fileUri": part["url"], "fileName": part["name"]}}
        told = {"senderPhoneNumber": f"+{phone}", "messageId": "MxEXAMPLE1", "sendTime": payload["receivedOn"]}
        await pushed_by_rbm(story, {**told, "agentId": RBM["agentId"], **said}, attributes={"type": "message"})
        ids: dict[str, Form] = {
            "payload.from.profileId": UUID,
            "payload.correlation.messageId": Is(message),
            "payload.receivedOn": TIME,
        }
        compare(await story.hears_of("message.inbound"), published, {**ENVELOPE, **ids})
