"""Files that people send: how they are named, and how they are got.

Download https://business-api.tiktok.com/portal/docs?id=1832184467456001
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.connectors.tiktok.errors import read_answer
from tidings.connectors.tiktok.sending import Api
from tidings.connectors.tiktok.settings import TikTokSettings
from tidings.connectors.tiktok.webhooks import Content as Written
from tidings.model.content import Media
from tidings.model.exchange import Call, Exchange, Reply, same_origin

_NAMES = ("conversation_id", "message_id", "media_id", "media_type")


class _Place(Struct, frozen=True):
    download_url: str


class _Answer(Struct, frozen=True):
    data: _Place


def file_reference(written: Written, media_id: str, media_type: str) -> str:
    """Name a file by all that it takes to get it."""
    return urlencode(
        list(zip(_NAMES, (written.conversation_id, written.message_id, media_id, media_type), strict=True))
    )


def fetch(media: Media, settings: TikTokSettings) -> Exchange[Reply]:
    """Get a file: a sticker from its address; an image or a video from where TikTok says that it is."""
    if media.url:
        return (yield Call.get(media.url, follow=True))
    named = dict(parse_qsl(media.reference))
    if tuple(named) != _NAMES:
        return Reply(status=404, body=b"There is no such file.")
    reply = yield Api(settings, "", 0).post("business/message/media/download", named)
    answer = read_answer(reply)
    if not reply.ok:
        return reply
    if answer and answer.code:
        # TikTok says 200 where it refuses; a file is gone only where our token was believed.
        return Reply(status=401 if answer.code in settings.token_codes else 404, body=reply.body)
    place = read(reply.body, _Answer)
    if place is None:
        return Reply(status=502, body=b"The provider does not say where the file is.")
    url = place.data.download_url
    if not _is_theirs(url, settings):
        return (yield Call.get(url))
    return (yield Call.get(url, x_user=settings.access_token.reveal()))


def _is_theirs(url: str, settings: TikTokSettings) -> bool:
    """Whether an address is TikTok's own, so that the token may go there."""
    if same_origin(url, settings.base_url):
        return True
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and any(f".{host}".endswith(f".{domain}") for domain in settings.media_domains)
