"""What a client may ask of one platform only: `channelOptions`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args

from tidings.dialects.omnichannel.names import inside
from tidings.model.errors import FieldError

MessagingType = Literal["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"]
"""Why a Messenger message is sent, https://developers.facebook.com/docs/messenger-platform/send-messages."""

_KINDS: Final[Mapping[str, Mapping[str, type]]] = {
    "sms": {"from": str, "allowUnicode": bool, "unicodeConversion": bool},
    "mms": {"from": str},
    "facebook": {"messageTag": str, "messagingType": str},
    "whatsapp": {"from": str},
    "rcs": {"agentId": str},
    "app-messaging": {"from": str},
    "email": {"from": str, "html": str},
}
"""The options that the vocabulary names; a platform's others go to its connector as they are."""

_WORDS: Final = {str: "a text", bool: "true or false"}


def check_options(given: Mapping[str, Any]) -> Iterator[FieldError]:
    """Name every option that is not what it has to be."""
    for name, options in given.items():
        platform = inside(name) or name
        if not isinstance(options, dict):
            yield FieldError(f"channelOptions.{name}", "The options of a platform are an object.", "type")
            continue
        for option, kind in _KINDS.get(platform, {}).items():
            if option in options and not isinstance(options[option], kind):
                yield FieldError(f"channelOptions.{name}.{option}", f"This option is {_WORDS[kind]}.", "type")
        if platform == "facebook":
            yield from _check_messaging_type(f"channelOptions.{name}", options)


def _check_messaging_type(path: str, options: Mapping[str, Any]) -> Iterator[FieldError]:
    kind, known = options.get("messagingType"), get_args(MessagingType)
    if isinstance(kind, str) and kind not in known:
        yield FieldError(f"{path}.messagingType", f"This option is one of {', '.join(known)}.", "unknown")
    if kind == "MESSAGE_TAG" and not options.get("messageTag"):
        yield FieldError(f"{path}.messageTag", "Messages of type MESSAGE_TAG need their tag.", "required")
