"""Messages and interactions as the API shows them."""

from typing import Any

import msgspec
from msgspec import Raw

from dialects.channels.samples import (
    AT,
    CHANNEL,
    CONTACT,
    CREATED_AT,
    an_event,
    an_incoming,
    an_outgoing,
)
from tidings.dialects.channels import show_interaction, show_message
from tidings.dialects.channels.parties import connector_id
from tidings.model.content import Content, Template
from tidings.model.events import Fact, Kind
from tidings.model.messages import Hop, Life, Message, Part, Recipient, Route
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason, Stage

CREATED, UPDATED = "2024-04-15T03:37:16.441Z", "2024-04-15T03:37:19.920Z"


def show(message: Message, life: Life, channel: str = CHANNEL) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(show_message(message, life, channel=channel)))
    return shown


def a_hop(number: int = 0, **fields: Any) -> Hop:
    return Hop(number, fields.pop("platform", "sms"), fields.pop("channel", CHANNEL), "+590690000000", **fields)


def test_a_message_that_was_just_accepted() -> None:
    message = an_outgoing(sender="Acme", sender_name="Acme Ltd", metadata=Raw(b'{"order":17}'), reference="r")
    assert show(message, Life(message.id)) == {
        "id": message.id,
        "channelId": CHANNEL,
        "sender": {
            "connector": {
                "id": connector_id(CHANNEL),
                "identifierValue": "Acme",
                "annotations": {"name": "Acme Ltd"},
            }
        },
        "receiver": {
            "contacts": [
                {
                    "id": CONTACT,
                    "identifierKey": "phonenumber",
                    "identifierValue": "+590690000000",
                    "countryCode": "GP",
                }
            ]
        },
        "body": {"type": "text", "text": {"text": "Hello World !"}},
        "meta": {"extraInformation": {"order": 17}},
        "reference": "r",
        "parts": [],
        "status": "accepted",
        "reason": "",
        "direction": "outgoing",
        "lastStatusAt": CREATED,
        "createdAt": CREATED,
        "updatedAt": CREATED,
    }


def test_the_status_of_every_stage() -> None:
    message = an_outgoing()

    def status(stage: Stage, *, submitted: bool) -> str:
        word = show(message, Life(message.id, stage=stage, hops=(a_hop(submitted=submitted),)))["status"]
        assert isinstance(word, str)
        return word

    assert {
        (stage, submitted): status(stage, submitted=submitted) for stage in Stage for submitted in (False, True)
    } == {
        (Stage.ACCEPTED, False): "accepted",
        (Stage.ACCEPTED, True): "accepted",
        (Stage.PROCESSING, False): "accepted",
        (Stage.PROCESSING, True): "accepted",
        (Stage.SENT, False): "sent",
        (Stage.SENT, True): "sent",
        (Stage.EXPIRED, False): "sending_failed",
        (Stage.EXPIRED, True): "delivery_failed",
        (Stage.FAILED, False): "sending_failed",
        (Stage.FAILED, True): "delivery_failed",
        (Stage.DELIVERED, False): "delivered",
        (Stage.DELIVERED, True): "delivered",
        (Stage.READ, False): "delivered",
        (Stage.READ, True): "delivered",
    }


def test_a_message_that_failed_after_a_fallback_shows_the_hop_over_the_channel() -> None:
    message = an_outgoing()
    failed = Reason(Cause.BLOCKED, "Carrier says no", "21610")
    hops = (
        a_hop(0, stage=Stage.FAILED, submitted=True, parts=(Part("SM1"),), units=2, sender="+46790000000"),
        a_hop(1, platform="mms", channel="other", stage=Stage.FAILED, parts=()),
    )
    shown = show(message, Life(message.id, stage=Stage.FAILED, hops=hops, reason=failed, updated_at=AT))
    assert {name: shown[name] for name in ("parts", "chargeableUnits", "status", "reason", "failure", "updatedAt")} == {
        "parts": [{"platformReference": "SM1"}],
        "chargeableUnits": 2,
        "status": "delivery_failed",
        "reason": "Carrier says no",
        "failure": {"code": "blocked", "source": {"name": "sms", "code": "21610"}},
        "updatedAt": UPDATED,
    }
    assert shown["sender"]["connector"]["identifierValue"] == "+46790000000"
    elsewhere = show(message, Life(message.id, stage=Stage.FAILED, hops=hops), channel="third")
    assert (elsewhere["parts"], elsewhere["receiver"]["contacts"][0]["type"]) == ([], "to")


def test_a_message_that_expired_says_so() -> None:
    message = an_outgoing()
    closed = Reason(Cause.EXPIRED, "window")
    unsent = show(message, Life(message.id, stage=Stage.EXPIRED, reason=closed))
    unheard = show(message, Life(message.id, stage=Stage.EXPIRED, reason=closed, hops=(a_hop(submitted=True),)))
    assert (unsent["reason"], unheard["reason"]) == (
        "The message expired before it could be sent.",
        "The message expired before it was delivered.",
    )
    assert "failure" not in unheard


def test_a_failure_after_delivery_is_shown_beside_the_status() -> None:
    message = an_outgoing()
    late = Reason(Cause.BOUNCED, "Mailbox gone", "5.1.1")
    life = Life(message.id, stage=Stage.DELIVERED, hops=(a_hop(submitted=True),), late_failure=late)
    shown = show(message, life)
    assert (shown["status"], shown["lateFailure"]) == (
        "delivered",
        {"reason": "Mailbox gone", "code": "bounced", "source": {"name": "sms", "code": "5.1.1"}},
    )


