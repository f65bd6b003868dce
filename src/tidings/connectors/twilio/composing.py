"""What is asked of Twilio to send one message.

Send  https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct, field

from tidings.connectors.connector import Outgoing
from tidings.connectors.twilio.settings import Settings
from tidings.model.content import Media, Template
from tidings.model.errors import FieldError
from tidings.rules.encoding import is_gsm7, transliterate

LONGEST_TEXT: Final = 1600
MOST_MEDIA: Final = 10
LARGEST_PICTURE: Final = 5_000_000
"""Octets of a jpeg, png or gif, and of all media together; Twilio makes pictures smaller where a carrier needs it."""
LARGEST_OTHER: Final = 500_000
PICTURES: Final = frozenset({"image/jpeg", "image/jpg", "image/png", "image/gif"})
LONGEST_NAME: Final = 11
VALIDITY: Final = (6, 36_000)
"""Seconds a message may wait at Twilio; values up to 5 are taken, but often expire before anything is tried."""
RETRIES: Final = "#rc=3&rp=all"
"""Connection override in the callback URL's fragment: three retries, whatever went wrong (the default is hardly any).

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

Form = dict[str, str | list[str]]
"""Fields of the request; a list is a field that is repeated."""

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_TEMPLATE = re.compile(r"HX[0-9a-fA-F]{32}")
_OURS: Final = frozenset({"To", "StatusCallback"})
"""Fields by which a message finds its way and its receipts; a native body does not change them."""


class Options(Struct, rename="camel"):
    """What a client may ask of one platform."""

    sender: str = field(default="", name="from")
    allow_unicode: bool = True
    unicode_conversion: bool = False
    """Whether the text is written with GSM-7 characters wherever that is possible."""
    smart_encoded: bool | None = None
    send_as_mms: bool | None = None
    shorten_urls: bool | None = None
    provide_feedback: bool | None = None
    force_delivery: bool | None = None
    risk_check: str | None = None
    attempt: int | None = None
    fallback_from: str | None = None
    persistent_action: list[str] | None = None


FIELDS: Final = {
    "smart_encoded": "SmartEncoded",
    "send_as_mms": "SendAsMms",
    "shorten_urls": "ShortenUrls",
    "provide_feedback": "ProvideFeedback",
    "force_delivery": "ForceDelivery",
    "risk_check": "RiskCheck",
    "attempt": "Attempt",
    "fallback_from": "FallbackFrom",
    "persistent_action": "PersistentAction",
}
"""Twilio's own fields by the option that asks for them."""


def faults(outgoing: Outgoing, settings: Settings) -> Iterator[FieldError]:
    """Name what Twilio would refuse of a message."""
    try:
        options, native = _options(outgoing), native_fields(outgoing)
    except msgspec.ValidationError as error:
        yield FieldError(f"options.{outgoing.platform}", str(error), "Invalid")
        return
    except ValueError as error:
        yield FieldError("body", str(error), "Invalid")
        return
    form = {**_sender(outgoing, options, settings), **native}
    yield from _sender_faults(form)
    if not native:
        yield from _content_faults(outgoing, options)


def _sender_faults(form: Mapping[str, Any]) -> Iterator[FieldError]:
    sender = str(form.get("From", ""))
    if not sender and not form.get("MessagingServiceSid"):
        yield FieldError("from", "The channel has no sender, and the message names none.", "Missing")
    named = ":" not in sender and any(character.isalpha() for character in sender)
    if named and len(sender) > LONGEST_NAME:
        yield FieldError("from", f"A sender's name has at most {LONGEST_NAME} characters.", "TooLong")


def _content_faults(outgoing: Outgoing, options: Options) -> Iterator[FieldError]:
    content, text = outgoing.content, _text(outgoing, options)
    if content.template is not None:
        if not _TEMPLATE.fullmatch(_template_sid(content.template)):
            yield FieldError("template", "A template is named by its Content SID (HX and 32 hex digits).", "Invalid")
        return
    if len(text) > LONGEST_TEXT:
        yield FieldError("body", f"The text has {len(text)} characters; Twilio takes {LONGEST_TEXT}.", "TooLong")
    if not options.allow_unicode and not is_gsm7(text):
        yield FieldError(
            "body",
            "The text has characters outside the GSM-7 alphabet, and Unicode is not allowed.",
            "UnicodeBodyRejected",
        )
    if len(content.media) > MOST_MEDIA:
        yield FieldError("body", f"There are {len(content.media)} media; Twilio takes {MOST_MEDIA}.", "TooMany")
    yield from _media_faults(content.media)


