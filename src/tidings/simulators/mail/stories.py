"""What becomes of a mail, as its recipient's local part says: `hard-5.1.1@…`, `delayed-bounce@…`.

Each provider tells it in words of its own, and some of it not at all.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0 Safari/537.36"
APPLE: Final = "Mozilla/5.0"
SCANNER: Final = "LinkScanner/1.0"
LINK: Final = "https://shop.example/track/42"


class Happening(Struct, frozen=True):
    """One thing that happens to a mail: a name of `NAMES`, and what more there is to say."""

    name: str
    status: str = ""
    """The enhanced status code."""
    text: str = ""
    """What the other server said."""
    agent: str = BROWSER
    link: str = LINK
    hasty: bool = False
    """Whether it is done before a person could."""


NAMES: Final = (
    *("sent", "delivered", "delayed", "bounced", "blocked", "full", "expired", "suppressed", "opted-out", "rejected"),
    *("opened", "clicked", "complained", "unsubscribed", "answered-by-itself"),
)

DELIVERED: Final = Happening("delivered")
OPENED: Final = Happening("opened")
CLICKED: Final = Happening("clicked")
DELAYED: Final = Happening("delayed", "4.7.1", "4.7.1 Greylisted, try again later")
EXPIRED: Final = Happening("expired", "4.4.7", "4.4.7 delivery time expired")

STORIES: Final[Mapping[str, Sequence[Happening]]] = {
    "full": (Happening("full", "5.2.2", "5.2.2 mailbox full"),),
    "blocked": (Happening("blocked", "5.7.1", "5.7.1 blocked"),),
    "delayed": (DELAYED, DELIVERED),
    "expired": (DELAYED, EXPIRED),
    "delayed-bounce": (DELIVERED, Happening("bounced", "5.1.1", "5.1.1 no such user")),
    "suppressed": (Happening("suppressed", "5.1.1", "Bounced Address"),),
    "opted-out": (Happening("opted-out", text="Unsubscribed Address"),),
    "rejected": (Happening("rejected", text="Bad content"),),
    "away": (DELIVERED, Happening("answered-by-itself")),
    "open": (DELIVERED, OPENED),
    "click": (DELIVERED, OPENED, CLICKED),
    "click-before-delivery": (OPENED, CLICKED, DELIVERED),
    "machine-open": (DELIVERED, Happening("opened", agent=APPLE)),
    "machine-click": (DELIVERED, Happening("clicked", agent=SCANNER)),
    "hasty-click": (DELIVERED, Happening("clicked", hasty=True)),
    "complain": (DELIVERED, Happening("complained")),
    "unsub": (DELIVERED, OPENED, Happening("unsubscribed")),
}


def story(recipient: str) -> Sequence[Happening]:
    """Say what becomes of a mail to a recipient; an ordinary person gets theirs."""
    local = recipient.partition("@")[0]
    if found := re.fullmatch(r"hard-([45]\.\d{1,3}\.\d{1,3})", local):
        return (Happening("bounced", found[1], f"{found[1]} refused by the other server"),)
    return STORIES.get(local, (DELIVERED,))
