"""The headers of a mail that we send."""

import re
from collections.abc import Iterator, Mapping

from tidings.connectors.connector import Outgoing
from tidings.model.errors import FieldError

CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What no line of a mail's head may hold."""
OURS = frozenset(
    {
        *("from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"),
        *("content-type", "content-transfer-encoding", "content-disposition", "return-path", "dkim-signature"),
    }
)
"""Headers that follow from the message itself, or are the mail server's to write."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 5322 section 2.2, less the characters that no mail program uses."""


def message_id(outgoing: Outgoing, domain: str) -> str:
    """Make the Message-ID: the same for every try, so that a mail program can tell a repetition."""
    return f"<{outgoing.message}.{outgoing.hop}@{domain}>"


def thread(outgoing: Outgoing) -> dict[str, str]:
    """Write the headers that tie a mail to the one it answers (RFC 5322 section 3.6.4); none where it answers none."""
    if "@" not in outgoing.reply_to or CONTROL.search(outgoing.reply_to):
        return {}
    answered = f"<{outgoing.reply_to.strip('<>')}>"
    return {"In-Reply-To": answered, "References": answered}


def check_headers(headers: Mapping[str, str], *, reserved: frozenset[str] = frozenset()) -> Iterator[FieldError]:
    """Say what is wrong with headers that a client asks for."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or CONTROL.search(value):
            yield FieldError(f"headers.{name}", "A header's name is a word, and its value one line.")
        elif name.lower() in reserved:
            yield FieldError(f"headers.{name}", "It is set from the message itself.", "Reserved")


def check_lines(lines: Mapping[str, str]) -> Iterator[FieldError]:
    """Say which texts, by their paths, cannot stand in a mail's head."""
    for path, text in lines.items():
        if CONTROL.search(text):
            yield FieldError(path, "It must be one line without control characters.")
