"""What SendGrid refuses of a send request."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_RECIPIENTS: Final = 1000
LONGEST_ARGUMENTS: Final = 10_000
"""Octets."""
LATEST_SECONDS: Final = 72 * 3600

Wrong = tuple[str, str | None]
"""What is wrong, and the field; it does not always say."""


def wrong_with(sent: Mapping[str, Any]) -> list[Wrong]:
    """Say everything that is wrong with a request."""
    wrong: list[Wrong] = []
    people = sent.get("personalizations")
    if not isinstance(people, list) or not people:
        return [
            ("The personalizations field is required and must have at least one personalization.", "personalizations")
        ]
    for place, each in enumerate(people):
        wrong += _wrong_people(each, f"personalizations.{place}")
    if len(recipients(sent)) > MOST_RECIPIENTS:
        wrong.append(("There is a limit of 1000 total recipients.", "personalizations"))
    sender = sent.get("from")
    if not isinstance(sender, dict) or "@" not in str(sender.get("email", "")):
        wrong.append(("The from object must be provided for every email send.", "from"))
    if not sent.get("template_id"):
        wrong += _wrong_content(sent)
    return [*wrong, *_wrong_options(sent)]


def recipients(sent: Mapping[str, Any]) -> list[str]:
    """List everybody the request is for."""
    people = sent.get("personalizations", [])
    return [each["email"] for one in people for kind in ("to", "cc", "bcc") for each in one.get(kind, [])]


def _wrong_people(one: Mapping[str, Any], path: str) -> Iterator[Wrong]:
    if not one.get("to"):
        yield (
            "The to array is required for all personalization objects, and must have at least one email.",
            f"{path}.to",
        )
    everybody = [str(each.get("email", "")) for kind in ("to", "cc", "bcc") for each in one.get(kind, [])]
    if not all("@" in each and each.isascii() and "." in each.rpartition("@")[2] for each in everybody):
        yield "Does not contain a valid address.", f"{path}.to.0.email"
    if len({each.lower() for each in everybody}) != len(everybody):
        yield "Each email address in the personalization block should be unique between to, cc, and bcc.", path
    arguments = one.get("custom_args", {})
    if not all(isinstance(value, str) for value in arguments.values()):
        yield "Bad Request", None  # As little as it really says.
    elif sum(len(name) + len(value) for name, value in arguments.items()) > LONGEST_ARGUMENTS:
        yield "The custom args exceed 10000 bytes.", f"{path}.custom_args"


def _wrong_content(sent: Mapping[str, Any]) -> Iterator[Wrong]:
    if not sent.get("subject"):
        yield "The subject is required. You can get around this requirement if you use a template.", "subject"
    kinds = [each.get("type") for each in sent.get("content", [])]
    if not kinds or not all(each.get("value") for each in sent["content"]):
        yield "Unless a valid template_id is provided, the content parameter is required.", "content"
    if kinds != sorted(kinds, key=["text/plain", "text/html"].index):
        yield "If present, text/plain and text/html may only be provided once, in this order.", "content"


def _wrong_options(sent: Mapping[str, Any]) -> Iterator[Wrong]:
    if len(sent.get("categories", [])) > 10:
        yield "There is a limit of 10 categories per email.", "categories"
    if sent.get("send_at", 0) > time.time() + LATEST_SECONDS:
        yield "Scheduling more than 72 hours in advance is forbidden.", "send_at"
    reserved = {"to", "from", "subject", "reply-to", "cc", "bcc", "content-type", "received", "dkim-signature"}
    if named := reserved & {name.lower() for name in sent.get("headers", {})}:
        yield f"The header {min(named)} is reserved.", "headers"
