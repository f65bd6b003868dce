"""The published examples of the channels vocabulary, through the whole road.

The provider's own words go in at the door, and the published event comes out at the webhook or in the API's answer:
equal field for field but for the ids and times that each test names.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from support.custom import by_custom, told_by_custom
from support.provider import Provider
from support.published import TIME, UUID, Form, Is, compare, example
from support.stories import STANDS, Story, telling

WHATSAPP: Final = STANDS["whatsapp-cloud"].settings
IDS: Final[Mapping[str, Form]] = {"payload.id": UUID, "payload.channelId": UUID}
TIMES: Final[Mapping[str, Form]] = {f"payload.{name}": TIME for name in ("lastStatusAt", "createdAt", "updatedAt")}


@asynccontextmanager
async def by_whatsapp(tmp_path: Path, wamid: str) -> AsyncIterator[Story]:
    """A story with a WhatsApp channel where every message gets this id."""
    answer = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": wamid}]}
    async with Provider(lambda _: answer) as provider, telling(tmp_path, "whatsapp") as story:
        settings = {**WHATSAPP, "baseUrl": provider.url}
        story.channels["whatsapp-cloud"] = await story.at_work.channel(
            story.workspace, "whatsapp", "whatsapp-cloud", settings
        )
        yield story


async def told_by_meta(story: Story, **value: Any) -> None:
    """Post a webhook as Meta does."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": WHATSAPP["phoneNumberId"]}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    signature = hmac.new(WHATSAPP["appSecret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
    url = story.channels["whatsapp-cloud"]["callbackUrl"]
    async with story.at_work.http.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200


async def test_02_inbound_whatsapp(tmp_path: Path) -> None:
    published = example("channels", "02")
    payload = published["payload"]
    person = payload["sender"]["contact"]["identifierValue"].removeprefix("+")
    async with by_whatsapp(tmp_path, "wamid.1") as story:
        said = {
            "from": person,
            "id": payload["parts"][0]["platformReference"],
            "timestamp": payload["meta"]["extraInformation"]["timestamp"],
            "type": "text",
            "text": payload["body"]["text"] | {"body": payload["body"]["text"]["text"]},
        }
        contact = {"profile": {"name": "Somebody"}, "wa_id": person}
        await told_by_meta(story, contacts=[contact], messages=[said])
        ids = {"payload.sender.contact.id": UUID, "payload.receiver.connector.id": UUID}
        compare(await story.hears_of("whatsapp.inbound"), published, {**IDS, **TIMES, **ids})


async def test_04_outbound_whatsapp(tmp_path: Path) -> None:
    published = example("channels", "04")
    payload = published["payload"]
    person = payload["receiver"]["contacts"][0]["identifierValue"]
    async with by_whatsapp(tmp_path, "wamid.2") as story:
        text = {"type": "text", "text": {"text": "Test"}}
        await story.send_by("whatsapp-cloud", "phonenumber", person, text, reference=payload["reference"])
        await story.hears_of("message.sent")
        now = str(int(time.time()))
        status = {"id": "wamid.2", "status": "delivered", "timestamp": now, "recipient_id": person.removeprefix("+")}
        await told_by_meta(story, statuses=[status])
        ids = {"payload.sender.connector.id": UUID, "payload.receiver.contacts.0.id": UUID}
        compare(await story.hears_of("whatsapp.outbound", 3), published, {**IDS, **TIMES, **ids})


async def test_05_outbound_sms(tmp_path: Path) -> None:
    published = example("channels", "05")
    reference = published["parts"][0]["platformReference"]
    sender = published["sender"]["connector"]["identifierValue"]
    person = published["receiver"]["contacts"][0]["identifierValue"]
    async with by_custom(tmp_path, "sms", {"id": reference}, settings={"sender": sender}) as story:
        message = await story.send_by("custom", "phonenumber", person, published["body"])
        await story.hears_of("message.sent")
        await told_by_custom(story, {"type": "receipt", "reference": reference, "status": "delivered"})
        told = await story.hears_of("sms.outbound", 3)
        assert (told["service"], told["event"]) == ("channels", "sms.outbound")
        ids: dict[str, Form] = {
            "id": Is(message),
            "channelId": Is(story.channels["custom"]["id"]),
            "sender.connector.id": UUID,
            "receiver.contacts.0.id": UUID,
            **{path.removeprefix("payload."): form for path, form in TIMES.items()},
        }
        compare(told["payload"], published, ids)
        compare(await story.ask("GET", story.path("custom", message)), published, ids)


async def test_06_interactions_as_they_are_listed(tmp_path: Path) -> None:
    """The example has a type's name for every value; what people do can be made to say just that.

    It is of two kinds of message at once: only one of ours has tags and a context, only one of theirs came to a
    connector.
    """
    published = example("channels", "06")
    (entry,) = published["results"]
    did = {"interaction": "clicked", "linkName": "text", "prefetched": False} | dict.fromkeys(
        ("url", "payload", "emoji", "action", "details"), "text"
    )
    ids = {"results.0.id": UUID, "results.0.messageId": UUID, "results.0.channelId": UUID, "results.0.createdAt": TIME}
    async with by_custom(tmp_path, "text", {"id": "text"}) as story:
        more = {"tags": entry["messageTags"], "context": entry["context"]}
        ours = await story.send_by("custom", "identifier", "ann", {"type": "text", "text": {"text": "Hello"}}, **more)
        await story.hears_of("message.sent")
        await told_by_custom(story, {"type": "interaction", "id": "1", "reference": "text", **did})
        contact = {"id": "", "identifierKey": "identifier", "identifierValue": "ann"}
        expected = {**entry, "messagePartsCount": 1, "receiver": {"contacts": [contact]}}
        listed = await story.ask("GET", story.path("custom", ours, "interactions"))
        # An addition of ours, beside what is published.
        assert listed.pop("counts")["clicked"]["human"] == 1
        compare(listed, {"results": [expected]}, {**ids, "results.0.receiver.contacts.0.id": UUID})

        said = {"type": "inbound", "id": "theirs", "from": "ann", "to": "text", "name": "text", "body": "Hello"}
        await told_by_custom(story, said)
        theirs = (await story.hears_of("text.inbound"))["payload"]["id"]
        await told_by_custom(story, {"type": "interaction", "id": "2", "messageId": theirs, **did})
        listed = await story.ask("GET", story.path("custom", theirs, "interactions"))
        del listed["counts"]
        expected = {**entry, "messagePartsCount": 1, "messageReference": "theirs", "messageTags": [], "context": {}}
        compare(listed, {"results": [expected]}, {**ids, "results.0.receiver.connector.id": UUID})


async def test_08_read_whatsapp(tmp_path: Path) -> None:
    published = example("channels", "08")
    payload = published["payload"]
    person = payload["receiver"]["contacts"][0]["identifierValue"]
    async with by_whatsapp(tmp_path, payload["messageReference"]) as story:
        await story.send_by("whatsapp-cloud", "phonenumber", person, {"type": "text", "text": {"text": "Test"}})
        await story.hears_of("message.sent")
        seconds = str(int(datetime.fromisoformat(payload["createdAt"]).replace(tzinfo=UTC).timestamp()))
        status = {"id": payload["messageReference"], "status": "read", "timestamp": seconds, "recipient_id": person}
        await told_by_meta(story, statuses=[status])
        told = await story.hears_of("whatsapp.interaction")
        assert told["payload"]["createdAt"] == payload["createdAt"].replace("Z", ".000Z")
        ids: dict[str, Form] = {
            **IDS,
            "payload.messageId": UUID,
            "payload.createdAt": TIME,
            "payload.receiver.contacts.0.id": UUID,
        }
        compare(told, published, ids)


@pytest.mark.parametrize("number", ["01", "03", "07"])
async def test_subscriptions_are_taken_as_they_are_published(number: str, tmp_path: Path) -> None:
    published = example("channels", number)
    async with by_whatsapp(tmp_path, "wamid.3") as story:
        channel = story.channels["whatsapp-cloud"]["id"]
        (of_channel,) = (each for each in published["eventFilters"] if each["key"] == "channelId")
        of_channel["value"] = channel
        published["event"] = published["event"].replace("<channel>", "whatsapp")
        made = await story.ask("POST", f"/workspaces/{story.workspace}/webhook-subscriptions", published, expect=201)
        # The key that is given is never shown again; the other one is ours, and shown this once.
        assert base64.b64decode(made.pop("standardSigningKey").removeprefix("whsec_"))
        shown = {name: value for name, value in published.items() if name != "signingKey"}
        added = {"id": "", "status": "active", "createdAt": "", "updatedAt": ""}
        compare(made, {**shown, **added}, {"id": UUID, "createdAt": TIME, "updatedAt": TIME})
