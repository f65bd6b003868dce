"""Getting the files that people send.

Media  https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media   GET /<media id>, then GET of its `url`
"""

from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.connectors.whatsapp_cloud.settings import WhatsAppSettings
from tidings.model.content import Media
from tidings.model.exchange import Call, Exchange, Reply


class _Place(Struct):
    url: str


def fetch(media: Media, settings: WhatsAppSettings) -> Exchange[Reply]:
    """Ask where a file is, then get it; gives the first answer that is no success."""
    token = f"Bearer {settings.access_token.reveal()}"
    reply = yield Call.get(f"{settings.base_url.rstrip('/')}/{settings.version}/{media.reference}", authorization=token)
    if not reply.ok:
        return reply
    place = read(reply.body, _Place)
    if place is None:
        return Reply(status=502, body=b"The provider does not say where the file is.")
    return (yield Call.get(place.url, authorization=token))
