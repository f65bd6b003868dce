"""Headers that are written as they stand.

The standard library takes what is longer than a line for something to encode, though message ids and addresses in
encoded words mean nothing to anybody (RFC 2047 section 5).
"""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import Message
from email.policy import Policy
from typing import Final

WIDTH: Final = 78
"""Characters that a line should have at most (RFC 5322 section 2.1.1)."""


class Standing(UnstructuredHeader, BaseHeader):
    """A header that is folded between its words only, as long as it is in ASCII."""

    def fold(self, *, policy: "Policy[Message[str, str]]") -> str:
        """Write it down."""
        text = str(self)
        if not text.isascii():
            return super().fold(policy=policy)
        lines = [f"{self.name}:"]
        for word in text.split():
            if len(lines[-1]) + 1 + len(word) > WIDTH and lines[-1].strip() != f"{self.name}:":
                lines.append("")
            lines[-1] += f" {word}"
        return policy.linesep.join(lines) + policy.linesep


STANDING: Final = HeaderRegistry(default_class=Standing)
"""Makes such a header of every one that has no form of its own."""
