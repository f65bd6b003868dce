"""What is asked of Infobip to send one message, in either version of the SMS API.

Version 3  https://www.infobip.com/docs/api/channels/sms/outbound-sms/send-sms-messages
Version 2  https://www.infobip.com/docs/api/channels/sms/sms-messaging/outbound-sms/send-sms-message
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tidings.connectors.connector import Outgoing
from tidings.connectors.infobip.settings import InfobipSettings, Options
from tidings.connectors.options import read_options
from tidings.connectors.texting import bare, native_of
from tidings.connectors.url_token import with_token
from tidings.model.errors import FieldError
from tidings.rules.encoding import count, is_gsm7, transliterate

PATHS: Final = {"3": "/sms/3/messages", "2": "/sms/2/text/advanced"}
MOST_PARTS: Final = 25
LONGEST_NAME: Final = 11
LONGEST_LIFE: Final = 48 * 60
"""Minutes that a message may wait at Infobip."""
JSON: Final = "application/json"

OURS: Final = {
    "3": frozenset({"destinations", "webhooks"}),
    "2": frozenset({"destinations", "notifyUrl", "notifyContentType", "intermediateReport", "callbackData"}),
}
"""Fields by which a message finds its way and its reports; a native body does not change them."""


def faults(outgoing: Outgoing, settings: InfobipSettings) -> Iterator[FieldError]:
    """Name what Infobip would refuse of a message."""
    try:
        options, native = read_options(outgoing.options, Options), _native(outgoing, settings)
    except msgspec.ValidationError as error:
        yield FieldError(f"options.{outgoing.platform}", str(error), "Invalid")
        return
    except ValueError as error:
        yield FieldError("body", str(error), "Invalid")
        return
    sender = _sender(outgoing, options, settings) or str(native.get("sender") or native.get("from") or "")
    if not sender:
        yield FieldError("from", "The channel has no sender, and the message names none.", "Missing")
    elif not sender.isdigit() and len(sender) > LONGEST_NAME:
        yield FieldError("from", f"A sender's name has at most {LONGEST_NAME} characters.", "TooLong")
    if not native:
        yield from _text_faults(_text(outgoing, options), options)


def _text_faults(text: str, options: Options) -> Iterator[FieldError]:
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield FieldError("body", "The text has half a character (a lone surrogate).", "Invalid")
        return
    # How many parts another alphabet takes, only Infobip knows.
    parts = 0 if options.transliteration or options.language_code else count(text).segments
    if parts > MOST_PARTS:
        yield FieldError("body", f"The text takes {parts} parts; Infobip takes {MOST_PARTS}.", "TooLong")
    if not options.allow_unicode and not is_gsm7(text):
        yield FieldError(
            "body",
            "The text has characters outside the GSM-7 alphabet, and Unicode is not allowed.",
            "UnicodeBodyRejected",
        )


def compose(outgoing: Outgoing, settings: InfobipSettings, report_to: str, message_id: str) -> dict[str, Any]:
    """Write the request for a message that has no `faults`; `message_id` is ours for it."""
    options, native = read_options(outgoing.options, Options), _native(outgoing, settings)
    destinations = [{"to": bare(outgoing.to), "messageId": message_id}]
    links = _links(outgoing, settings, report_to)
    if settings.api_version == "2":
        message = {**_message_2(outgoing, options, settings), **native, **_reporting_2(outgoing, settings, report_to)}
        asked = _said({"includeSmsCountInResponse": True, "urlOptions": links})
        return {"messages": [{**message, "destinations": destinations}], **asked}
    message = {**_message_3(outgoing, options, settings), **native, **_reporting_3(outgoing, settings, report_to)}
    asked = _said({"includeSmsCountInResponse": True, "tracking": links})
    return {"messages": [{**message, "destinations": destinations}], "options": asked}


def _message_3(outgoing: Outgoing, options: Options, settings: InfobipSettings) -> dict[str, Any]:
    content = {
        "text": _text(outgoing, options),
        "transliteration": options.transliteration,
        "language": _said({"languageCode": options.language_code}),
    }
    life = _life(outgoing)
    wishes = {
        "platform": _platform(options, settings),
        "validityPeriod": {"amount": life, "timeUnit": "MINUTES"} if life else None,
        "deliveryTimeWindow": options.delivery_time_window,
        "campaignReferenceId": options.campaign_reference_id,
        "regional": options.regional,
        "flash": options.flash,
    }
    sender = _sender(outgoing, options, settings)
    return _said({"sender": sender, "content": _said(content), "options": _said(wishes)})


def _reporting_3(outgoing: Outgoing, settings: InfobipSettings, report_to: str) -> dict[str, Any]:
    """Say where reports go; without a token in the URL they go where a subscription says, or wait to be asked for."""
    url = _report_url(settings, report_to)
    delivery = {"delivery": {"url": url, "intermediateReport": True}, "contentType": JSON} if url else {}
    return {"webhooks": {**delivery, "callbackData": outgoing.tag}}


def _message_2(outgoing: Outgoing, options: Options, settings: InfobipSettings) -> dict[str, Any]:
    return _said(
        {
            "from": _sender(outgoing, options, settings),
            "text": _text(outgoing, options),
            "transliteration": options.transliteration,
            "language": _said({"languageCode": options.language_code}),
            "flash": options.flash,
            "regional": options.regional,
            "deliveryTimeWindow": options.delivery_time_window,
            "campaignReferenceId": options.campaign_reference_id,
            **_platform(options, settings),
            "validityPeriod": _life(outgoing),
        }
    )


def _reporting_2(outgoing: Outgoing, settings: InfobipSettings, report_to: str) -> dict[str, Any]:
    url = _report_url(settings, report_to)
    asked = {"notifyUrl": url, "notifyContentType": JSON, "intermediateReport": True} if url else {}
    return {**asked, "callbackData": outgoing.tag}


def _report_url(settings: InfobipSettings, report_to: str) -> str:
    asked_for = settings.callback_token is not None and settings.poll_seconds is None
    return with_token(report_to, settings.callback_token) if asked_for else ""


def _links(outgoing: Outgoing, settings: InfobipSettings, report_to: str) -> dict[str, Any]:
    if not settings.shorten_urls or outgoing.track_links != "on":
        return {}
    url = with_token(report_to, settings.callback_token)
    return {"shortenUrl": True, "trackClicks": True, "trackingUrl": url, "removeProtocol": True}


def _platform(options: Options, settings: InfobipSettings) -> dict[str, str]:
    entity, application = options.entity_id or settings.entity_id, options.application_id or settings.application_id
    return _said({"entityId": entity, "applicationId": application})


def _text(outgoing: Outgoing, options: Options) -> str:
    text = outgoing.content.text
    return transliterate(text) if options.unicode_conversion else text


def _sender(outgoing: Outgoing, options: Options, settings: InfobipSettings) -> str:
    return bare(outgoing.sender or options.sender or settings.sender)


def _life(outgoing: Outgoing) -> int | None:
    """Minutes that a message may take; None where it is not said."""
    if outgoing.expires_at is None:
        return None
    return min(LONGEST_LIFE, max(1, (outgoing.expires_at - outgoing.now) // 60_000))


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def _native(outgoing: Outgoing, settings: InfobipSettings) -> Mapping[str, Any]:
    return native_of(outgoing, "Infobip", OURS[settings.api_version])
