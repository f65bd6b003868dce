"""The platforms, what identifies a person on each, and how long a message may take."""

from typing import Final

from msgspec import Struct

HOUR: Final = 3_600_000
"""Milliseconds in an hour; every time in Tidings is an integer of milliseconds since 1970, UTC."""


class Platform(Struct, frozen=True):
    """A medium: its own name, its names in the two vocabularies, the identifier it reaches people by, its window."""

    name: str
    channels: str
    """Name in the channels vocabulary."""
    omnichannel: str
    """Name in the omnichannel vocabulary."""
    identifier: str
    """`identifierKey` of the contacts it reaches."""
    expiry_hours: int = 24


def _same(name: str, identifier: str) -> Platform:
    return Platform(name, name, name, identifier)


_TABLE: Final = (
    Platform("sms", "sms", "sms", "phonenumber", 48),
    Platform("mms", "mms", "mms", "phonenumber", 48),
    Platform("rcs", "rcs", "rcs", "phonenumber", 24),
    Platform("whatsapp", "whatsapp", "whatsApp", "phonenumber", 24),
    Platform("email", "email", "email", "emailaddress", 72),
    Platform("facebook", "facebook", "fbMessenger", "facebookuserid"),
    Platform("app-messaging", "app-messaging", "appMessaging", "profileid"),
    Platform("apple-business-chat", "applebusinesschat", "applebusinesschat", "applebusinesschatid"),
    _same("instagram", "instagramuserid"),
    _same("line", "lineuserid"),
    _same("viber", "viberuserid"),
    _same("telegram", "telegramuserid"),
    _same("linkedin", "linkedinuserid"),
    _same("tiktok", "tiktokuserid"),
)

PLATFORMS: Final[dict[str, Platform]] = {platform.name: platform for platform in _TABLE}
"""The platforms of the two published vocabularies, by our own name."""


def platform(name: str) -> Platform:
    """Find a platform by our own name; an unpublished name is a custom platform, the same in both vocabularies."""
    return PLATFORMS.get(name) or Platform(name, name, name, "identifier")
