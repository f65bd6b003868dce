"""Proving that a callback is Google's.

Webhooks  https://developers.google.com/business-communications/rcs-business-messaging/guides/integrate/webhooks
"""

import base64
import binascii
import hmac

from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.model.errors import BadSignature
from tidings.model.exchange import Answer, Callback
from tidings.model.secrets import Secret

SIGNATURE = "x-goog-signature"


class _Greeting(Struct, frozen=True, rename="camel"):
    """What is posted once, when the URL is saved."""

    client_token: str
    secret: str


class _Said(Struct, frozen=True):
    data: str = ""


class _Push(Struct, frozen=True):
    message: _Said


def greeted(callback: Callback, token: Secret) -> Answer | None:
    """Answer the request that asks whether the URL is ours; None where it is a push. Raises BadSignature."""
    greeting = read(callback.body, _Greeting)
    if greeting is None:
        return None
    if not hmac.compare_digest(greeting.client_token.encode("utf-8", "replace"), token.reveal().encode()):
        raise BadSignature("the client token is not ours")
    return Answer(body=greeting.secret.encode("utf-8", "replace"))


def verify(callback: Callback, token: Secret) -> None:
    """Return if what was pushed is signed with the client token; raise BadSignature if not."""
    push = read(callback.body, _Push)
    if push is None:
        raise BadSignature("nothing was pushed")
    due = base64.b64encode(hmac.digest(token.reveal().encode(), data_of(push.message.data), "sha512"))
    given = callback.headers.get(SIGNATURE, "").encode("latin-1", "replace")
    if not hmac.compare_digest(due, given):
        raise BadSignature("X-Goog-Signature is not by the client token")


def data_of(text: str) -> bytes:
    """Read what a push carries; raises BadSignature where it is no base64, or written as nobody writes it."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("what was pushed is no base64") from error
    if base64.b64encode(octets) != text.encode():
        raise BadSignature("what was pushed has bits to spare")
    return octets
