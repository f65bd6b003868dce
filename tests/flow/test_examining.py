"""Examining a webhook where the store is asked what was sent; the rest is at its door."""

import pytest

from support.flows import flowing
from tidings.flow.examine import examine
from tidings.rules.signing.examining import Flaw, Received


@pytest.mark.parametrize("name", [r"\u0000", "x" * 100_000, "é"])
async def test_whatever_a_body_names_as_its_message_can_be_looked_up(database_url: str, name: str) -> None:
    async with flowing(database_url) as flow:
        subscription = await flow.subscribe("http://127.0.0.1:9/")
        body = f'{{"payload": {{"id": "{name}", "messageId": "{name}"}}}}'.encode()
        headers = {"webhook-id": name, "webhook-timestamp": "1", "webhook-signature": "v1,"}
        received = Received(headers=headers, body=body, url="", at=0)
        standard, own = await examine(flow.world, subscription, received)
        assert standard.flaw in (Flaw.UNPROVEN, Flaw.MALFORMED_HEADER)
        assert own.flaw is Flaw.MISSING_HEADER
