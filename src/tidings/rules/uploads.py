"""Files that are sent along: what they are, their octets, and the multipart form that carries them (RFC 7578)."""

import re
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from tidings.model.content import Media

TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "txt": "text/plain",
}
"""MIME types by a file name's extension, for media whose type nobody told."""

ANY_TYPE = "application/octet-stream"

_TYPE = re.compile(r"[a-z0-9.+*_-]+/[a-z0-9.+*_-]+")
_TEXTUAL = ("text/", "application/json", "application/xml")


class Upload(Struct, frozen=True):
    """A file in a form."""

    name: str
    type: str
    data: bytes


def type_of(media: Media) -> str:
    """Give the MIME type in lower case without parameters: as told, else by the end of the file's name or URL.

    What is told and is none counts for nothing: it would stand in the head of a form's part.
    """
    told = media.type.partition(";")[0].strip().lower()
    if told:
        return told if _TYPE.fullmatch(told) else ANY_TYPE
    path = media.name or media.url.partition("?")[0].partition("#")[0]
    return TYPES.get(path.rpartition(".")[2].lower(), ANY_TYPE)


def octets_of(media: Media) -> bytes:
    """Give the octets of a file that came as text: a text in UTF-8, anything else from base64; raises ValueError."""
    if type_of(media).startswith(_TEXTUAL):
        return media.data.encode()
    return b64decode(media.data, validate=True)


def write_form(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, Upload]]) -> tuple[str, bytes]:
    """Write a multipart form: its content type, and its body, which are the same whenever they are asked for."""
    parts = [(f'form-data; name="{_quoted(name)}"', "", value.encode()) for name, value in fields]
    parts += [
        (f'form-data; name="{_quoted(name)}"; filename="{_quoted(file.name)}"', file.type, file.data)
        for name, file in files
    ]
    # Made of all that it has to keep apart, so that it stands in none of it.
    digest = sha256()
    for disposition, kind, data in parts:
        for piece in (disposition.encode(), kind.encode(), data):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    boundary = f"tidings-{digest.hexdigest()[:40]}"
    lines: list[bytes] = []
    for disposition, kind, data in parts:
        lines += [f"--{boundary}".encode(), f"Content-Disposition: {disposition}".encode()]
        lines += [f"Content-Type: {kind}".encode()] if kind else []
        lines += [b"", data]
    return f"multipart/form-data; boundary={boundary}", b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def _quoted(text: str) -> str:
    """Escape a name as browsers do (HTML standard, multipart/form-data encoding)."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
