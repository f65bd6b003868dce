"""What Postmark refuses of a send request."""

import re
from collections.abc import Mapping
from email.utils import getaddresses, parseaddr
from typing import Any, Final

MAILBOX: Final = re.compile(r"[^\s@<>,;:\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MOST_RECIPIENTS: Final = 50
TRACKING: Final = {"None", "HtmlAndText", "HtmlOnly", "TextOnly"}
FORBIDDEN: Final = (".exe", ".bat", ".com", ".vbs", ".js")


def people(sent: Mapping[str, Any], *fields: str) -> list[str]:
    """List the addresses in fields that hold one or several, with names or without."""
    return [address for _, address in getaddresses([str(sent.get(field, "")) for field in fields]) if address]


def wrong_with(sent: Mapping[str, Any], verified: str, *, template: bool) -> tuple[int, str]:
    """Say why a request is refused, as a code and its text; 0 where it is not."""
    everybody = people(sent, "To", "Cc", "Bcc")
    if not people(sent, "To") or not all(each.isascii() and MAILBOX.fullmatch(each) for each in everybody):
        return 300, f"Error parsing 'To': Illegal email address {sent.get('To')!r}."
    if len(everybody) > MOST_RECIPIENTS:
        return 300, "Recipient limit exceeded: 50."
    sender = parseaddr(str(sent.get("From", "")))[1]
    if sender.rpartition("@")[2].lower() != verified:
        return 400, f"The 'From' address you supplied ({sender}) is not a Sender Signature on your account."
    if template:
        return _wrong_template(sent)
    if not (sent.get("TextBody") or sent.get("HtmlBody")):
        return 300, "Provide either email TextBody or HtmlBody or both."
    return _wrong_extras(sent)


def _wrong_template(sent: Mapping[str, Any]) -> tuple[int, str]:
    named = sent.get("TemplateId") or sent.get("TemplateAlias")
    if not named or named == "missing":
        return 1101, "The Template's 'TemplateId' or 'TemplateAlias' is not valid."
    return (0, "") if isinstance(sent.get("TemplateModel"), dict) else (403, "The 'TemplateModel' is missing.")


def _wrong_extras(sent: Mapping[str, Any]) -> tuple[int, str]:
    metadata = sent.get("Metadata", {})
    if len(metadata) > 10 or any(len(name) > 20 or len(str(value)) > 80 for name, value in metadata.items()):
        return 300, "Invalid metadata."
    if not isinstance(sent.get("Tag", ""), str) or len(sent.get("Tag", "")) > 1000:
        return 300, "Invalid tag."
    if sent.get("TrackLinks", "None") not in TRACKING or not isinstance(sent.get("TrackOpens", True), bool):
        return 300, "Invalid tracking options."
    for file in sent.get("Attachments", []):
        if file["Name"].lower().endswith(FORBIDDEN):
            return 411, f"Forbidden attachment type: {file['Name']}."
    return 0, ""