def test_an_email_to_several_stays_sent_and_shows_what_became_of_each() -> None:
    message = an_outgoing(
        routes=(Route("email", CHANNEL),),
        content=Content(text="Hi", title="Sale", headers={"X-A": "1"}),
        recipients=(
            Recipient("c-1", {"emailaddress": "a@x.example"}),
            Recipient("c-2", {"emailaddress": "b@x.example"}, "cc"),
        ),
    )
    bounced = Reason(Cause.BOUNCED, "No such mailbox", "550")
    parts = (
        Part("<1@mail>", "a@x.example", Stage.DELIVERED),
        Part("<1@mail>", "b@x.example", Stage.FAILED, bounced),
        Part("<1@mail>", "c@x.example", Stage.EXPIRED, Reason(Cause.EXPIRED)),
    )
    hop = a_hop(platform="email", stage=Stage.FAILED, submitted=True, parts=parts)
    shown = show(message, Life(message.id, stage=Stage.DELIVERED, hops=(hop,)))
    assert shown["status"] == "sent"
    assert shown["parts"] == [
        {"platformReference": "<1@mail>", "recipient": "a@x.example", "status": "delivered"},
        {
            "platformReference": "<1@mail>",
            "recipient": "b@x.example",
            "status": "delivery_failed",
            "reason": "No such mailbox",
        },
        {
            "platformReference": "<1@mail>",
            "recipient": "c@x.example",
            "status": "delivery_failed",
            "reason": "The message expired before it was delivered.",
        },
    ]
    assert shown["meta"] == {"email": {"subject": "Sale", "headers": {"X-A": "1"}}}
    assert shown["body"] == {"type": "text", "text": {"text": "Hi", "metadata": {"subject": "Sale"}}}
    assert [each["type"] for each in shown["receiver"]["contacts"]] == ["to", "cc"]
    unsent = Life(message.id, stage=Stage.FAILED, hops=(a_hop(platform="email", stage=Stage.FAILED),))
    assert show(message, unsent)["status"] == "sending_failed"


def test_what_a_client_asked_in_this_vocabulary_comes_back_as_it_was() -> None:
    asked = b'{"receiver":{},"body":{"type":"list","list":{"altText":"kept"}},"template":null}'
    message = an_outgoing(dialect="channels", request=Raw(asked))
    assert show(message, Life(message.id))["body"] == {"type": "list", "list": {"altText": "kept"}}
    template = an_outgoing(dialect="channels", request=Raw(b'{"template":{"name":"welcome"}}'))
    shown = show(template, Life(template.id))
    assert shown["template"] == {"name": "welcome"}
    assert "body" not in shown


def test_what_a_client_asked_in_another_vocabulary_or_has_redacted_does_not() -> None:
    asked = Raw(b'{"body":"Hello"}')
    other = an_outgoing(dialect="omnichannel", request=asked, content=Content(template=Template("welcome")))
    assert show(other, Life(other.id))["template"] == {"name": "welcome"}
    redacted = an_outgoing(dialect="channels", request=asked, content=Content(), redacted=True)
    assert show(redacted, Life(redacted.id))["body"] == {"type": "text", "text": {"text": ""}}


def test_a_message_that_was_meant_for_nowhere() -> None:
    message = an_outgoing(routes=())
    assert show(message, Life(message.id))["status"] == "accepted"


def test_an_incoming_message() -> None:
    message = an_incoming(extra={"keyword": "STOP"})
    assert show(message, Life(message.id, updated_at=AT)) == {
        "id": message.id,
        "channelId": CHANNEL,
        "sender": {
            "contact": {"id": CONTACT, "identifierKey": "phonenumber", "identifierValue": "+590690000000"},
        },
        "receiver": {"connector": {"id": connector_id(CHANNEL), "identifierValue": "+46790000000"}},
        "body": {"type": "text", "text": {"text": "Hello World !"}},
        "meta": {"extraInformation": {"keyword": "STOP"}},
        "reference": "",
        "parts": [{"platformReference": "in-1"}],
        "status": "delivered",
        "reason": "",
        "direction": "incoming",
        "lastStatusAt": CREATED,
        "createdAt": CREATED,
        "updatedAt": UPDATED,
    }
    assert CREATED_AT < AT


def test_an_interaction_in_the_list_has_every_field() -> None:
    done = Interaction("k", Deed.REACTION, Target(), Raw(b"{}"), emoji="👍", action="react")
    event = an_event(Kind.INTERACTION, "apple-business-chat", fact=Fact(references=("r-1",), interaction=done))
    message = an_outgoing(tags=("vip",), recipients=(Recipient(CONTACT, {"applebusinesschatid": "urn:1"}),))
    common = {
        "id": event.id,
        "messageId": message.id,
        "channelId": CHANNEL,
        "platformId": "applebusinesschat",
        "messageReference": "r-1",
        "messagePartsCount": 1,
        "messageTags": ["vip"],
        "receiver": {
            "contacts": [{"id": CONTACT, "identifierKey": "applebusinesschatid", "identifierValue": "urn:1"}],
        },
        "createdAt": "2024-04-15T03:37:19.900Z",
        "details": "",
        "context": {},
    }
    shown = msgspec.json.decode(msgspec.json.encode(show_interaction(event, message)))
    assert shown == {**common, "type": "reaction", "metadata": {"reaction": {"emoji": "👍", "action": "react"}}}
    read = an_event(Kind.READ, "apple-business-chat", fact=Fact(references=("r-1",)))
    shown = msgspec.json.decode(msgspec.json.encode(show_interaction(read, message)))
    assert shown == {**common, "type": "read", "metadata": {}}
