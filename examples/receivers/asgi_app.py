"""Receive webhooks with any ASGI server, and no framework.

    WEBHOOK_KEYS="whsec_…" uvicorn asgi_app:app --port 9200

`WEBHOOK_KEYS` are the subscriptions' signing keys, with spaces between; `WEBHOOK_SEEN` is the file that remembers what
was done.
"""

import asyncio
import logging
import os
from typing import Any

from tidings.receiver import BadSignature, Event, SqliteSeen, UnderWay, Unreadable, Webhook

LARGEST = 32 * 2**20
logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("webhooks")
webhook = Webhook(os.environ["WEBHOOK_KEYS"].split())
seen = SqliteSeen(os.environ.get("WEBHOOK_SEEN", "seen.db"))


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request; an error makes the server answer 500, and the hub tells it again."""
    assert scope["type"] == "http"
    status, text = (await answer(scope, receive)) if scope["method"] == "POST" else (405, "only POST")
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text.encode()})


async def answer(scope: Any, receive: Any) -> tuple[int, str]:
    """Read the whole body, prove it, and do what was told."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            return 413, "too large"
    try:
        await asyncio.to_thread(do, webhook.events(scope["headers"], body))
    except BadSignature as error:
        return 401, str(error)
    except Unreadable as error:
        return 400, str(error)
    except UnderWay as error:
        return 409, str(error)
    return 204, ""


def do(events: list[Event]) -> None:
    """Do each event once; what takes more than a few seconds belongs in a queue of your own."""
    for event in events:
        with seen.once(event.id) as first:
            if first:
                log.info("%s %s", event.name, event.message_id)
