"""How a webhook is known to be LinkedIn's, and how LinkedIn learns that ours is ours.

Webhooks https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation
"""

import hmac
import re
from collections.abc import Iterable

import msgspec

from tidings.connectors.linkedin.settings import LinkedInSettings
from tidings.model.errors import BadSignature
from tidings.model.exchange import Answer, Callback
from tidings.model.secrets import Secret

SIGNED_FIRST = b"hmacsha256="
"""Stands before the body in what is signed; some have seen it before the signature too."""

_CODE = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""A UUID. Whatever else we answered would be a signature of ours for the asking: a body, say, with its prefix."""


def verify(callback: Callback, settings: LinkedInSettings) -> None:
    """Return if the app, or a child of it, signed the body; raises BadSignature."""
    given = callback.headers.get("x-li-signature", "").removeprefix(SIGNED_FIRST.decode()).encode("utf-8", "replace")
    signed = SIGNED_FIRST + callback.body
    due = [hmac.digest(secret, signed, "sha256").hex().encode() for secret in _secrets(settings)]
    # Each is compared, so that the time it takes tells nothing.
    if not sum(hmac.compare_digest(each, given) for each in due):
        raise BadSignature("X-LI-Signature is by none of the channel's client secrets")


def handshake(callback: Callback, settings: LinkedInSettings) -> Answer | None:
    """Answer a challenge, which comes every two hours; None where it is no GET. Raises BadSignature."""
    if callback.method != "GET":
        return None
    told = callback.arguments
    code = told.get("challengeCode", "")
    secret = settings.child_secrets.get(told.get("applicationId", ""), settings.client_secret)
    if not (secret and "org_social_webhook" in settings.drivers and _CODE.fullmatch(code)):
        raise BadSignature("this is no challenge that the channel can answer")
    response = hmac.digest(secret.reveal().encode(), code.encode(), "sha256").hex()
    body = msgspec.json.encode({"challengeCode": code, "challengeResponse": response})
    return Answer(body=body, content_type="application/json")


def _secrets(settings: LinkedInSettings) -> Iterable[bytes]:
    """Every secret that may have signed; an empty one proves nothing, for everybody knows it."""
    if "org_social_webhook" in settings.drivers:
        known: list[Secret | None] = [settings.client_secret, *settings.child_secrets.values()]
        yield from (each.reveal().encode() for each in known if each)
