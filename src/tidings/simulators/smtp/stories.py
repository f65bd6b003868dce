"""What becomes of mails, said by the recipient's local part: `bounce-5.1.1@…`, `bounce-5.1.1-exchange@…`, `read@…`."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tidings.simulators.smtp.writing import DIALECTS, Happening

DELIVERED: Final = Happening("delivered", "2.0.0")
TEXTS: Final = {
    "5.1.1": "Recipient address rejected: User unknown",
    "5.2.2": "Mailbox is full",
    "4.4.7": "Delivery time expired",
    "5.7.1": "Message refused by policy",
}

STORIES: Final[Mapping[str, Sequence[Happening]]] = {
    "full": (Happening("failed", "5.2.2", TEXTS["5.2.2"]),),
    "expire": (Happening("delayed", "4.4.1"), Happening("failed", "4.4.7", TEXTS["4.4.7"])),
    "delay": (Happening("delayed", "4.4.1", "Connection timed out"), DELIVERED),
    "relay": (Happening("relayed", "2.0.0"),),
    "late-bounce": (DELIVERED, Happening("failed", "5.1.1", TEXTS["5.1.1"])),
    "complain": (DELIVERED, Happening("complains", kind="abuse")),
    "complain-redacted": (DELIVERED, Happening("complains-redacted", kind="abuse")),
    "not-spam": (DELIVERED, Happening("complains", kind="not-spam")),
    "read": (DELIVERED, Happening("reads")),
    "away": (DELIVERED, Happening("is-away")),
    "unsub": (DELIVERED, Happening("unsubscribes")),
    "unsub-multipart": (DELIVERED, Happening("unsubscribes", kind="multipart")),
    "unsub-mail": (DELIVERED, Happening("unsubscribes-by-mail")),
    "scan": (DELIVERED, Happening("scans")),
}


def story(recipient: str) -> Sequence[Happening]:
    """Say what becomes of a mail to a recipient; ordinary people get theirs."""
    local = recipient.partition("@")[0]
    dialects = "|".join(DIALECTS)
    if found := re.fullmatch(rf"bounce-(\d\.\d+\.\d+)(?:-({dialects}))?", local):
        text = TEXTS.get(found[1], "Refused by the other server")
        return (Happening("failed", found[1], text, found[2] or "postfix"),)
    return STORIES.get(local, (DELIVERED,))


def reply_to_rcpt(recipient: str, before: int) -> str:
    """Say what is answered when a recipient is named for whom there was mail before; empty: they are taken."""
    local = recipient.partition("@")[0]
    if found := re.fullmatch(r"refuse-(\d\.\d+\.\d+)", local):
        return f"550 {found[1]} {TEXTS.get(found[1], 'Refused')}"
    if (found := re.fullmatch(r"defer-(\d)", local)) and before < int(found[1]):
        return "451 4.7.1 Greylisted, come again later"
    return ""
