"""The published examples, field for field; only ids that are ours to choose, and the writing of times, differ."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from dialects.channels.samples import (
    a_subscription,
    a_telling,
    an_event,
    an_incoming,
    an_outgoing,
    published,
    told,
)
from tidings.dialects.channels import read_subscription, show_interaction, show_message, show_subscription
from tidings.dialects.channels.parties import connector_id
from tidings.model.content import Content
from tidings.model.events import Fact, Kind
from tidings.model.messages import Hop, Life, Part, Recipient, Route
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.secrets import Secret
from tidings.model.stages import Stage
from tidings.model.subscriptions import Filter, Wanted
from tidings.rules.times import from_iso

TIMES = ("lastStatusAt", "createdAt", "updatedAt")


def same(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload with its connectors' ids as we would give them, and its times as numbers."""
    for side in ("sender", "receiver"):
        if "connector" in payload.get(side, {}):
            payload[side]["connector"]["id"] = connector_id(payload["channelId"])
    return {name: from_iso(value) if name in TIMES else value for name, value in payload.items()}


def whatsapp(value: str) -> dict[str, Any]:
    return {
        "recipients": (Recipient("d4e8935a-5f48-45a5-95a5-ee7ba1e2c5b4", {"phonenumber": value}),),
        "routes": (Route("whatsapp", "52ad151f-f7b4-46f9-a5c6-d3318e650c84"),),
    }


def test_the_published_inbound_whatsapp() -> None:
    example = published("02-inbound-whatsapp.json")
    message = an_incoming(
        **whatsapp("+3511111111"),
        id=example["payload"]["id"],
        sender="104541186076935",
        platform="whatsapp",
        content=Content(text="Test"),
        extra={"timestamp": "1702496037"},
        platform_reference=example["payload"]["parts"][0]["platformReference"],
        created_at=from_iso("2023-12-13T19:34:01.858Z"),
    )
    event = an_event(
        Kind.INBOUND,
        "whatsapp",
        channel=example["payload"]["channelId"],
        told_at=from_iso("2023-12-13T19:34:01.858Z"),
        at=from_iso("2023-12-13T19:34:02.063Z"),
    )
    body = told(a_telling(event, message))
    assert (body["service"], body["event"]) == (example["service"], example["event"])
    assert same(body["payload"]) == same(example["payload"])


def test_the_published_outbound_whatsapp() -> None:
    example = published("04-outbound-whatsapp.json")
    moment = from_iso("2023-12-13T12:22:33.781Z")
    message = an_outgoing(
        **whatsapp("+3111111111"), id=example["payload"]["id"], reference="LIbtsEzhedLUt0NwATtN3E", created_at=moment
    )
    event = an_event(
        Kind.DELIVERED,
        "whatsapp",
        channel=example["payload"]["channelId"],
        told_at=moment,
        at=moment,
        fact=Fact(sender="104541186076935", references=("wamid.1",), units=1),
    )
    body = told(a_telling(event, message))
    assert (body["service"], body["event"]) == (example["service"], example["event"])
    assert same(body["payload"]) == same(example["payload"])


def test_the_published_sms_as_webhook_and_as_read_model() -> None:
    example = published("05-outbound-sms-message.json")
    references = (example["parts"][0]["platformReference"],)
    created_at, delivered_at = from_iso(example["createdAt"]), from_iso(example["updatedAt"])
    message = an_outgoing(
        id=example["id"],
        created_at=created_at,
        recipients=(
            Recipient(example["receiver"]["contacts"][0]["id"], {"phonenumber": "+590690000000"}, country="GP"),
        ),
    )
    event = an_event(
        Kind.DELIVERED,
        channel=example["channelId"],
        told_at=delivered_at,
        at=delivered_at,
        fact=Fact(sender="+46790000000", references=references, units=1),
    )
    body = told(a_telling(event, message))
    assert body == {"service": "channels", "event": "sms.outbound", "payload": body["payload"]}
    hop = Hop(
        0,
        "sms",
        example["channelId"],
        "+590690000000",
        stage=Stage.DELIVERED,
        submitted=True,
        parts=(Part(references[0], stage=Stage.DELIVERED),),
        sender="+46790000000",
        units=1,
    )
    life = Life(message.id, revision=3, stage=Stage.DELIVERED, hops=(hop,), updated_at=delivered_at)
    shown = msgspec.json.decode(msgspec.json.encode(show_message(message, life, channel=example["channelId"])))
    assert same(body["payload"]) == same(shown) == same(example)


def test_the_published_list_of_interactions() -> None:
    (example,) = published("06-interactions-list-response.json")["results"]
    id_ = example["id"]
    message = an_incoming(
        id=id_,
        dialect="channels",
        platform="text",
        sender="text",
        sender_name="text",
        platform_reference="",
        reference="text",
        tags=("text",),
        request=Raw(b'{"context":{"id":"text","type":"text","tags":["text"]}}'),
    )
    deed = Interaction(
        "k",
        Deed.CLICKED,
        Target(message=id_),
        Raw(b"{}"),
        url="text",
        link_name="text",
        payload="text",
        emoji="text",
        action="text",
        details="text",
    )
    event = an_event(
        Kind.INTERACTION,
        "text",
        id=id_,
        channel=id_,
        told_at=from_iso(example["createdAt"]),
        fact=Fact(interaction=deed),
    )
    shown = msgspec.json.decode(msgspec.json.encode(show_interaction(event, message)))
    assert same(shown) == same(example)


def test_the_published_whatsapp_interaction() -> None:
    example = published("08-interaction-whatsapp.json")
    message = an_outgoing(
        **{
            **whatsapp(""),
            "recipients": (Recipient("00000000-0000-0000-0000-000000000000", {"phonenumber": "+311111111"}),),
        },
        id=example["payload"]["messageId"],
    )
    event = an_event(
        Kind.READ,
        "whatsapp",
        id=example["payload"]["id"],
        channel=example["payload"]["channelId"],
        told_at=from_iso(example["payload"]["createdAt"]),
        fact=Fact(references=(example["payload"]["messageReference"],)),
    )
    body = told(a_telling(event, message))
    assert (body["service"], body["event"]) == (example["service"], example["event"])
    assert same(body["payload"]) == same(example["payload"])


@pytest.mark.parametrize(
    "name",
    ["01-inbound-subscription.json", "03-outbound-subscription.json", "07-interaction-subscription.json"],
)
def test_the_published_subscriptions(name: str) -> None:
    example = published(name)
    example["event"] = example["event"].replace("<channel>", "instagram")
    draft = read_subscription(msgspec.json.encode(example))
    filters = tuple(Filter(each["key"], each["value"]) for each in example["eventFilters"])
    assert (draft.url, draft.secret, draft.active) == ("http://site", "key", True)
    assert draft.wanted == (Wanted(example["event"], filters),)
    subscription = a_subscription("", url=draft.url, wanted=draft.wanted, secret=Secret(draft.secret))
    assert show_subscription(subscription) == {
        **{name: value for name, value in example.items() if name != "signingKey"},
        "id": subscription.id,
        "status": "active",
        "createdAt": "2024-04-15T03:37:16.441Z",
        "updatedAt": "2024-04-15T03:37:19.920Z",
    }
