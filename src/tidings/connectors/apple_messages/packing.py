"""Unpacking what Apple posts: it comes packed with gzip, and whoever knows a token could send a bomb."""

import zlib

from tidings.model.errors import Unreadable
from tidings.rules.nesting import is_too_deep

LARGEST = 10 * 2**20
"""Octets of a message once it is unpacked."""

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(body: bytes) -> bytes:
    """Give a body unpacked, never more of it than is allowed; raises Unreadable.

    The body itself tells whether it is packed: whoever took it may have unpacked it, and no JSON begins like gzip.
    """
    if body.startswith(_MAGIC):
        body = _unpack(body)
    if len(body) > LARGEST:
        raise Unreadable(f"apple-messages: it has more than {LARGEST} octets")
    if is_too_deep(body):
        raise Unreadable("apple-messages: it is nested too deeply")
    return body


def _unpack(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        whole = unpacking.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise Unreadable("apple-messages: it is no gzip") from error
    if len(whole) <= LARGEST and (not unpacking.eof or unpacking.unused_data):
        raise Unreadable("apple-messages: it is cut off, or something follows it")
    return whole
