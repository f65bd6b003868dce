"""Reading a request's body, never more of it than the door takes, also once it is unpacked."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any, Final

from tidings.model.errors import Refused
from tidings.web.errors import Turned, too_large

PATIENCE: Final = 60.0
"""Seconds a client has to bring the whole of its body."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_FORMS: Final = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
"""Window bits of each content coding; some clients send `deflate` without the wrapping that RFC 9110 8.4.1.2 asks."""


class Left(Exception):
    """The client went away before its body was whole."""


async def read_body(receive: Any, headers: Mapping[str, str], limit: int) -> bytes:
    """Read the whole body, unpacked; raises Refused (400, 408, 413, 415), and Left where nobody waits any more."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise too_large(limit)
    event = await receive()
    if event["type"] == "http.disconnect":
        raise Left
    body: bytes = event.get("body", b"")
    if event.get("more_body", False):
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _rest(receive, body, limit)
        except TimeoutError:
            close = (("connection", "close"),)
            raise Turned("The body did not come in time.", status=408, headers=close) from None
    if len(body) > limit:
        raise too_large(limit)
    coding = headers.get("content-encoding")
    return body if coding is None else unpack(body, coding, limit)


async def _rest(receive: Any, first: bytes, limit: int) -> bytes:
    chunks = [first]
    size = len(first)
    more = True
    while more:
        if size > limit:
            raise too_large(limit)
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Left
        chunk = event.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        more = event.get("more_body", False)
    return b"".join(chunks)


def unpack(body: bytes, coding: str, limit: int) -> bytes:
    """Undo a content coding, giving up as soon as more than `limit` octets come out; raises Refused."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    forms = _FORMS.get(coding)
    if forms is None:
        accepted = (("accept-encoding", "gzip, deflate"),)
        raise Turned("A body may be packed with gzip or deflate only.", status=415, headers=accepted)
    for form in forms:
        try:
            return _inflate(body, form, limit)
        except zlib.error:
            continue
    raise Refused(f"The body is not {coding}, as its Content-Encoding says.")


def _inflate(body: bytes, form: int, limit: int) -> bytes:
    """Inflate; a gzip body may consist of several members (RFC 1952 2.2). Raises zlib.error, Refused."""
    unpacked = b""
    while True:
        inflater = zlib.decompressobj(form)
        unpacked += inflater.decompress(body, limit + 1 - len(unpacked))
        if len(unpacked) > limit:
            raise too_large(limit)
        if not inflater.eof:
            raise zlib.error("it ends too early")
        body = inflater.unused_data
        if not body:
            return unpacked
