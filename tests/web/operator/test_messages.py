"""The whole life of a message."""

from typing import Any

from support.lives import PERSON, Living, receipt
from support.receiver import Receiver
from support.waiting import until
from tidings.model.reports import Target
from tidings.model.stages import Stage
from tidings.web.operator.shown import shown

NOW = "2026-09-21T14:13:20.000Z"


def event(kind: str, position: int, revision: int, **more: Any) -> dict[str, Any]:
    flags = {"submitted": False, "implied": False, "late": False}
    return {"position": position, "revision": revision, "kind": kind, **flags, **more}


async def test_whole_life_is_shown(life: Living) -> None:
    message = await life.send(metadata={"order": 7})
    clicked = {
        "type": "interaction",
        "id": "c1",
        "interaction": "clicked",
        "messageId": message,
        "url": "https://a.example",
    }
    sent, delivered = receipt(message, "sent"), receipt(message, "delivered", segmentCount=1)
    await life.report(delivered, clicked, sent)
    told = await life.ask("GET", f"/messages/{message}")
    contact = told["recipients"][0].pop("contactId")
    assert len(contact) == 36
    common = {"messageId": message, "platform": "sms", "channelId": life.channel, "at": NOW, "toldAt": NOW}
    for each in (*told["events"], *told["interactions"]):
        assert len(each.pop("id")) == 36
    interaction = event(
        "interaction",
        4,
        4,
        interaction={
            "type": "interaction",
            "key": "interaction:c1",
            "deed": "clicked",
            "target": {"messageId": message},
            "raw": clicked,
            "url": "https://a.example",
            "prefetched": False,
        },
    )
    expected = [
        event("accepted", 1, 1),
        event("sent", 2, 2, implied=True, units=1),
        event("delivered", 3, 3, raw=delivered, units=1),
        interaction,
    ]
    assert told.pop("events") == [{**common, **each, "attempts": []} for each in expected]
    assert told.pop("interactions") == [{**common, **interaction, "attempts": []}]
    once = {"human": 1, "machine": 0, "firstAt": NOW, "lastAt": NOW}
    assert told.pop("counts") == {"clicked": once, "links": [{"url": "https://a.example", "name": "", **once}]}
    request = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": "Hi", "metadata": {"order": 7}}
    assert told == {
        "id": message,
        "workspace": life.workspace,
        "direction": "outgoing",
        "createdAt": NOW,
        "dialect": "omnichannel",
        "recipients": [{"addresses": {"phonenumber": PERSON}, "type": "to", "country": "GB"}],
        "routes": [{"platform": "sms"}],
        "content": {"text": "Hi"},
        "metadata": {"order": 7},
        "expiresAt": "2026-09-23T14:13:20.000Z",
        "campaign": False,
        "transactional": False,
        "requireOptIn": False,
        "request": request,
        "redacted": False,
        "revision": 4,
        "stage": "delivered",
        "told": ["accepted", "sent", "delivered"],
        "hops": [
            {
                "number": 0,
                "platform": "sms",
                "channelId": life.channel,
                "address": PERSON,
                "stage": "delivered",
                "submitted": True,
                "cancelled": False,
                "tries": 0,
                "parts": [{"stage": "delivered"}],
                "expected": 1,
                "units": 1,
                "updatedAt": NOW,
                "receipted": True,
                "lastWord": False,
                "ownReceipt": False,
            }
        ],
        "updatedAt": NOW,
        "history": [
            {
                "at": NOW,
                "report": {"type": "receipt", "target": {"messageId": message}, "stage": "sent", "raw": sent},
            }
        ],
    }


async def test_attempts_to_tell_it_are_shown(life: Living) -> None:
    async with Receiver() as receiver:
        asked = {"service": "channels", "event": "sms.outbound", "url": receiver.url, "signingKey": "k" * 16}
        made = await life.visit.made(f"{life.path}/webhook-subscriptions", asked, key=life.key)
        message = await life.send()
        await receiver.wait_for(1)

        async def attempts() -> Any:
            return (await life.ask("GET", f"/messages/{message}"))["events"][0]["attempts"]

        shown_attempts = await attempts()
        await until(lambda: life.visit.hub.readers.notifiers[0].cursor >= 1)
        while not shown_attempts:
            shown_attempts = await attempts()
        (attempt,) = shown_attempts
        assert attempt.pop("tookMs") >= 0
        assert attempt == {
            "subscriptionId": made["id"],
            "position": 1,
            "number": 1,
            "at": NOW,
            "status": 204,
            "verdict": "done",
        }


async def test_inbound_message_has_a_life_too(life: Living) -> None:
    outgoing = await life.send()
    await life.fetch()
    await life.report({"type": "inbound", "id": "in1", "from": PERSON, "to": "Acme", "body": "Thanks"})
    (inbound,) = (await life.ask("GET", "/events?types=inbound"))["results"]
    told = await life.ask("GET", f"/messages/{inbound['messageId']}")
    assert told["direction"] == "incoming"
    assert told["channelId"] == life.channel
    assert told["correlation"] == {"messageId": outgoing}
    assert told["content"] == {"text": "Thanks"}
    assert told["platformReference"] == "in1"
    assert told["stage"] == "delivered"


async def test_no_message_of_anybody_else_is_shown(life: Living) -> None:
    message = await life.send()
    other, key = await life.visit.workspace("Other")
    for named in (message, "nope"):
        answer = await life.visit("GET", f"/workspaces/{other}/messages/{named}", key=key)
        assert (answer.status_code, answer.json()["detail"]) == (404, f"There is no message {named}.")


def test_everything_of_the_model_can_be_shown() -> None:
    assert shown({"a": (Stage.SENT, [1, None])}) == {"a": ["sent", [1, None]]}
    assert shown(Target(until=10**17)) == {"until": 10**17}
    assert shown(b"text \xff") == "text �"