def _media_faults(media: tuple[Media, ...]) -> Iterator[FieldError]:
    for each in media:
        largest = LARGEST_PICTURE if each.type in PICTURES or not each.type else LARGEST_OTHER
        if not each.url.startswith(("https://", "http://")):
            yield FieldError("body", f"Media {each.name!r} has no URL that Twilio can fetch.", "Invalid")
        elif (each.size or 0) > largest:
            yield FieldError("body", f"Media {each.url!r} is larger than {largest} octets.", "TooLarge")
    if sum(each.size or 0 for each in media) > LARGEST_PICTURE:
        yield FieldError("body", f"The media together are larger than {LARGEST_PICTURE} octets.", "TooLarge")


def compose(outgoing: Outgoing, settings: Settings, report_to: str) -> Form:
    """Write the request for a message that has no `faults`."""
    options = _options(outgoing)
    wanted: Form = {
        "To": outgoing.to,
        **_sender(outgoing, options, settings),
        **_content(outgoing, options),
        "StatusCallback": f"{report_to}/status?{urlencode({'m': outgoing.message, 'h': outgoing.hop})}{RETRIES}",
    }
    if outgoing.expires_at is not None:
        shortest, longest = VALIDITY
        wanted["ValidityPeriod"] = str(min(longest, max(shortest, (outgoing.expires_at - outgoing.now) // 1000)))
    if settings.smart_encoded:
        wanted["SmartEncoded"] = "true"
    if settings.shorten_urls and outgoing.track_links == "on":
        wanted["ShortenUrls"] = "true"
    asked = {name: getattr(options, option) for option, name in FIELDS.items()}
    return {**wanted, **_written(asked), **native_fields(outgoing)}


def native_fields(outgoing: Outgoing) -> Form:
    """Read the body that a client wrote in Twilio's own fields; raises ValueError where it is none."""
    raw = outgoing.content.native.get(outgoing.platform)
    if raw is None:
        return {}
    try:
        native = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"A body for {outgoing.platform} is an object of Twilio's fields.") from error
    if forbidden := sorted(_OURS & native.keys()):
        raise ValueError(f"{' and '.join(forbidden)} cannot be set in a body.")
    return _written(native)


def _written(fields: Mapping[str, Any]) -> Form:
    """Write values as form fields: a list repeats its field, an object becomes JSON, null leaves the field out."""
    return {
        name: [_word(each) for each in value] if isinstance(value, list) else _word(value)
        for name, value in fields.items()
        if value is not None
    }


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _options(outgoing: Outgoing) -> Options:
    return msgspec.convert(dict(outgoing.options), Options)


def _sender(outgoing: Outgoing, options: Options, settings: Settings) -> Form:
    """Say who sends: the sender asked for, within the channel's Messaging Service where it has one."""
    asked = outgoing.sender or options.sender
    named_service = _SERVICE.fullmatch(asked) is not None
    service = asked if named_service else settings.messaging_service_sid
    sender = "" if named_service else asked or settings.sender
    if sender.isascii() and sender.isdigit() and len(sender) > 8:  # Short codes have up to 8 digits, and no plus.
        sender = f"+{sender}"
    fields: Form = {"From": sender, "MessagingServiceSid": service}
    return {name: value for name, value in fields.items() if value}


def _content(outgoing: Outgoing, options: Options) -> Form:
    content = outgoing.content
    if content.template is not None:
        variables = msgspec.json.encode(content.template.variables).decode()
        return {"ContentSid": _template_sid(content.template), "ContentVariables": variables}
    fields: Form = {}
    if content.text:
        fields["Body"] = _text(outgoing, options)
    if content.media:
        fields["MediaUrl"] = [media.url for media in content.media]
    elif outgoing.platform == "mms" and content.text:
        fields["SendAsMms"] = "true"  # A text alone would go as an SMS.
    return fields


def _text(outgoing: Outgoing, options: Options) -> str:
    text = outgoing.content.text
    return transliterate(text) if options.unicode_conversion else text


def _template_sid(template: Template) -> str:
    return template.name or template.project
