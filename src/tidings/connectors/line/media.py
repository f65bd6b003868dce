"""Which of LINE's kinds of message a file is.

Limits https://developers.line.biz/en/reference/messaging-api/#image-message, #video-message, #audio-message
"""

from tidings.model.content import Media

KINDS = {
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/png", "image/*"), "image"),
    **dict.fromkeys(("video/mp4", "video/*"), "video"),
    **dict.fromkeys(("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/mpeg", "audio/mp3", "audio/*"), "audio"),
}
"""By MIME type; a file of any other type is sent as a link."""

_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
}
"""By a file name's extension, for media whose type nobody told."""

MEGABYTE = 1_000_000
LARGEST = {"image": 10 * MEGABYTE, "video": 200 * MEGABYTE, "audio": 200 * MEGABYTE}
"""Octets."""


def kind_of(media: Media) -> str:
    """Give the type of its message; empty where LINE has none."""
    told = media.type.partition(";")[0].strip().lower()
    path = media.name or media.url.partition("?")[0].partition("#")[0]
    return KINDS.get(told or _TYPES.get(path.rpartition(".")[2].lower(), ""), "")
