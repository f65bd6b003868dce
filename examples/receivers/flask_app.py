"""Receive webhooks with Flask.

    WEBHOOK_KEYS="whsec_…" flask --app flask_app run --port 9200

`WEBHOOK_KEYS` are the subscriptions' signing keys, with spaces between; `WEBHOOK_SEEN` is the file that remembers what
was done. Any number of workers may share it.
"""

import logging
import os

from flask import Flask, request

from tidings.receiver import BadSignature, Event, Outbound, SqliteSeen, UnderWay, Unreadable, Webhook

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("webhooks")
webhook = Webhook(os.environ["WEBHOOK_KEYS"].split())
seen = SqliteSeen(os.environ.get("WEBHOOK_SEEN", "seen.db"))
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 32 * 2**20


@app.post("/webhooks")
def take() -> tuple[str, int]:
    """Do what was told; an error makes it a 500, and the hub tells it again."""
    for event in webhook.events(request.headers, request.get_data()):
        with seen.once(event.id) as first:
            if first:
                act_on(event)
    return "", 204


@app.errorhandler(BadSignature)
def not_proven(error: BadSignature) -> tuple[str, int]:
    """Refuse for now: if the key is wrong on our side, nothing is lost."""
    return str(error), 401


@app.errorhandler(Unreadable)
def not_read(error: Unreadable) -> tuple[str, int]:
    """Refuse for good: the same bytes will be no better the next time."""
    return str(error), 400


@app.errorhandler(UnderWay)
def not_now(error: UnderWay) -> tuple[str, int]:
    """Have it told again: another worker is at it, and may yet fail."""
    return str(error), 409


def act_on(event: Event) -> None:
    """Do what an event asks for; what takes more than a few seconds belongs in a queue of your own."""
    log.info("%s %s", event.name, event.message_id)
    if isinstance(event, Outbound) and event.payload.status.endswith("_failed"):
        log.info("it failed: %s", event.payload.reason)
