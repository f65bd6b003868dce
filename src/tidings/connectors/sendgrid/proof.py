"""How a post is known to be SendGrid's.

Events   https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
Inbound  https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks

ECDSA with SHA-256 on the curve P-256, over the timestamp of a header and the body to the last byte. Inbound posts may
have that too, or else a name and a password in their URL.
"""

from base64 import b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tidings.connectors.mail.logins import is_logged_in
from tidings.connectors.sendgrid.settings import SendGridSettings
from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

MINUTE = 60_000
"""Milliseconds."""
OLDEST = 24 * 60 * MINUTE
"""Posts are repeated for a day, perhaps under the first one's timestamp."""
AHEAD = 15 * MINUTE


def verify_events(callback: Callback, settings: SendGridSettings) -> None:
    """Return if one of the keys signed it, and not too long ago; raises BadSignature."""
    timestamp = callback.headers.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("It has no proper timestamp.")
    try:
        signature = b64decode(callback.headers.get(SIGNATURE, ""), validate=True)
    except ValueError as error:
        raise BadSignature("The signature is no base64.") from error
    signed = timestamp.encode() + callback.body
    if not any(_is_signed_by(key, signature, signed) for key in settings.keys):
        raise BadSignature("No verification key of the channel fits the signature.")
    if not callback.received_at - OLDEST <= int(timestamp) * 1000 <= callback.received_at + AHEAD:
        raise BadSignature("It was signed too long ago, or in the future.")


def verify_inbound(callback: Callback, settings: SendGridSettings) -> None:
    """Return if it is signed, or comes with the login of the Inbound Parse; raises BadSignature."""
    if SIGNATURE in callback.headers:
        verify_events(callback, settings)
    elif not is_logged_in(callback, settings.inbound_login):
        raise BadSignature("It is neither signed nor logged in.")


def _is_signed_by(key: EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
