"""Sending over a channel, reading back, listing, and what people did."""

import json
from typing import Any

from support.tenant import Tenant
from tidings.rules.signing import key_from, sign_standard

NUMBER = "+31612345678"
KEY = key_from(b"k" * 32)


def to(number: str = NUMBER, text: str = "Hello", **more: Any) -> dict[str, Any]:
    contacts = [{"identifierKey": "phonenumber", "identifierValue": number}]
    return {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": text}}, **more}


async def post_signed(acme: Tenant, channel: str, reports: list[dict[str, Any]]) -> None:
    """Report as the custom channel's provider does."""
    body, now = json.dumps(reports).encode(), acme.world.clock.now() // 1000
    headers = {
        "webhook_id": "1",
        "webhook_timestamp": str(now),
        "webhook_signature": sign_standard(KEY, "1", now, body),
    }
    assert (await acme.ask("POST", f"/callbacks/{channel}", body, **headers)).status == 200


async def test_a_message_is_taken_and_read_back(acme: Tenant) -> None:
    channel = await acme.channel("sms")
    place = f"{acme.place}/channels/{channel}/messages"
    asked = to(reference="order 7", meta={"extraInformation": {"order": "7"}})
    told = await acme.ask("POST", place, asked)
    message = told.body
    created = message["createdAt"]
    contact = message["receiver"]["contacts"][0]
    assert told.status == 202
    assert message == {
        "id": message["id"],
        "channelId": channel,
        "sender": {"connector": {"id": message["sender"]["connector"]["id"], "identifierValue": ""}},
        "receiver": {
            "contacts": [
                {"id": contact["id"], "identifierKey": "phonenumber", "identifierValue": NUMBER, "countryCode": "NL"}
            ]
        },
        "body": asked["body"],
        "meta": asked["meta"],
        "reference": "order 7",
        "parts": [],
        "status": "accepted",
        "reason": "",
        "direction": "outgoing",
        "lastStatusAt": created,
        "createdAt": created,
        "updatedAt": created,
    }
    read = await acme.ask("GET", f"{place}/{message['id']}")
    assert (read.status, {**read.body, "lastStatusAt": created, "updatedAt": created}) == (200, message)
    assert "etag" in read.headers
    again = to()
    again["receiver"]["contacts"] = [{"id": contact["id"]}]
    known = await acme.ask("POST", place, again)
    assert known.body["receiver"] == message["receiver"]


async def test_what_does_not_fit_is_refused_and_changes_nothing(acme: Tenant, stranger: Tenant) -> None:
    channel = await acme.channel("sms")
    email = await acme.channel("email")
    place = f"{acme.place}/channels/{channel}/messages"
    someone = "receiver.contacts[0]"
    cases: list[tuple[Any, list[tuple[str, str]]]] = [
        (b"", [("", "json")]),
        (b"[]", [("", "type")]),
        ({"body": to()["body"]}, [("receiver", "required")]),
        ({**to(), "boddy": 1}, [("boddy", "unknown")]),
        ({**to(), "body": {"type": 7}}, [("body.type", "type")]),
        ({"receiver": to()["receiver"]}, [("body", "required")]),
        (to("12"), [(f"{someone}.identifierValue", "address")]),
        ({**to(), "receiver": {"contacts": []}}, [("receiver.contacts", "required")]),
        ({**to(), "receiver": {"contacts": [{"id": "nobody"}]}}, [(f"{someone}.id", "unknown")]),
        ({**to(), "validity": 0, "reference": "a\nb"}, [("reference", "invalid"), ("validity", "invalid")]),
        (b'{"receiver": {"contacts": [{"identifierValue": "\\u0000"}]}}', [(f"{someone}.identifierValue", "text")]),
        (b"[" * 100_000, [("", "too-deep")]),
    ]
    for body, wrong in cases:
        told = await acme.ask("POST", place, body)
        assert (told.status, told.wrong) == (422, wrong)
        assert told.headers["content-type"] == "application/problem+json"
        assert "validationFailures" not in told.body
    two = {**to(), "receiver": {"contacts": [{"identifierValue": "a@example.com"}, {"identifierValue": "nobody"}]}}
    told = await acme.ask("POST", f"{acme.place}/channels/{email}/messages", two)
    assert (told.status, told.wrong) == (422, [("receiver.contacts[1].identifierValue", "address")])
    for asker, named in ((acme, "unknown"), (stranger, channel)):
        assert (await asker.ask("POST", f"{asker.place}/channels/{named}/messages", to())).status == 404
    assert (await stranger.ask("POST", place, to())).status == 401
    for each in (channel, email):
        assert (await acme.ask("GET", f"{acme.place}/channels/{each}/messages")).body == {
            "results": [],
            "nextPageToken": None,
        }


async def test_what_the_provider_cannot_send_is_refused(acme: Tenant) -> None:
    settings = {"accountSid": "AC" + "0" * 32, "authToken": "token", "sender": "+15005550006"}
    channel = await acme.channel("sms", "twilio", settings=settings)
    place = {"type": "location", "location": {"coordinates": {"latitude": 52.1, "longitude": 5.1}}}
    told = await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", {**to(), "body": place})
    assert (told.status, [each["code"] for each in told.body["errors"]]) == (422, ["unsupported"])
    listed = await acme.ask("GET", f"{acme.place}/channels/{channel}/messages")
    assert listed.body["results"] == []


async def test_an_idempotency_key_sends_once(acme: Tenant) -> None:
    channel = await acme.channel("sms")
    place = f"{acme.place}/channels/{channel}/messages"
    first = await acme.ask("POST", place, to(), idempotency_key="once")
    again = await acme.ask("POST", place, to(), idempotency_key="once")
    other = await acme.ask("POST", place, to(text="Else"), idempotency_key="once")
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (202, first.body, "true")
    assert other.status == 409
    assert len((await acme.ask("GET", place)).body["results"]) == 1


async def test_lists_go_on_where_the_page_before_ended(acme: Tenant) -> None:
    channel, other = await acme.channel("sms"), await acme.channel("sms")
    place = f"{acme.place}/channels/{channel}/messages"
    sent = [(await acme.ask("POST", place, to(text=str(number)))).body["id"] for number in range(5)]
    await acme.ask("POST", f"{acme.place}/channels/{other}/messages", to())
    for query in ("limit=2", "limit=2&phonenumber=31612345678", "limit=2&phonenumber=%2B31612345678"):
        seen: list[str] = []
        token: str | None = ""
        while token is not None:
            told = await acme.ask("GET", f"{place}?{query}{token and f'&pageToken={token}'}")
            assert told.status == 200
            seen += [each["id"] for each in told.body["results"]]
            token = told.body["nextPageToken"]
        assert seen == sent[::-1]
    assert (await acme.ask("GET", f"{place}?phonenumber=31699999999")).body["results"] == []
    for query, wrong in (("limit=0", "limit"), ("pageToken=x", "pageToken"), ("phonenumber=x", "phonenumber")):
        told = await acme.ask("GET", f"{place}?{query}")
        assert (told.status, [each["path"] for each in told.body["errors"]]) == (400, [wrong])


async def test_every_message_of_a_channel_is_listed_however_it_fared(acme: Tenant) -> None:
    channel = await acme.channel("sms", allowedCountries=["NL"])
    place = f"{acme.place}/channels/{channel}/messages"
    waiting = (await acme.ask("POST", place, to())).body["id"]
    told = (await acme.ask("POST", place, to())).body["id"]
    await acme.ask("POST", f"{acme.space}/messages/{told}/statuses/delivered", {"channel": "sms"})
    refused = await acme.ask("POST", place, to("+15005550006"))
    assert (refused.status, refused.body["status"]) == (202, "sending_failed")
    inbound = {"channel": "sms", "from": NUMBER, "body": "Yes"}
    came_in = (await acme.ask("POST", f"{acme.space}/messages/inbounds", inbound)).body["id"]
    listed = (await acme.ask("GET", place)).body["results"]
    assert [(each["id"], each["status"], each["direction"]) for each in listed] == [
        (came_in, "delivered", "incoming"),
        (refused.body["id"], "sending_failed", "outgoing"),
        (told, "delivered", "outgoing"),
        (waiting, "accepted", "outgoing"),
    ]
    for number, ids in ((NUMBER, [came_in, told, waiting]), ("+15005550006", [refused.body["id"]])):
        narrowed = await acme.ask("GET", f"{place}?phonenumber={number[1:]}")
        assert [each["id"] for each in narrowed.body["results"]] == ids
    for each in listed:
        assert (await acme.ask("GET", f"{place}/{each['id']}")).body == each


async def test_a_channel_knows_its_own_messages_only(acme: Tenant, stranger: Tenant) -> None:
    channel, other = await acme.channel("sms"), await acme.channel("viber")
    message = (await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", to())).body["id"]
    for below in (f"messages/{message}", f"messages/{message}/interactions"):
        assert (await acme.ask("GET", f"{acme.place}/channels/{channel}/{below}")).status == 200
        for named in (other, "unknown"):
            assert (await acme.ask("GET", f"{acme.place}/channels/{named}/{below}")).status == 404
        assert (await stranger.ask("GET", f"{acme.place}/channels/{channel}/{below}")).status == 401
        assert (await stranger.ask("GET", f"{stranger.place}/channels/{channel}/{below}")).status == 404
    assert (await acme.ask("GET", f"{acme.place}/channels/{channel}/messages/unknown")).status == 404
    sender = await acme.key_with("send")
    assert (await acme.ask("GET", f"{acme.place}/channels/{channel}/messages", key=sender)).status == 403
    reader = await acme.key_with("read")
    assert (await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", to(), key=reader)).status == 403


async def test_what_people_did_is_listed(acme: Tenant) -> None:
    channel = await acme.channel("whatsapp", settings={"signingKey": KEY})
    place = f"{acme.place}/channels/{channel}/messages"
    message = (await acme.ask("POST", place, to(tags=["spring"]))).body["id"]
    await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/read", {"channel": "whatsApp"})
    interactions = f"{place}/{message}/interactions"
    told = await acme.ask("GET", interactions)
    (read,) = told.body["results"]
    assert told.body == {
        "results": [
            {
                "id": read["id"],
                "messageId": message,
                "channelId": channel,
                "platformId": "whatsapp",
                "type": "read",
                "messageReference": read["messageReference"],
                "messagePartsCount": read["messagePartsCount"],
                "messageTags": ["spring"],
                "receiver": {
                    "contacts": [
                        {
                            "id": read["receiver"]["contacts"][0]["id"],
                            "identifierKey": "phonenumber",
                            "identifierValue": NUMBER[1:],
                        }
                    ]
                },
                "createdAt": read["createdAt"],
                "details": "",
                "context": {},
                "metadata": {},
            }
        ]
    }
    clicks = [{"type": "interaction", "id": f"c{n}", "messageId": message, "interaction": "clicked"} for n in range(3)]
    await post_signed(acme, channel, clicks)
    seen: list[str] = []
    path = f"{interactions}?limit=2"
    while path:
        page = (await acme.ask("GET", path)).body
        seen += [each["type"] for each in page["results"]]
        path = f"{interactions}?limit=2&pageToken={page['nextPageToken']}" if "nextPageToken" in page else ""
    assert seen == ["read", "clicked", "clicked", "clicked"]
    bad = await acme.ask("GET", f"{interactions}?pageToken=x")
    assert (bad.status, bad.wrong) == (400, [("pageToken", "token")])
