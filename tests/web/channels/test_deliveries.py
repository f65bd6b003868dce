"""What became of telling a subscription, and trying it out."""

import base64
import hashlib
import hmac
from typing import Any

from standardwebhooks import Webhook

from support.receiver import Receiver
from support.tenant import Tenant
from tidings.dialects.channels.vocabulary import EVENTS, INTERACTIONS, STATUSES


async def subscribed(acme: Tenant, url: str, event: str = "sms.outbound", *filters: tuple[str, str]) -> dict[str, Any]:
    body = {
        "event": event,
        "url": url,
        "signingKey": "theirs",
        "eventFilters": [{"key": key, "value": value} for key, value in filters],
    }
    told = await acme.ask("POST", f"{acme.place}/webhook-subscriptions", body)
    assert told.status == 201, told
    made: dict[str, Any] = told.body
    return made


async def test_the_log_tells_what_the_endpoint_answered(acme: Tenant) -> None:
    channel = await acme.channel("sms")
    async with Receiver() as receiver:
        made = await subscribed(acme, receiver.url)
        contacts = [{"identifierValue": "+31612345678"}]
        send = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hi"}}}
        message = (await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", send)).body["id"]
        await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/delivered", {"channel": "sms"})
        got = await receiver.wait_for(3)
    path = f"{acme.place}/webhook-subscriptions/{made['id']}/logs"
    entries: list[dict[str, Any]] = []
    for _ in range(200):
        entries = (await acme.ask("GET", path)).body["results"]
        if len(entries) == 3:
            break
    ids = [each.headers["webhook-id"] for each in got]
    assert [each["eventId"] for each in entries] == ids[::-1]
    first = entries[-1]
    assert first == {
        "eventId": ids[0],
        "event": "sms.outbound",
        "messageId": message,
        "attempt": 1,
        "attemptedAt": first["attemptedAt"],
        "tookMs": first["tookMs"],
        "status": 204,
        "verdict": "done",
        "class": "",
        "error": "",
        "headers": {"date": first["headers"]["date"], "server": first["headers"]["server"]},
        "response": "",
    }
    seen = []
    token: str | None = ""
    while token is not None:
        page = (await acme.ask("GET", f"{path}?limit=2{token and f'&pageToken={token}'}")).body
        seen += page["results"]
        token = page["nextPageToken"]
    assert seen == entries
    for query in ("pageToken=x", "limit=0", "pageToken=1-", "pageToken=1-1-1"):
        assert (await acme.ask("GET", f"{path}?{query}")).status == 400


async def test_an_endpoint_that_is_not_there_is_told_too(acme: Tenant) -> None:
    await acme.channel("sms")
    made = await subscribed(acme, "http://127.0.0.1:9/")
    send = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
    await acme.ask("POST", f"{acme.space}/messages", send)
    path = f"{acme.place}/webhook-subscriptions/{made['id']}/logs"
    entries: list[dict[str, Any]] = []
    for _ in range(200):
        entries = (await acme.ask("GET", path)).body["results"]
        if entries:
            break
    (entry,) = entries
    assert [entry[name] for name in ("status", "verdict", "class", "error")] == [None, "retry", "refused", "connect"]


async def test_a_test_event_is_signed_like_every_other_and_written_nowhere(acme: Tenant) -> None:
    acme.come_to_the_present()
    channel = await acme.channel("sms")
    async with Receiver() as receiver:
        made = await subscribed(
            acme, f"{receiver.url}/hook?a=1", "sms.outbound", ("messageStatus", "delivered"), ("channelId", channel)
        )
        path = f"{acme.place}/webhook-subscriptions/{made['id']}"
        told = await acme.ask("POST", f"{path}/test")
        (got,) = receiver.got
    assert told.status == 200
    assert told.body == {
        "eventId": got.headers["webhook-id"],
        "event": "sms.outbound",
        "url": f"{receiver.url}/hook?a=1",
        "delivered": True,
        "tookMs": told.body["tookMs"],
        "status": 204,
        "error": "",
        "detail": "",
        "response": "",
    }
    payload = got.json["payload"]
    assert (got.json["event"], payload["status"], payload["channelId"]) == ("sms.outbound", "delivered", channel)
    Webhook(made["standardSigningKey"]).verify(got.body, got.headers)
    at, url = got.headers["messagebird-request-timestamp"], f"{receiver.url}/hook?a=1"
    signed = f"{at}\n{url}\n".encode() + hashlib.sha256(got.body).digest()
    assert got.headers["messagebird-signature"] == base64.b64encode(hmac.digest(b"theirs", signed, "sha256")).decode()
    assert (got.headers["tidings-attempt"], got.headers["tidings-test"]) == ("1", "true")
    assert got.headers["content-type"] == "application/json"
    assert (await acme.ask("GET", f"{path}/logs")).body["results"] == []
    assert (await acme.ask("GET", f"{acme.place}/events")).body["results"] == []
    assert (await acme.ask("GET", f"{acme.space}/messages")).body == []


async def test_a_test_tells_how_it_failed(acme: Tenant) -> None:
    async with Receiver(lambda _: 503) as receiver:
        made = await subscribed(acme, receiver.url)
        told = await acme.ask("POST", f"{acme.place}/webhook-subscriptions/{made['id']}/test")
        assert (told.status, told.body["delivered"], told.body["status"], told.body["error"]) == (200, False, 503, "")
    told = await acme.ask("POST", f"{acme.place}/webhook-subscriptions/{made['id']}/test")
    assert (told.status, told.body["delivered"], told.body["status"]) == (200, False, None)
    assert (told.body["error"], bool(told.body["detail"])) == ("connect", True)


async def test_every_event_and_filter_can_be_tested(acme: Tenant) -> None:
    await acme.channel("pager")
    channel = await acme.channel("whatsapp")
    async with Receiver() as receiver:
        wanted = [
            *((event, ()) for event in (*EVENTS, "pager.inbound")),
            *(("sms.outbound", (("messageStatus", status),)) for status in STATUSES),
            *(("whatsapp.interaction", (("interactionType", deed),)) for deed in INTERACTIONS),
            ("whatsapp.inbound", (("channelId", channel),)),
        ]
        for event, filters in wanted:
            made = await subscribed(acme, receiver.url, event, *filters)
            path = f"{acme.place}/webhook-subscriptions/{made['id']}"
            receiver.got.clear()
            told = await acme.ask("POST", f"{path}/test")
            assert (told.status, told.body["event"], receiver.got[0].json["event"]) == (200, event, event)
            payload = receiver.got[0].json["payload"]
            for key, value in filters:
                name = {"messageStatus": "status", "interactionType": "type", "channelId": "channelId"}[key]
                assert payload[name] == value
            await acme.ask("DELETE", path)


async def test_what_no_event_can_be_cannot_be_tested(acme: Tenant) -> None:
    async with Receiver() as receiver:
        made = await subscribed(acme, receiver.url, "email.interaction", ("interactionType", "read"))
        told = await acme.ask("POST", f"{acme.place}/webhook-subscriptions/{made['id']}/test")
        assert (told.status, told.wrong, receiver.got) == (409, [("eventFilters", "conflict")], [])
