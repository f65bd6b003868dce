"""Whether a callback is Vonage's: by its signature, by its token, or by the secret in its URL."""

from tidings.connectors.url_token import has_token
from tidings.connectors.vonage.settings import VonageSettings
from tidings.connectors.vonage.signature import SIGNATURE, signed_fields, verify_signature
from tidings.connectors.vonage.tokens import verify_token
from tidings.model.errors import BadSignature
from tidings.model.exchange import Answer, Callback


def verify(callback: Callback, settings: VonageSettings) -> None:
    """Return if a callback is proven; raise BadSignature if not. A signature that is there has to be right."""
    secret = settings.signature_secret
    if secret and _brings_token(callback):
        return verify_token(callback, settings, secret)
    fields = signed_fields(callback)
    if secret and SIGNATURE in fields:
        return verify_signature(fields, callback, settings, secret)
    if not has_token(callback, settings.callback_token):
        raise BadSignature("it is neither signed, nor is its URL the one with the token")
    return None


def is_signed(callback: Callback) -> bool:
    """Whether a callback brings a signature, right or wrong."""
    return _brings_token(callback) or SIGNATURE in signed_fields(callback)


def refusal(callback: Callback) -> Answer:
    """Refuse a forged callback; have one that came without a signature sent again, as Vonage says it may happen."""
    if is_signed(callback):
        return Answer(status=401, body=b"signature refused")
    return Answer(status=503, body=b"signature missing")


def greeting(callback: Callback) -> Answer | None:
    """Answer the dashboard, which asks with nothing whether the URL is there; None where something is said."""
    return None if callback.body or signed_fields(callback) else Answer()


def _brings_token(callback: Callback) -> bool:
    return callback.headers.get("authorization", "").lower().startswith("bearer ")
