"""Twilio's signature, and the form fields under it.

Signature  https://www.twilio.com/docs/usage/security#validating-requests
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Final

from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback
from tidings.model.secrets import Secret
from tidings.rules.forms import MOST_FIELDS, form_fields

FORM: Final = "application/x-www-form-urlencoded"
_HOST: Final = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#]*?)(?P<port>:[0-9]+)?(?P<rest>[/?].*)?")
_PORTS: Final = {"https": ":443", "http": ":80"}


def is_form(callback: Callback) -> bool:
    """Whether a callback's facts are form fields: in the body, or in the query of a GET."""
    return callback.method == "GET" or callback.content_type == FORM


def verify(callback: Callback, tokens: Sequence[Secret | None]) -> None:
    """Return if one of the tokens signed the callback; raise BadSignature if none did."""
    given = callback.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
    signed = _signed_fields(callback)
    for token in filter(None, tokens):
        for url in _spellings(callback.url):
            digest = hmac.digest(token.reveal().encode(), url.encode("utf-8", "replace") + signed, hashlib.sha1)
            if hmac.compare_digest(b64encode(digest), given):
                return
    raise BadSignature("No Auth Token of this channel signed this request.")


def _signed_fields(callback: Callback) -> bytes:
    """Give what follows the URL in the signed text; raises BadSignature where the body could not be covered by it."""
    if callback.content_type == FORM:
        try:
            pairs = form_fields(callback.body)
        except ValueError as error:
            raise BadSignature(f"The form has more than {MOST_FIELDS} fields.") from error
        plain = "".join([name + value for name, value in sorted(pairs)])
        if plain.isascii() and len({name for name, _ in pairs}) == len(pairs):
            return plain.encode()
        # A name that comes twice with the same value is signed once.
        distinct = {
            (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")) for name, value in pairs
        }
        return b"".join([name + value for name, value in sorted(distinct)])
    if callback.body:
        told = re.search(r"(?:^|&)bodySHA256=([0-9A-Fa-f]{64})(?:&|$)", callback.query)
        if told is None or hashlib.sha256(callback.body).hexdigest() != told[1].lower():
            raise BadSignature("The URL does not tell the hash of this body.")
    return b""


def _spellings(url: str) -> Iterator[str]:
    """Give the URL as it is, without its port, and with the scheme's own port: Twilio signs now one, now another."""
    url = url.partition("#")[0]
    yield url
    if (parts := _HOST.fullmatch(url)) is None:
        return
    before, port, rest = f"{parts['scheme']}://{parts['host']}", parts["port"], parts["rest"] or ""
    yield before + rest if port else before + _PORTS[parts["scheme"]] + rest
