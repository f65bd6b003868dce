"""What we ask of the Bot API besides sending: updates, files, and that a tap was heard.

Updates https://core.telegram.org/bots/api#getupdates   Files https://core.telegram.org/bots/api#getfile
"""

from urllib.parse import quote

from msgspec import Raw, Struct

from tidings.connectors.connector import Polled
from tidings.connectors.decoding import read
from tidings.connectors.telegram.errors import refusal
from tidings.connectors.telegram.reading import WANTED, number_of, query_of, reports_of
from tidings.connectors.telegram.sending import call
from tidings.connectors.telegram.settings import TelegramSettings
from tidings.model.content import Media
from tidings.model.errors import NoReply, SendDeferred, Unreadable
from tidings.model.exchange import Call, Exchange, Reply, as_raw
from tidings.model.reports import Report, Unknown
from tidings.model.stages import Cause, Reason

MOST = 100
"""Updates that one answer has at most."""
PATIENCE = 10
"""Seconds that Telegram keeps a request for updates waiting until there is one."""


class _Updates(Struct, frozen=True):
    result: list[Raw]


class _Found(Struct, frozen=True):
    file_path: str


class _File(Struct, frozen=True):
    result: _Found


def fetch(media: Media, settings: TelegramSettings) -> Exchange[Reply]:
    """Ask where a file is, then get it; gives the first answer that is no success."""
    reply = yield call(settings, "getFile", {"file_id": media.reference})
    if not reply.ok:
        return reply
    found = read(reply.body, _File)
    if found is None:
        return Reply(status=502, body=b"The provider does not say where the file is.")
    path = quote(found.result.file_path)
    return (yield Call.get(f"{settings.base_url.rstrip('/')}/file/bot{settings.bot_token.reveal()}/{path}"))


def answer_query(query: str, settings: TelegramSettings) -> Exchange[None]:
    """Say that a tap was heard, or else the button keeps turning."""
    try:
        yield call(settings, "answerCallbackQuery", {"callback_query_id": query})
    except NoReply:
        return


def poll(place: str, settings: TelegramSettings) -> Exchange[Polled]:
    """Ask for the updates from a number on, which forgets those before it; raises SendFailed or SendDeferred.

    An update that cannot be read is kept, and passed all the same.
    """
    asked = {"limit": MOST, "timeout": PATIENCE, "allowed_updates": WANTED}
    start = {"offset": int(place)} if place else {}
    reply = yield call(settings, "getUpdates", {**start, **asked})
    updates = read(reply.body, _Updates) if reply.ok else None
    if updates is None:
        raise refusal(reply) if not reply.ok else _puzzled()
    reports: list[Report] = []
    after = int(place) if place else 0
    for raw in updates.result:
        reports += _reports(raw, settings)
        after = max(after, (number_of(raw) or 0) + 1)
        if query := query_of(raw):
            yield from answer_query(query, settings)
    return Polled(reports=tuple(reports), place=str(after), more=len(updates.result) >= MOST)


def _reports(raw: Raw, settings: TelegramSettings) -> list[Report]:
    try:
        return reports_of(raw, settings.bot_id)
    except Unreadable as error:
        return [Unknown(as_raw(bytes(raw)), str(error))]


def _puzzled() -> SendDeferred:
    return SendDeferred(Reason(Cause.PROVIDER, "The answer holds no updates.", permanent=False))
