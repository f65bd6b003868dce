"""Receive webhooks with FastAPI.

    WEBHOOK_KEYS="whsec_…" uvicorn fastapi_app:app --port 9200

`WEBHOOK_KEYS` are the subscriptions' signing keys, with spaces between; `WEBHOOK_SEEN` is the file that remembers what
was done.
"""

import logging
import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request

from tidings.receiver import BadSignature, Event, MessageFailed, SqliteSeen, UnderWay, Unreadable, Webhook

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("webhooks")
webhook = Webhook(os.environ["WEBHOOK_KEYS"].split())
seen = SqliteSeen(os.environ.get("WEBHOOK_SEEN", "seen.db"))
app = FastAPI()


async def told(request: Request) -> list[Event]:
    """Prove a request over the bytes that came, and read its events."""
    try:
        return webhook.events(request.headers, await request.body())
    except BadSignature as error:
        raise HTTPException(401, str(error)) from error
    except Unreadable as error:
        raise HTTPException(400, str(error)) from error


@app.post("/webhooks", status_code=204)
def take(events: Annotated[list[Event], Depends(told)]) -> None:
    """Do what was told, in a thread of FastAPI's; an error makes it a 500, and the hub tells it again."""
    try:
        for event in events:
            with seen.once(event.id) as first:
                if first:
                    act_on(event)
    except UnderWay as error:
        raise HTTPException(409, str(error)) from error


def act_on(event: Event) -> None:
    """Do what an event asks for; what takes more than a few seconds belongs in a queue of your own."""
    log.info("%s %s", event.name, event.message_id)
    if isinstance(event, MessageFailed):
        log.info("it failed: %s", event.payload.details.reason)
