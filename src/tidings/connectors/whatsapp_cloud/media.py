"""Media: which of WhatsApp's kinds a file is, how it is named in a message, and how it is uploaded.

Kinds and limits https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
"""

import hashlib
from base64 import b64decode
from typing import Any

from tidings.model.content import Media

KINDS = {
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/png", "image/*"), "image"),
    **dict.fromkeys(("video/mp4", "video/3gp", "video/3gpp", "video/*"), "video"),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/*"), "audio"),
    "image/webp": "sticker",
}
"""MIME types by kind; a file of any other type travels as a document."""

_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "txt": "text/plain",
}
"""MIME types by a file name's extension, for media whose type nobody told."""

CAPTIONED = frozenset({"image", "video", "document"})
HEADERS = frozenset({"image", "video", "document"})
"""Kinds that may stand above an interactive message or a template."""

MEGABYTE = 1024 * 1024
LARGEST = {
    "image": 5 * MEGABYTE,
    "video": 16 * MEGABYTE,
    "audio": 16 * MEGABYTE,
    "document": 100 * MEGABYTE,
    "sticker": 500 * 1024,
}
"""Octets. A sticker that does not move has only 100 KB, but nobody tells beforehand which one moves."""

_TEXTUAL = ("text/", "application/json", "application/xml")
_IN_A_FILE_NAME = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""As browsers write file names in multipart/form-data (WHATWG HTML, 4.10.21.8)."""


def type_of(media: Media) -> str:
    """Give the MIME type without parameters: as told, else by the file's name."""
    if media.type:
        return media.type.partition(";")[0].strip().lower()
    path = media.name or media.url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")


def kind_of(media: Media) -> str:
    """Give WhatsApp's kind; sounds and stickers with a caption travel as documents, which can carry one."""
    kind = KINDS.get(type_of(media), "document")
    return "document" if media.caption and kind not in CAPTIONED else kind


def file_of(media: Media) -> dict[str, str]:
    """Name the file: by its id at Meta, else by its link."""
    if media.reference or not media.url:
        return {"id": media.reference}
    return {"link": media.url}


def media_object(media: Media) -> dict[str, Any]:
    """Write the type object of a media message."""
    written = file_of(media)
    if media.caption:
        written["caption"] = media.caption
    if media.name and kind_of(media) == "document":
        written["filename"] = media.name
    return written


def header_object(media: Media) -> dict[str, Any]:
    """Write what stands above an interactive message or a template; it has no caption."""
    kind = kind_of(media)
    named = {"filename": media.name} if media.name and kind == "document" else {}
    return {"type": kind, kind: {**file_of(media), **named}}


def has_to_be_uploaded(media: Media) -> bool:
    """Whether the file itself came with the message and is not at Meta yet."""
    return bool(media.data) and not media.reference and not media.url


def octets_of(media: Media) -> bytes:
    """Give the file itself: text as UTF-8, anything else from base64; raises ValueError."""
    if type_of(media).startswith(_TEXTUAL):
        return media.data.encode()
    return b64decode(media.data, validate=True)


def upload_form(media: Media) -> tuple[str, bytes]:
    """Write the multipart form that uploads the file: its content type, and its body."""
    octets = octets_of(media)
    # Nobody can put a boundary into a file that is made from the file's own hash.
    boundary = f"tidings-{hashlib.sha256(octets).hexdigest()[:32]}"
    name = (media.name or "file").translate(_IN_A_FILE_NAME)
    kind = type_of(media)
    fields = (
        (b'name="messaging_product"', b"whatsapp"),
        (b'name="type"', kind.encode()),
        (f'name="file"; filename="{name}"\r\nContent-Type: {kind}'.encode(), octets),
    )
    parts = (
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (boundary.encode(), head, value)
        for head, value in fields
    )
    return f"multipart/form-data; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()
