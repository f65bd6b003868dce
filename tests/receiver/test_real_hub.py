"""What a real hub posts, in both vocabularies, through the receiver's eyes."""

from pathlib import Path
from typing import Any

import pytest

from support.hub import running
from support.keys import ed25519_key
from support.receiver import Got, Receiver
from tidings.receiver import BadSignature, Event, MessageDelivered, MessageSent, MessageSentRequest, Outbound, Webhook
from tidings.rules.signing import Signer, public_key

SECRET = "a secret of sixteen or more"


async def test_every_signature_of_a_hub_is_believed_and_every_event_is_read(tmp_path: Path) -> None:
    async with Receiver() as receiver, running(tmp_path) as hub:
        workspace, _ = await hub.workspace()
        names = ["message.sentRequest", "message.sent", "message.delivered"]
        url = f"{receiver.url}/omnichannel"
        webhook = {"url": url, "secret": SECRET, "subscriptions": [{"type": each} for each in names]}
        omnichannel = await hub.ask("POST", f"/apispaces/{workspace}/webhooks", webhook)
        url = f"{receiver.url}/channels?from=tidings"
        asked = {"service": "channels", "event": "sms.outbound", "url": url, "signingKey": SECRET}
        channels = await hub.ask("POST", f"/workspaces/{workspace}/webhook-subscriptions", asked)
        await hub.channel(workspace, "sms", "custom", {})
        request = {"to": {"phoneNumber": "447712345678"}, "body": "Hello", "rules": ["sms"]}
        message = (await hub.ask("POST", f"/apispaces/{workspace}/messages", request))["messageId"]
        await hub.ask("POST", f"/apispaces/{workspace}/messages/{message}/statuses/delivered", {"channel": "sms"})
        await receiver.wait_for(6)

    hooks = {
        "/omnichannel": Webhook(omnichannel["signingKey"], comapi=SECRET),
        "/channels?from=tidings": Webhook(channels["standardSigningKey"], messagebird=SECRET, url=url),
    }
    told = {path: [_read(hooks[path], got) for got in receiver.got if got.path == path] for path in hooks}
    in_words, in_statuses = told.values()
    assert [type(event) for event in in_words] == [MessageSentRequest, MessageSent, MessageDelivered]
    assert [_status(event) for event in in_statuses] == ["accepted", "sent", "delivered"]
    assert {event.message_id for events in told.values() for event in events} == {message}
    assert [event.id for event in in_words] == [event.id for event in in_statuses]


def test_what_the_hub_signs_with_a_pair_is_believed_with_its_public_half() -> None:
    pair = ed25519_key()
    hook = Webhook(public_key(pair.secret), now=lambda: 1_700_000_000)
    signature = Signer(pair).sign("evt-1", 1_700_000_000, b"{}")
    headers = {"webhook-id": "evt-1", "webhook-timestamp": "1700000000", "webhook-signature": signature}
    hook.verify(headers, b"{}")
    with pytest.raises(BadSignature):
        hook.verify({**headers, "webhook-id": "evt-2"}, b"{}")


def _read(hook: Webhook, got: Got) -> Event:
    (event,) = hook.events(got.headers, got.body)
    assert event.id == got.id
    for broken in ({**got.headers, "webhook-id": "another"}, {}):
        with pytest.raises(BadSignature):
            hook.verify(broken, got.body)
    with pytest.raises(BadSignature):
        hook.verify(got.headers, got.body + b" ")
    return event


def _status(event: Any) -> str:
    assert isinstance(event, Outbound)
    return event.payload.status
