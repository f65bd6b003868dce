"""The signature of the SMS API: of requests that we make, and of callbacks.

Signing  https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from tidings.connectors.vonage.fields import is_json, pairs_of
from tidings.connectors.vonage.settings import VonageSettings
from tidings.model.errors import BadSignature, Unreadable
from tidings.model.exchange import Callback
from tidings.model.secrets import Secret

SIGNATURE: Final = "sig"
_PARTING: Final = str.maketrans("&=", "__")
"""What parts the fields of the signed text cannot stand within them."""


def sign(fields: Mapping[str, str], secret: Secret, method: str) -> str:
    """Sign fields, the signature itself left out: lower-case hex."""
    text = "".join(f"&{name}={fields[name].translate(_PARTING)}" for name in sorted(fields) if name != SIGNATURE)
    signed, key = text.encode("utf-8", "surrogateescape"), secret.reveal().encode()
    if method == "md5hash":
        return hashlib.md5(signed + key, usedforsecurity=False).hexdigest()
    return hmac.digest(key, signed, method).hex()


def signed_fields(callback: Callback) -> dict[str, str]:
    """Read a callback's fields as they are signed; of those that cannot be read there are none."""
    try:
        return _texts(callback.body) if is_json(callback) else pairs_of(callback)
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def verify_signature(fields: Mapping[str, str], callback: Callback, settings: VonageSettings, secret: Secret) -> None:
    """Return if fields are signed with the secret, and not long ago; raises BadSignature."""
    due = sign(fields, secret, settings.signature_method)
    given = fields[SIGNATURE].lower().encode("utf-8", "replace")
    if not hmac.compare_digest(due.encode(), given):
        raise BadSignature("sig is not by the signature secret")
    timestamp = fields.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise BadSignature("the signed fields do not tell the time")
    if abs(callback.received_at // 1000 - int(timestamp)) > settings.max_callback_age:
        raise BadSignature("it was signed too long ago, or in the future")


def _texts(body: bytes) -> dict[str, str]:
    """Read a JSON object's values as texts; what is no string stands as it is written."""
    values = msgspec.json.decode(body, type=dict[str, Raw])
    return {name: _text(bytes(value)) for name, value in values.items()}


def _text(value: bytes) -> str:
    return msgspec.json.decode(value, type=str) if value.startswith(b'"') else value.decode()
