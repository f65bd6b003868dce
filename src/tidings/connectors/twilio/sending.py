"""Handing a message to Twilio, and finding out whether it has it.

Twilio takes the same request twice, so after an unclear answer its list of messages is read before anything is said.
"""

from base64 import b64encode
from email.utils import parsedate_to_datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from msgspec import Meta, Raw, Struct, field

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.twilio.codes import BY_STATUS, reason_for, verdict_on
from tidings.connectors.twilio.composing import Form, compose
from tidings.connectors.twilio.settings import Settings
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, as_raw, same_origin
from tidings.model.stages import Cause, Reason
from tidings.rules.encoding import count
from tidings.rules.times import to_iso

CLOCKS: Final = 30_000
"""Milliseconds by which Twilio's clock may be behind ours when we look for a message by the time it was made."""
PAGE: Final = 50
"""Messages to one person that one look gives at most."""
AGAIN: Final = 30.0
"""Seconds until a message that certainly was not taken is sent again."""


class _Message(Struct):
    """Twilio's message resource, as far as we read it."""

    sid: Annotated[str, Meta(min_length=1)]
    from_: str | None = field(default=None, name="from")
    messaging_service_sid: str | None = None
    body: str | None = None
    num_segments: str | int | None = None
    num_media: str | int | None = None
    date_created: str | None = None
    direction: str = "outbound-api"


_Found = tuple[_Message, Raw]
"""A message in a list, and what the list says of it."""


class _Page(Struct):
    messages: list[Raw]
    next_page_uri: str | None = None


class _Problem(Struct):
    code: int | str | None = None
    message: str | None = None


def send(outgoing: Outgoing, settings: Settings, report_to: str) -> Exchange[Sent]:
    """Send a message; where it is not clear whether Twilio took it, look, and re-raise if that does not tell."""
    form = compose(outgoing, settings, report_to)
    try:
        reply = yield Call.post(_messages(settings), form=form, authorization=_authorization(settings))
        return _taken(reply, form, outgoing.now)
    except NoReply as lost:
        if not lost.taken:
            raise
        found = yield from _look(form, outgoing.now, settings, lost)
        if found is not None:
            message, answer = found
            return _sent(message, as_raw(bytes(answer)), form)
        reason = Reason(Cause.PROVIDER, f"Twilio has not taken it: {lost.why}", permanent=False)
        raise SendDeferred(reason, after=AGAIN) from lost


def _taken(reply: Reply, form: Form, now: int) -> Sent:
    """Give what Twilio took; NoReply where an answer does not tell whether it did."""
    if reply.ok:
        message = read(reply.body, _Message)
        if message is None:
            raise NoReply("Twilio took the message, but what it answered cannot be read.", taken=True)
        return _sent(message, reply.raw, form)
    if reply.status >= 500 and reply.status not in BY_STATUS:
        raise NoReply(f"Twilio answered {reply.status}.", taken=True)
    problem = read(reply.body, _Problem) or _Problem()
    code = "" if problem.code is None else str(problem.code)
    verdict = verdict_on(code, reply.status)
    reason = reason_for(verdict, code or str(reply.status), problem.message or "")
    if not verdict.later:
        raise SendFailed(reason, reply.raw)
    after = reply.retry_after(now)
    raise SendDeferred(reason, after=verdict.after if after is None else after, channel_wide=verdict.channel_wide)


def _look(form: Form, now: int, settings: Settings, lost: NoReply) -> Exchange[_Found | None]:
    """Find the message of a request in Twilio's lists: itself, or None if it certainly is not there, else `lost`."""
    since = now - CLOCKS
    # What still waits in a queue has no DateSent, so that only a list without that filter proves an absence.
    for filters in ({"DateSent>": to_iso(since)[:10]}, {}):
        query = urlencode({"To": str(form["To"]), **filters, "PageSize": PAGE})
        try:
            reply = yield Call.get(f"{_messages(settings)}?{query}", authorization=_authorization(settings))
        except NoReply:
            raise lost from None
        found = _matching(reply, form, since, lost)
        if found is not None:
            return found
    return None


def _matching(reply: Reply, form: Form, since: int, lost: NoReply) -> _Found | None:
    """Give the one message of a list that is what was asked for, None if surely none is; else raises `lost`."""
    page = read(reply.body, _Page)
    if not reply.ok or page is None:
        raise lost
    messages = [(message, raw) for raw in page.messages if (message := read(raw, _Message)) is not None]
    if len(messages) < len(page.messages):
        raise lost
    older = [message for message, _ in messages if _made_before(message, since)]
    alike = [(message, raw) for message, raw in messages if message not in older and _may_be(message, form)]
    if not alike:
        # The newest come first, so that a page with an older one has all that were made since.
        if page.next_page_uri and not older:
            raise lost
        return None
    if len(alike) > 1 or not _plain(form):
        raise lost
    return alike[0]


def _plain(form: Form) -> bool:
    """Whether Twilio keeps the text as it was sent."""
    changing = form.get("SmartEncoded") == "true" or form.get("ShortenUrls") == "true"
    return "ContentSid" not in form and not changing


def _may_be(message: _Message, form: Form) -> bool:
    """Whether a message to the same person may have been made by this request."""
    if not message.direction.startswith("outbound"):
        return False
    if not _plain(form):
        return True
    media = form.get("MediaUrl", [])
    wanted = 1 if isinstance(media, str) else len(media)
    return (message.body or "").split() == str(form.get("Body", "")).split() and _number(message.num_media) == wanted


def _made_before(message: _Message, since: int) -> bool:
    try:
        return parsedate_to_datetime(message.date_created or "").timestamp() * 1000 < since
    except (ValueError, OverflowError):
        return False


def _sent(message: _Message, answer: Raw, form: Form) -> Sent:
    sender = message.from_ or form.get("From") or message.messaging_service_sid or form.get("MessagingServiceSid", "")
    body = message.body or form.get("Body", "")
    # A Messaging Service counts only when it has chosen a sender, and says 0 until then.
    units = _number(message.num_segments) or (1 if "MediaUrl" in form else count(str(body)).segments)
    return Sent(pieces=(Piece(message.sid),), answer=answer, units=units, sender=str(sender))


def _number(text: str | int | None) -> int:
    """Read one of the numbers that Twilio writes as texts; 0 where it is none."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _messages(settings: Settings) -> str:
    return f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}/Messages.json"


def media_call(settings: Settings, url: str) -> Call:
    """Ask for a file; the credentials go to Twilio's API and nowhere else."""
    if same_origin(url, settings.base_url):
        return Call.get(url, follow=True, authorization=_authorization(settings))
    return Call.get(url, follow=True)


def _authorization(settings: Settings) -> str:
    return f"Basic {b64encode(':'.join(settings.credentials).encode()).decode()}"
