"""LinkedIn's names for things, and how we refer to a message within its conversation.

URNs https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/urns
"""

import re

PERSON = re.compile(r"urn:li:person:[A-Za-z0-9_-]{1,64}")
THREAD = re.compile(r"urn:li:messagingThread:[A-Za-z0-9_=+/.-]{1,200}")
ANY = re.compile(r"urn:li:[A-Za-z]{1,40}:[A-Za-z0-9_=+/.,:()-]{1,300}")

_BETWEEN = "#"
"""Stands between thread and message; no URN and no base64 has it."""


def reference_of(thread: str, message: str) -> str:
    """Refer to a message so that it can be answered: LinkedIn answers in a thread, so that comes along."""
    return f"{thread}{_BETWEEN}{message}" if THREAD.fullmatch(thread) else message


def thread_of(reference: str) -> str:
    """Find the thread that a reference names; empty where it names none."""
    thread = reference.partition(_BETWEEN)[0]
    return thread if THREAD.fullmatch(thread) else ""


def comment(urn: str) -> str:
    """Write a comment's URN the one way: LinkedIn's own notifications leave `urn:li:` out of the post within it."""
    return re.sub(r"^urn:li:comment:\((?!urn:)", "urn:li:comment:(urn:li:", urn)
