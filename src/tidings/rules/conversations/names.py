"""The ids that integrators choose: of profiles and conversations."""

import re
from typing import Final

from tidings.rules.addresses import address

LONGEST_CONVERSATION: Final = 512
"""Characters: the sender's id and a profile's make one."""
BACKSLASH: Final = "\\"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def profile_id(text: str) -> str:
    """Give a profile's id as it is; raises ValueError where it is none.

    It is the address that messages go to, so only what is kept as it was written is an id.
    """
    if address("profileid", text) != text:
        raise ValueError("An id has no spaces around it.")
    return text


def conversation_id(text: str) -> str:
    """Give a conversation's id as it is; raises ValueError where it is none."""
    if not text or text != text.strip() or len(text) > LONGEST_CONVERSATION or _CONTROL.search(text):
        raise ValueError(f"An id has 1 to {LONGEST_CONVERSATION} characters, without spaces around it.")
    return text


def between(sender: str, profile: str) -> str:
    """Name the conversation of a business and a person; what stands before a backslash in the former is left out."""
    return f"{sender.rpartition(BACKSLASH)[2]}_{profile}"
