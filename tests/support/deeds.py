"""What people do with messages, as the provider of a custom channel reports it."""

import json
from typing import Any, Final

from support.tenant import Tenant
from tidings.rules.signing import key_from, sign_standard

KEY: Final = key_from(b"k" * 32)
"""The key that such a provider signs with."""

PERSON: Final = "+31612345678"


async def channel(tenant: Tenant, platform: str) -> str:
    """Set up a custom channel whose provider reports."""
    return await tenant.channel(platform, settings={"signingKey": KEY})


async def report(tenant: Tenant, channel: str, *reports: dict[str, Any]) -> None:
    """Report as the channel's provider does."""
    body, now = json.dumps(reports).encode(), tenant.world.clock.now() // 1000
    signature = sign_standard(KEY, "1", now, body)
    headers = {"webhook_id": "1", "webhook_timestamp": str(now), "webhook_signature": signature}
    assert (await tenant.ask("POST", f"/callbacks/{channel}", body, **headers)).status == 200


def deed(key: str, message: str, kind: str, **said: Any) -> dict[str, Any]:
    """Write down what somebody did with a message."""
    return {"type": "interaction", "id": key, "messageId": message, "interaction": kind, **said}


def once(at: str, *, human: int = 1, machine: int = 0) -> dict[str, Any]:
    """Write a count as it is shown where everything was done at one time."""
    return {"human": human, "machine": machine, "firstAt": at, "lastAt": at}
