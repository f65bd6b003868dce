"""What a webhook of Infobip's means: delivery reports and inbound messages by the batch, clicks one by one.

Reports  https://www.infobip.com/docs/api/channels/sms/logs-and-status-reports/receive-outbound-sms-message-report
Inbound  https://www.infobip.com/docs/api/channels/sms/inbound-sms/receive-inbound-sms-messages
Clicks   https://www.infobip.com/docs/url-shortening
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

from msgspec import Raw

from tidings.connectors.decoding import kept, moment, read, text_at
from tidings.connectors.infobip.codes import ERRORS, Meaning
from tidings.connectors.infobip.shapes import Click, Report, Results, Trouble, Written, parts
from tidings.connectors.texting import moment_of, ours, person, target_of, unsubscribed
from tidings.model.content import Content, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target, Unknown
from tidings.model.reports import Report as Told
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.keywords import is_stop

_AGAIN: Final = re.compile(r"(.+:[0-9]{1,9})-[0-9]{1,9}")
"""Our id of a message that was sent again under another one."""
_WITH_REASON: Final = frozenset({Stage.FAILED, Stage.EXPIRED})


def reports_of(body: bytes) -> list[Told]:
    """Say what a webhook means; raises Unreadable where it is none."""
    results = read(body, Results)
    if results is not None:
        return list(reports_in(results.results))
    click = read(body, Click)
    if click is None:
        raise Unreadable("infobip: neither a batch of results nor a click")
    return [_click(click, as_raw(body))]


def reports_in(items: Iterable[Raw]) -> Iterator[Told]:
    """Say what the items of a batch mean, each for itself."""
    for item in items:
        raw = kept(item)
        if (report := read(item, Report)) is not None:
            yield from _receipt(report, raw)
        elif (written := read(item, Written)) is not None:
            yield from _inbound(written, raw)
        else:
            yield Unknown(raw, "It is neither a report nor an inbound message.")


def _receipt(report: Report, raw: Raw) -> Iterator[Told]:
    meaning, target = report.status.meaning, _target(report.callback_data, report.message_id)
    if meaning is None or not (target.message or target.reference):
        yield Unknown(raw, f"A report of no message, or no status that we know: {report.status.name[:40]!r}.")
        return
    reason = _reason(meaning, report) if meaning.stage in _WITH_REASON else None
    yield Receipt(
        target,
        meaning.stage,
        raw,
        moment_of(report.done_at or report.sent_at or ""),
        reason,
        f"{report.status.id}:{report.message_id}" if report.message_id else "",
        parts(report.message_count or report.sms_count),
    )
    if reason is not None and reason.cause is Cause.OPTED_OUT:
        yield unsubscribed(report.message_id or target.message, target, raw, person(report.to))


def _reason(meaning: Meaning, report: Report) -> Reason:
    """Say why a message was lost: by the error, which says itself whether it is for good, else by the status."""
    status, error = report.status, report.error or Trouble()
    if error.id == 0:
        return Reason(meaning.cause, status.text, status.code, meaning.permanent)
    cause = ERRORS.get(error.id, Cause.UNKNOWN)
    cause = meaning.cause if cause is Cause.UNKNOWN else cause
    return Reason(cause, error.description or error.name, error.name or str(error.id), error.permanent)


def _target(callback_data: str | None, message_id: str) -> Target:
    """Find the message by our own id, which stands in two places, and by the id that Infobip has for it."""
    ours_again = _AGAIN.fullmatch(message_id)
    own = target_of(ours_again[1] if ours_again else message_id, message_id)
    told = target_of(callback_data or "", message_id)
    return told if told.message else own


def _inbound(written: Written, raw: Raw) -> Iterator[Told]:
    content = _content(written)
    if content is None or not (written.message_id and written.sender):
        yield Unknown(raw, "An inbound message of nobody's, or with nothing in it.")
        return
    yield Inbound(
        key=f"inbound:{written.message_id}",
        sender=person(written.sender),
        raw=raw,
        to=ours(written.to),
        content=content,
        at=moment_of(written.received_at or ""),
        platform="" if written.message is None else "mms",
        extra=_facts(written),
    )
    # A number's keywords are what its owner has set up, so that a word there is meant, whatever stands behind it.
    if is_stop(content.text) or is_stop(written.keyword or ""):
        yield unsubscribed(written.message_id, Target(), raw, person(written.sender))


def _content(written: Written) -> Content | None:
    if written.message is None:
        return None if written.text is None else Content(text=written.text)
    texts, media = [], []
    for part in written.message:
        kind, url = text_at(part, "contentType"), text_at(part, "url")
        if url:
            media.append(Media(type=kind, url=url))
        elif value := text_at(part, "value"):
            texts.append(value)
    return Content(text="\n".join(texts), media=tuple(media)) if texts or media else None


def _facts(written: Written) -> dict[str, Any]:
    facts = {
        "keyword": written.keyword,
        "cleanText": written.clean_text,
        "parts": parts(written.sms_count),
        "callbackData": written.callback_data,
        "entityId": written.entity_id,
        "applicationId": written.application_id,
        "campaignReferenceId": written.campaign_reference_id,
    }
    return {name: value for name, value in facts.items() if value}


def _click(click: Click, raw: Raw) -> Told:
    target = _target(click.callback_data, click.message_id)
    if click.notification_type != "CLICKED" or not (target.message or target.reference):
        return Unknown(raw, f"A click on no message, or no event that we know: {click.notification_type[:40]!r}.")
    at = moment(click.send_date_time)
    # Keys are kept for a while, also when the message is redacted, and must not tell where a link led.
    link = sha256(click.url.encode()).hexdigest()
    return Interaction(
        key=f"clicked:{click.message_id or target.message}:{at}:{link}",
        deed=Deed.CLICKED,
        target=target,
        raw=raw,
        at=at,
        url=click.url,
        sender=person(click.recipient) if click.recipient else "",
    )
