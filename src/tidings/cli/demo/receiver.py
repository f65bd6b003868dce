"""The subscriber: takes webhooks, and checks their signatures as any receiver would, with none of the hub's code."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

OMNICHANNEL = "omnichannel"
CHANNELS = "channels"

Verify = Callable[[Mapping[str, str], str, bytes, str], bool]
"""Checks a vocabulary's own signature: from the headers, the URL, the body and the secret."""


class Keys(NamedTuple):
    """What a subscription is signed with."""

    standard: str
    own: str


class Told(NamedTuple):
    """One webhook, read and checked."""

    vocabulary: str
    message: str
    label: str
    """Event, and platform, status or type."""
    standard: bool
    """Whether the Standard Webhooks signature is good."""
    own: bool
    """Whether the vocabulary's own signature is good."""


class Receiver:
    """An HTTP server with one path for each subscription: `/<vocabulary>/<name>`."""

    def __init__(self, hear: Callable[[Told], None]) -> None:
        self.keys: dict[str, Keys] = {}
        """By path."""
        self.url = ""
        self._hear = hear
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Receiver":
        """Listen on a free port of loopback."""
        app = web.Application()
        app.router.add_post("/{vocabulary}/{name}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        keys = self.keys.get(request.path)
        if keys is None:
            return web.Response(status=404)
        body, vocabulary = await request.read(), request.match_info["vocabulary"]
        headers = {name.lower(): value for name, value in request.headers.items()}
        own = VERIFY[vocabulary](headers, self.url + request.path, body, keys.own)
        message, label = read(vocabulary, json.loads(body))
        self._hear(Told(vocabulary, message, label, is_standard(headers, body, keys.standard), own))
        return web.Response(status=204)


def read(vocabulary: str, event: dict[str, Any]) -> tuple[str, str]:
    """Say which message a webhook is about, and what it tells in a few words."""
    payload = event["payload"]
    if vocabulary == OMNICHANNEL:
        where = payload.get("channel") or payload.get("details", {}).get("channel", "")
        return str(payload["id"]), f"{event['name']} {where}".rstrip()
    word = payload.get("status") or payload.get("type")
    return str(payload.get("messageId") or payload["id"]), f"{event['event']} {word}"


def is_standard(headers: Mapping[str, str], body: bytes, key: str) -> bool:
    """Check the Standard Webhooks signature with the specification's own library."""
    try:
        Webhook(key).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


def is_omnichannel(headers: Mapping[str, str], url: str, body: bytes, secret: str) -> bool:  # noqa: ARG001 - as below
    """Check `X-Comapi-Signature`: hex HMAC-SHA1 of the body."""
    good = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return hmac.compare_digest(good, headers.get("x-comapi-signature", ""))


def is_channels(headers: Mapping[str, str], url: str, body: bytes, secret: str) -> bool:
    """Check `messagebird-signature`: base64 HMAC-SHA256 of time, URL and the body's SHA-256, a line each."""
    timestamp = headers.get("messagebird-request-timestamp", "")
    signed = f"{timestamp}\n{url}\n".encode() + hashlib.sha256(body).digest()
    good = b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(good, headers.get("messagebird-signature", ""))


VERIFY: Mapping[str, Verify] = {OMNICHANNEL: is_omnichannel, CHANNELS: is_channels}
