"""The same request twice at the same moment: it is done once, and both are answered alike."""

import asyncio
from typing import Any

import pytest

from support.tenant import Tenant

SEND = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hello"}
INBOUND = {"channel": "sms", "from": "+31612345678", "body": "Hi"}
HOOK = {"url": "http://127.0.0.1:9/", "subscriptions": [{"type": "message.*"}]}


@pytest.mark.parametrize(
    ("below", "body", "status"),
    [
        ("messages", SEND, 201),
        ("messages/batch", [SEND], 202),
        ("messages/inbounds", INBOUND, 201),
        ("messages/{message}/statuses/sent", {"channel": "sms"}, 200),
        ("webhooks", HOOK, 201),
    ],
)
async def test_the_key_of_both_does_it_once(acme: Tenant, below: str, body: Any, status: int) -> None:
    await acme.channel("sms")
    message = (await acme.ask("POST", "/cpaas/messages", SEND)).body["messageId"]
    path = f"/cpaas/{below.format(message=message)}"
    told = await asyncio.gather(*(acme.ask("POST", path, body, idempotency_key="both") for _ in range(2)))
    first, again = sorted(told, key=lambda each: "idempotency-replayed" in each.headers)
    assert (first.status, again.status, again.body) == (status, status, first.body)
    assert ("idempotency-replayed" in first.headers, "idempotency-replayed" in again.headers) == (False, True)
    messages = (await acme.ask("GET", "/cpaas/messages")).body
    webhooks = (await acme.ask("GET", "/cpaas/webhooks")).body
    assert len(messages) + len(webhooks) == (1 if "statuses" in below else 2)


async def test_an_inbound_with_an_id_becomes_one_message(acme: Tenant) -> None:
    await acme.channel("sms")
    body = {**INBOUND, "channelData": {"id": "theirs"}}
    told = await asyncio.gather(*(acme.ask("POST", "/cpaas/messages/inbounds", body) for _ in range(2)))
    assert sorted(each.status for each in told) == [200, 201]
    assert told[0].body == told[1].body
