"""Files: by which method each is sent, under which name, and how large it may be.

Sending files https://core.telegram.org/bots/api#sending-files
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from tidings.connectors.telegram.settings import TelegramSettings
from tidings.model.content import Media
from tidings.model.errors import FieldError
from tidings.rules.uploads import Upload, octets_of, type_of

LONGEST_CAPTION = 1024
"""Characters, without the markup."""

MEGABYTE = 1024 * 1024

_KINDS = {
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/png", "image/webp", "image/*"), "photo"),
    **dict.fromkeys(("video/mp4", "video/*"), "video"),
    **dict.fromkeys(("audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/*"), "audio"),
    **dict.fromkeys(("audio/ogg", "audio/opus"), "voice"),
    "image/gif": "animation",
    "application/x-tgsticker": "sticker",
}
"""Telegram's kinds by MIME type; a file of any other type travels as a document."""

TOGETHER = {"photo": "seen", "video": "seen", "document": "document", "audio": "audio"}
"""Kinds that may stand in an album, and with which others: those that are called the same."""

ALBUM = range(2, 11)
"""How many files an album has."""


class File(Struct, frozen=True):
    """A file as a method names it, and itself where it is sent along."""

    kind: str
    value: str
    """A file id, a URL, or `attach://` and the name of the form's part that it stands in."""
    upload: Upload | None = None

    @property
    def attached(self) -> tuple[tuple[str, Upload], ...]:
        """The part of the form that it stands in."""
        return ((self.value.removeprefix("attach://"), self.upload),) if self.upload else ()


def kind_of(media: Media) -> str:
    """Give Telegram's kind; a sticker with a caption travels as a document, which can carry one."""
    kind = _KINDS.get(type_of(media), "document")
    return "document" if kind == "sticker" and media.caption else kind


def method_of(kind: str) -> str:
    """Name the method that sends one file of a kind."""
    return f"send{kind.capitalize()}"


def file_of(media: Media, number: int) -> File:
    """Name a file; `number` tells the files of one message apart."""
    kind = kind_of(media)
    if media.reference or media.url:
        return File(kind, media.reference or media.url)
    upload = Upload(media.name or "file", type_of(media), octets_of(media))
    return File(kind, f"attach://file{number}", upload)


def wrong_media(path: str, media: Media, settings: TelegramSettings) -> Iterator[FieldError]:
    """Name everything in a file that Telegram would refuse."""
    size = media.size or 0
    if media.data and not (media.url or media.reference):
        try:
            size = len(octets_of(media))
        except ValueError:
            yield FieldError(f"{path}.data", "Files other than text are written in base64.", "Invalid")
    elif media.url and not media.reference and not media.url.startswith(("https://", "http://")):
        yield FieldError(f"{path}.url", "A link starts with https://.", "Invalid")
    elif not (media.url or media.reference):
        yield FieldError(path, "There is no file: give a url, data or a reference.", "Missing")
    largest = _largest(media, settings)
    if not media.reference and size > largest:
        yield FieldError(f"{path}.size", f"At most {largest} octets in a {kind_of(media)} given so.", "TooLong")
    if len(media.caption) > LONGEST_CAPTION:
        yield FieldError(f"{path}.caption", f"At most {LONGEST_CAPTION} characters.", "TooLong")


def album_item(file: File, caption: dict[str, Any]) -> dict[str, Any]:
    """Write a file of an album."""
    return {"type": file.kind, "media": file.value, **caption}


def _largest(media: Media, settings: TelegramSettings) -> int:
    """How many octets a file may have, by the way it comes; of one that is at Telegram already nobody asks."""
    photo = kind_of(media) == "photo"
    if media.url:
        return (5 if photo else 20) * MEGABYTE
    if settings.local_server:
        return 2000 * MEGABYTE
    return (10 if photo else 50) * MEGABYTE
