"""How Meta proves itself to us, and we to Meta.

Signature  https://developers.facebook.com/docs/graph-api/webhooks/getting-started  X-Hub-Signature-256 of the raw body
Handshake  the same page: a GET with hub.verify_token
Proof      https://developers.facebook.com/docs/graph-api/guides/secure-requests  appsecret_proof beside a token
"""

import hmac
from collections.abc import Iterable

from tidings.model.errors import BadSignature
from tidings.model.exchange import Answer, Callback
from tidings.model.secrets import Secret


def verify(callback: Callback, secrets: Iterable[Secret]) -> None:
    """Return if the raw body is signed with one of an app's secrets; raise BadSignature if not.

    The bytes are signed as they come: Meta escapes what is not ASCII, so the body may not be written anew.
    """
    told = callback.headers.get("x-hub-signature-256", "").encode("utf-8", "replace")
    known = False
    for secret in secrets:
        due = b"sha256=" + hmac.digest(secret.reveal().encode(), callback.body, "sha256").hex().encode()
        # An empty secret proves nothing, for everybody knows it.
        known |= bool(secret) and hmac.compare_digest(due, told)
    if not known:
        raise BadSignature("X-Hub-Signature-256 is not by the app secret")


def greet(callback: Callback, verify_token: Secret) -> Answer | None:
    """Give the challenge back to whoever knows the verify token; None where it is no GET. Raises BadSignature."""
    if callback.method != "GET":
        return None
    told = callback.arguments
    due = verify_token.reveal().encode()
    known = hmac.compare_digest(due, told.get("hub.verify_token", "").encode("utf-8", "replace"))
    if not (due and known and told.get("hub.mode") == "subscribe"):
        raise BadSignature("hub.verify_token is not ours")
    return Answer(body=told.get("hub.challenge", "").encode("utf-8", "replace"))


def app_proof(app_secret: Secret, token: Secret) -> str:
    """Prove to Meta that whoever has the token also has the app's secret."""
    return hmac.digest(app_secret.reveal().encode(), token.reveal().encode(), "sha256").hex()
