"""Giving out the files that came with inbound messages: the small ones kept here, the others from the provider."""

from base64 import b64decode

import structlog

from tidings.flow.world import World
from tidings.model.content import Media
from tidings.model.errors import Misconfigured, NoReply, Refused, SendFailed
from tidings.model.exchange import Reply
from tidings.model.messages import Message

log = structlog.get_logger()


async def fetch_media(world: World, message: Message, number: int) -> tuple[Media, bytes, str]:
    """Get one file of an incoming message: what it is, its octets, its type; raises Refused where it is not there."""
    if not 0 <= number < len(message.content.media):
        raise Refused(f"The message has no file {number}.", status=404)
    media = message.content.media[number]
    if media.data:
        return media, _decoded(media.data), media.type
    channel = world.directory.channels.get(message.channel)
    if channel is None or not (media.url or media.reference):
        raise Refused("The file is not kept anywhere.", status=410)
    try:
        exchange = world.connector(channel).fetch(media, world.clock.now())
        reply = await world.http.carry(exchange, timeout=world.settings.provider_timeout)
    except (NoReply, SendFailed, Misconfigured) as error:
        log.warning("a file cannot be fetched", channel=channel.id, message=message.id, why=str(error))
        raise Refused("The provider does not give the file now.", status=502) from error
    if not reply.ok:
        raise Refused(f"The provider answers {reply.status} instead of the file.", status=_status(reply))
    return media, reply.body, media.type or reply.headers.get("content-type", "")


def _status(reply: Reply) -> int:
    return 410 if reply.status in (404, 410) else 502


def _decoded(data: str) -> bytes:
    try:
        return b64decode(data, validate=True)
    except ValueError:
        return data.encode()
