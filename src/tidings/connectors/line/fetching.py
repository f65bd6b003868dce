"""Getting the files that people send, and showing them that they were read.

Content https://developers.line.biz/en/reference/messaging-api/#get-content   GET /v2/bot/message/<id>/content
"""

from collections.abc import Iterable
from urllib.parse import quote

from tidings.connectors.decoding import read
from tidings.connectors.line.callbacks import Event
from tidings.connectors.line.reading import events_of
from tidings.connectors.line.sending import mark_read
from tidings.connectors.line.settings import LineSettings
from tidings.model.content import Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import Call, Callback, Exchange, Reply

_BEING_PREPARED = 202


def fetch(media: Media, settings: LineSettings) -> Exchange[Reply]:
    """Get a file from LINE by its message's id, or from where LINE says it is, which hears nothing of our token."""
    if media.url:
        return (yield Call.get(media.url, follow=True))
    url = settings.file(f"/v2/bot/message/{quote(media.reference, safe='')}/content")
    reply = yield Call.get(url, authorization=settings.authorization)
    if reply.status == _BEING_PREPARED:
        return Reply(status=503, body=b"LINE is still preparing the file.")
    return reply


def tokens_of(callback: Callback) -> list[str]:
    """Give the tokens by which what people wrote can be marked as read; chats that another bot has are left alone."""
    try:
        _, raws = events_of(callback.body)
    except Unreadable:
        return []
    events = (read(raw, Event) for raw in raws)
    messages = (event.message for event in events if event and event.mode != "standby")
    return [message.mark_as_read_token for message in messages if message and message.mark_as_read_token]


def mark_all_read(tokens: Iterable[str], settings: LineSettings) -> Exchange[None]:
    """Show people that what they wrote was read."""
    for token in tokens:
        yield from mark_read(token, settings)
