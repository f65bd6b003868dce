"""Which addresses are spared: they keep their own form although links are tracked, and nobody is told of taps on them.

An unsubscribe link must work whatever becomes of our host, and whoever follows it does not want to be counted. It is
known by what the mail says of it, or by its words; a link that is spared without need is only not counted.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from msgspec import Struct

UNSUBSCRIBING: Final = frozenset(
    {"unsubscribe", "unsubscribed", "unsubscription", "unsub", "optout", "listunsubscribe", "désabonnement"}
)
"""Words of an address, between its punctuation, that mean the end of a subscription."""
OPT_OUT: Final = ("opt", "out")

SAYING_SO: Final = (
    *("unsubscribe", "opt out", "opt-out", "abmelden", "abbestellen", "austragen", "afmelden", "uitschrijven"),
    *("désabonner", "désinscri", "se désinscrire", "darse de baja", "darme de baja", "cancelar suscripción"),
    *("cancelar la suscripción", "desuscrib", "disiscri", "annulla iscrizione", "cancelar inscrição", "descadastrar"),
    *("cancelar subscrição", "wypisz", "avregistrera", "avprenumerera", "afmeld", "avmeld", "peruuta tilaus"),
    *("odhlásit", "leiratkoz", "dezabon", "abonelikten", "отписаться", "відписатися", "配信停止", "退订", "退訂"),
    "수신거부",
)
"""What the text of a link says, in any case, where it ends a subscription."""


class Doors(Struct, frozen=True):
    """Our own addresses, which are not tracked."""

    unsubscribing: str
    """What unsubscribe links of ours begin with."""
    links: str
    """What short addresses begin with."""


class Spared(Struct, frozen=True):
    """Addresses that are spared in one message."""

    beginnings: tuple[str, ...]
    whole: frozenset[str]

    def has(self, address: str) -> bool:
        """Whether an address as it is written is spared."""
        return address in self.whole or address.startswith(self.beginnings) or ends_subscription(address)


def spared_in(headers: Mapping[str, str], doors: Doors) -> Spared:
    """Say what is spared in a message: our own doors, and what it names in its `List-Unsubscribe` (RFC 2369)."""
    named = (text for name, text in headers.items() if name.lower() == "list-unsubscribe")
    return Spared((doors.unsubscribing, doors.links), frozenset(address for text in named for address in _listed(text)))


def ends_subscription(address: str) -> bool:
    """Whether the words of an address say that it ends a subscription."""
    words = "".join(each if each.isalnum() else " " for each in address.lower()).split()
    return not UNSUBSCRIBING.isdisjoint(words) or OPT_OUT in pairwise(words)


def says_unsubscribe(text: str) -> bool:
    """Whether the text of a link says, in one of many languages, that it ends a subscription."""
    folded = " ".join(text.casefold().split())
    return any(each in folded for each in SAYING_SO)


def is_address(text: str) -> bool:
    """Whether the text of a link is itself the address of a page; it may not lead elsewhere than it says."""
    words = text.lower().split()
    return len(words) == 1 and words[0].startswith(("http://", "https://", "www."))


def _listed(text: str) -> Iterator[str]:
    """Read the addresses between angle brackets."""
    for each in text.split("<")[1:]:
        yield each.partition(">")[0].strip()
