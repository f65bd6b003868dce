"""Images: the only files that TikTok takes, and only by upload.

Upload https://business-api.tiktok.com/portal/docs?id=1832184455390210
"""

from collections.abc import Iterator

from tidings.model.content import Media
from tidings.model.errors import FieldError, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason
from tidings.rules.uploads import ANY_TYPE, Upload, octets_of, type_of

LARGEST = 3 * 1024 * 1024
"""Octets."""

_SIGNS = ((b"\xff\xd8\xff", "image/jpeg", "image.jpg"), (b"\x89PNG\r\n\x1a\n", "image/png", "image.png"))
"""How each kind begins, whatever is said of it."""
_TYPES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/*"})


def wrong_image(path: str, media: Media) -> Iterator[FieldError]:
    """Name everything in a file that TikTok would refuse, as far as one knows before it is there."""
    kind = type_of(media)
    if not media.reference and kind not in _TYPES and not (media.url and kind == ANY_TYPE):
        yield FieldError(f"{path}.type", "Only images are sent, as JPEG or PNG.", "Unsupported")
    if media.reference:
        return
    if (media.size or 0) > LARGEST:
        yield FieldError(f"{path}.size", f"At most {LARGEST} octets.", "TooLong")
    if media.url:
        if not media.url.startswith(("https://", "http://")):
            yield FieldError(f"{path}.url", "A link starts with https://.", "Invalid")
    elif media.data:
        yield from _wrong_data(path, media)
    else:
        yield FieldError(path, "There is no file: give a url, data or a reference.", "Missing")


def image_of(media: Media) -> Exchange[Upload]:
    """Get the octets of an image: its own, or from where it is.

    Raises SendFailed where it is none, or not there; SendDeferred where nobody knows whether it is there.
    """
    octets = octets_of(media) if media.data and not media.url else (yield from _fetched(media.url))
    kind, name = _kind_of(octets)
    if not kind or len(octets) > LARGEST:
        why = f"The file is no image in JPEG or PNG of at most {LARGEST} octets."
        raise SendFailed(Reason(Cause.INVALID, why, "media"))
    return Upload(media.name or name, kind, octets)


def _fetched(url: str) -> Exchange[bytes]:
    try:
        reply = yield Call.get(url, follow=True)
    except NoReply as silence:
        reason = Reason(Cause.PROVIDER, f"The image cannot be fetched: {silence.why}", "media", permanent=False)
        raise SendDeferred(reason) from silence
    if reply.status == 429 or reply.status >= 500:
        raise SendDeferred(Reason(Cause.PROVIDER, f"The image's server answers {reply.status}.", permanent=False))
    if not reply.ok:
        raise SendFailed(Reason(Cause.INVALID, f"The image's server answers {reply.status}.", "media"))
    return reply.body


def _wrong_data(path: str, media: Media) -> Iterator[FieldError]:
    try:
        octets = octets_of(media)
    except ValueError:
        yield FieldError(f"{path}.data", "A file is written in base64.", "Invalid")
        return
    if len(octets) > LARGEST:
        yield FieldError(f"{path}.size", f"At most {LARGEST} octets.", "TooLong")
    if not _kind_of(octets)[0]:
        yield FieldError(f"{path}.data", "Only images are sent, as JPEG or PNG.", "Unsupported")


def _kind_of(octets: bytes) -> tuple[str, str]:
    return next(((kind, name) for sign, kind, name in _SIGNS if octets.startswith(sign)), ("", ""))
