"""What is asked of Vonage to send one message, by either API.

SMS API       https://developer.vonage.com/en/api/sms            form fields
Messages API  https://developer.vonage.com/en/api/messages       a JSON object
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tidings.connectors.connector import Outgoing
from tidings.connectors.options import read_options
from tidings.connectors.texting import bare, native_of
from tidings.connectors.url_token import with_token
from tidings.connectors.vonage.settings import Options, VonageSettings
from tidings.connectors.vonage.signature import SIGNATURE, sign
from tidings.model.errors import FieldError
from tidings.rules.encoding import is_gsm7, transliterate

LONGEST_TEXT: Final = 3200
"""Characters; a longer text is refused by either API."""
LONGEST_NAME: Final = 11
LONGEST_CALLBACK: Final = 100
"""Characters of a callback URL that the SMS API takes with a message."""
LIFE: Final = (20, 604_800)
"""Seconds that a message may wait at Vonage."""

OURS: Final = {
    "sms": frozenset(
        {"to", "client-ref", "callback", "status-report-req", "api_key", "api_secret", "timestamp", "sig"}
    ),
    "messages": frozenset({"to", "channel", "client_ref", "webhook_url", "webhook_version"}),
}
"""Fields by which a message finds its way and its receipts; a native body does not change them."""


def faults(outgoing: Outgoing, settings: VonageSettings) -> Iterator[FieldError]:
    """Name what Vonage would refuse of a message."""
    try:
        options, native = read_options(outgoing.options, Options), _native(outgoing, settings)
    except msgspec.ValidationError as error:
        yield FieldError(f"options.{outgoing.platform}", str(error), "Invalid")
        return
    except ValueError as error:
        yield FieldError("body", str(error), "Invalid")
        return
    sender = _sender(outgoing, options, settings) or str(native.get("from") or "")
    if not sender:
        yield FieldError("from", "The channel has no sender, and the message names none.", "Missing")
    elif not sender.isdigit() and len(sender) > LONGEST_NAME:
        yield FieldError("from", f"A sender's name has at most {LONGEST_NAME} characters.", "TooLong")
    if not native:
        yield from _text_faults(outgoing.content.text, options)


def _text_faults(text: str, options: Options) -> Iterator[FieldError]:
    if len(text) > LONGEST_TEXT:
        yield FieldError("body", f"The text has {len(text)} characters; Vonage takes {LONGEST_TEXT}.", "TooLong")
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield FieldError("body", "The text has half a character (a lone surrogate).", "Invalid")
    if not options.allow_unicode and not is_gsm7(_converted(text, options)):
        yield FieldError(
            "body",
            "The text has characters outside the GSM-7 alphabet, and Unicode is not allowed.",
            "UnicodeBodyRejected",
        )


def compose_fields(outgoing: Outgoing, settings: VonageSettings, report_to: str) -> dict[str, str]:
    """Write the form fields of the SMS API for a message that has no `faults`."""
    options, native = read_options(outgoing.options, Options), _native(outgoing, settings)
    text = text_of(outgoing, settings)
    fields = {
        "from": _sender(outgoing, options, settings),
        "text": text,
        "type": "text" if is_gsm7(text) else "unicode",
        "message-class": "" if options.message_class is None else str(options.message_class),
        "trusted-recipient": _flag(options.trusted_recipient),
        "entity-id": options.entity_id,
        "content-id": options.content_id,
        "account-ref": options.account_ref,
        "ttl": str(_life(outgoing) * 1000) if outgoing.expires_at is not None else "",
        **{name: _written(value) for name, value in native.items() if value is not None},
        "to": bare(outgoing.to),
        "client-ref": outgoing.tag,
        "status-report-req": "1",
        "callback": _callback(report_to, settings),
        "api_key": settings.api_key,
    }
    return _with_credentials({name: value for name, value in fields.items() if value}, settings, outgoing.now)


def compose_message(outgoing: Outgoing, settings: VonageSettings, report_to: str) -> dict[str, Any]:
    """Write the body of the Messages API for a message that has no `faults`."""
    options = read_options(outgoing.options, Options)
    sms = {
        "encoding_type": "auto",
        "entity_id": options.entity_id,
        "content_id": options.content_id,
        "pool_id": options.pool_id,
    }
    body: dict[str, Any] = {
        "message_type": "text",
        "from": _sender(outgoing, options, settings),
        "text": text_of(outgoing, settings),
        "trusted_recipient": options.trusted_recipient,
        "ttl": _life(outgoing) if outgoing.expires_at is not None else None,
        "sms": {name: value for name, value in sms.items() if value},
        **_native(outgoing, settings),
        "to": bare(outgoing.to),
        "channel": "sms",
        "client_ref": outgoing.tag,
        "webhook_url": with_token(report_to, settings.callback_token),
        "webhook_version": "v1",
    }
    return {name: value for name, value in body.items() if value not in ("", None)}


def text_of(outgoing: Outgoing, settings: VonageSettings) -> str:
    """Give the text as it is sent, which may stand in a native body."""
    native = _native(outgoing, settings).get("text")
    if isinstance(native, str):
        return native
    return _converted(outgoing.content.text, read_options(outgoing.options, Options))


def _converted(text: str, options: Options) -> str:
    return transliterate(text) if options.unicode_conversion else text


def _sender(outgoing: Outgoing, options: Options, settings: VonageSettings) -> str:
    return bare(outgoing.sender or options.sender or settings.sender)


def _life(outgoing: Outgoing) -> int:
    """Seconds that a message may take."""
    shortest, longest = LIFE
    left = ((outgoing.expires_at or outgoing.now) - outgoing.now) // 1000
    return min(longest, max(shortest, left))


def _callback(report_to: str, settings: VonageSettings) -> str:
    """Give the callback URL; empty where it is too long to go with a message: then the account's own is called."""
    url = with_token(report_to, settings.callback_token)
    return url if len(url) <= LONGEST_CALLBACK else ""


def _with_credentials(fields: dict[str, str], settings: VonageSettings, now: int) -> dict[str, str]:
    """Prove who we are: by the secret, else by a signature; both at once are refused."""
    if settings.api_secret or settings.signature_secret is None:
        return {**fields, "api_secret": settings.api_secret.reveal() if settings.api_secret else ""}
    signed = {**fields, "timestamp": str(now // 1000)}
    return {**signed, SIGNATURE: sign(signed, settings.signature_secret, settings.signature_method)}


def _flag(value: bool | None) -> str:
    return "" if value is None else _written(value)


def _written(value: Any) -> str:
    """Write a value as a form field: an object or a list as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _native(outgoing: Outgoing, settings: VonageSettings) -> Mapping[str, Any]:
    return native_of(outgoing, "Vonage", OURS[settings.api])
