"""Whatever comes to a door: it is read, or refused naming what is wrong; nothing else is raised."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.dialects.omnichannel import (
    read_batch,
    read_inbound,
    read_redaction,
    read_send,
    read_status,
    read_webhook,
    validation_failures,
)
from tidings.model.errors import Refused

NOW = 1_773_500_966_000
FIELDS = [
    *("to", "rules", "title", "body", "messageParts", "templateId", "customBody", "channelOptions", "metadata"),
    *("expiresOn", "conversationId", "from", "channel", "channelData", "channelStatus", "timestamp", "failureReason"),
    *("url", "secret", "subscriptions", "batch", "redact", "phoneNumber", "email", "profileId", "fbMessenger", "sms"),
    *("type", "data", "channels", "filters", "name", "value", "html", "messagingType", "agentId"),
]
TEXTS = st.text(max_size=8) | st.sampled_from(["sms", "9999-12-31T23:59:59-14:00", "447700900123", "https://[", "\0"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, below, max_size=4),
    max_leaves=12,
)
REQUESTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)
BASE: dict[str, Any] = {"to": {"phoneNumber": "447700900123"}, "rules": ["sms"], "body": "Hello"}

READERS: list[Callable[[bytes], object]] = [
    lambda body: read_send(body, now=NOW),
    lambda body: read_batch(b"[" + body + b"]", now=NOW),
    lambda body: read_status("failed", body, message_id="m", now=NOW),
    lambda body: read_inbound(body, now=NOW),
    read_redaction,
    read_webhook,
]


def only_refuses(body: bytes) -> None:
    refusals: list[Refused] = []
    for reader in READERS:
        try:
            reader(body)
        except Refused as refusal:
            refusals.append(refusal)
    assert [refusal.status for refusal in refusals] == [400] * len(refusals)
    assert all(validation_failures(refusal.errors) for refusal in refusals)


@settings(max_examples=150, deadline=None)
@given(REQUESTS)
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    only_refuses(json.dumps(fields).encode())
    only_refuses(json.dumps(BASE | fields).encode())
    only_refuses(json.dumps({"channel": "sms", "from": "447700900123", **fields}).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 60))
def test_any_bytes_are_read_or_refused(noise: bytes, place: int) -> None:
    body = json.dumps(BASE).encode()
    only_refuses(noise)
    only_refuses(body[:place])
    only_refuses(body[:place] + noise + body[place:])
