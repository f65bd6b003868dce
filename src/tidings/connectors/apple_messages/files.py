"""Getting what people send: the place is asked for, the file is got there, decrypted, and large data are unpacked.

Attachments https://register.apple.com/resources/messages/msp-rest-api/type-text
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from tidings.connectors.apple_messages import ciphers
from tidings.connectors.apple_messages.callbacks import Attachment, DataRef
from tidings.connectors.apple_messages.gateway import Gateway, Place
from tidings.connectors.decoding import read
from tidings.model.content import Media
from tidings.model.exchange import Call, Exchange, Reply

# What a person's device wrote stands in headers of ours, and must break out of none.
_InAHeader = Annotated[str, Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")]


class Reference(Struct, frozen=True, omit_defaults=True):
    """How a file is found at Apple, and read."""

    url: _InAHeader
    owner: _InAHeader
    signature: _InAHeader
    """In base64."""
    key: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{64,66}$")]
    bid: Annotated[str, Meta(max_length=300, pattern="^[!-~]*$")] = ""
    """Of interactive data: what unpacks them."""


def media_of(raw: Raw) -> Media:
    """Name a file; one that cannot be found again has no reference."""
    told = read(raw, Attachment) or Attachment()
    size = told.size if told.size is not None else told.file_size
    return Media(
        type=told.mime_type or told.old_mime_type,
        reference=_written(
            told.url or told.mmcs_url,
            told.owner or told.mmcs_owner,
            told.signature_base64 or told.signature,
            told.key or told.decryption_key,
        ),
        name=told.name,
        size=_number(size),
    )


def reference_of(told: DataRef) -> str:
    """Say how large interactive data are found; empty where they cannot be."""
    return _written(told.url, told.owner, told.signature_base64 or told.signature, told.key, told.bid)


def got(reference: str, gateway: Gateway) -> Exchange[Reply]:
    """Get a file and decrypt it; gives the first answer that is no success."""
    try:
        place = msgspec.json.decode(reference, type=Reference)
        key = ciphers.read_key(place.key)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Reply(status=404, body=b"The message does not say where the file is.")
    headers = gateway.headers(url=place.url, owner=place.owner, signature=place.signature)
    reply = yield Call(method="GET", url=gateway.url("preDownload"), headers=headers)
    if not reply.ok:
        return reply
    there = read(reply.body, Place)
    if there is None or not gateway.is_trusted(there.download_url):
        return Reply(status=502, body=b"Apple does not say where the file is.")
    sealed = yield Call.get(there.download_url, follow=True)
    if not sealed.ok:
        return sealed
    octets = ciphers.turn(key, sealed.body)
    if not place.bid:
        return Reply(status=200, body=octets)
    headers = gateway.headers(bid=place.bid, content_type="application/octet-stream")
    return (yield Call(method="POST", url=gateway.url("decodePayload"), headers=headers, body=octets))


def _written(url: str, owner: str, signature: str, key: str, bid: str = "") -> str:
    try:
        reference = Reference(url, owner, ciphers.signature_in_base64(signature), key, bid)
        written = msgspec.json.encode(reference)
        msgspec.json.decode(written, type=Reference)
    except (ValueError, UnicodeEncodeError):
        return ""
    return written.decode()


def _number(told: int | str | None) -> int | None:
    text = str(told) if told is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
