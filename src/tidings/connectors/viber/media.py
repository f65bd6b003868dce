"""Which of Viber's kinds of message a file is.

Limits https://developers.viber.com/docs/api/rest-bot-api/#message-types
"""

from typing import Any

from tidings.model.content import Media

_KINDS = {
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/png", "image/*"), "picture"),
    **dict.fromkeys(("video/mp4", "video/*"), "video"),
    "image/gif": "url",  # Only so does it move.
}
"""By MIME type; a file of any other type, a sound too, travels as a file."""

_TYPES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
"""By a file name's extension, for media whose type nobody told."""

_MEGABYTE = 1024 * 1024
LARGEST = {"picture": _MEGABYTE, "video": 26 * _MEGABYTE, "file": 50 * _MEGABYTE}
"""Octets."""


def kind_of(media: Media) -> str:
    """Give the type of its message; what Viber wants to know the size of, and nobody told, travels as a link."""
    told = media.type.partition(";")[0].strip().lower()
    path = media.name or media.url.partition("?")[0].partition("#")[0]
    kind = _KINDS.get(told or _TYPES.get(path.rpartition(".")[2].lower(), ""), "file")
    return "url" if kind in ("video", "file") and not media.size else kind


def file_name(media: Media) -> str:
    """Give a file's name, by which people know what it is."""
    return media.name or media.url.partition("?")[0].partition("#")[0].rpartition("/")[2] or "file"


def media_body(media: Media, thumbnail: str, duration: int | None) -> dict[str, Any]:
    """Write the message of a file; a picture alone has a caption."""
    kind = kind_of(media)
    body: dict[str, Any] = {"type": kind, "media": media.url}
    if kind == "picture":
        body["text"] = media.caption
    if kind in ("picture", "video") and thumbnail:
        body["thumbnail"] = thumbnail
    if kind in ("video", "file"):
        body["size"] = media.size
    if kind == "video" and duration:
        body["duration"] = duration
    if kind == "file":
        body["file_name"] = file_name(media)
    return body
