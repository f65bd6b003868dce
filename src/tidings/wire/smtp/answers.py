"""What a mail server says, and to what."""

from typing import Final

GOODBYE: Final = 421
"""The server ends the session (RFC 5321 section 3.8)."""


class Refusal(Exception):
    """The server said no: the code, its words, and to what."""

    def __init__(self, code: int, text: str, step: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.step = step


def sound(text: str) -> str:
    """Give a server's words as they can be kept."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
