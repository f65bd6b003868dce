"""The rules by which a machine is known, each with its weight and where it comes from.

A machine did it where the weights of what was found add up to `Weight.DECISIVE`. What proves nothing by itself, because
some people's programs do it too, counts for less.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct


class Weight(IntEnum):
    """How much a rule says; two weak ones are no proof, a strong and a weak one are."""

    DECISIVE = 100
    STRONG = 60
    WEAK = 40
    NONE = 0
    """It says something only together with a time."""


class Rule(Struct, frozen=True):
    """One sign of a machine."""

    weight: Weight
    says: str
    source: str


RULES: Final[dict[str, Rule]] = {
    "head": Rule(
        Weight.DECISIVE,
        "The request was a HEAD: whoever wants only the headers shows nobody a page.",
        "RFC 9110 9.3.2",
    ),
    "purpose": Rule(
        Weight.DECISIVE,
        "The request says that it is a prefetch or a preview: `Sec-Purpose`, `Purpose`, `X-Purpose`, `X-Moz`.",
        "Fetch standard, `Sec-Purpose`; Chromium, Safari and Firefox before it",
    ),
    "robot": Rule(
        Weight.DECISIVE,
        "The agent calls itself a bot, crawler, spider, scanner or preview, or drives a browser without a window.",
        "the agents' own documentation",
    ),
    "program": Rule(
        Weight.DECISIVE,
        "The agent is a program's own HTTP client: curl, Wget, python-requests, Go, Java, …",
        "the libraries' default agents",
    ),
    "preview": Rule(
        Weight.DECISIVE,
        "A message app builds a preview of the link: WhatsApp, Signal, Facebook, iMessage, Telegram, Slack, …",
        "the apps' documentation of their crawlers",
    ),
    "gateway": Rule(
        Weight.DECISIVE,
        "A mail gateway that names itself: Barracuda, Proofpoint, Mimecast, Cisco, Sophos, Safe Links, …",
        "the makers' documentation; several imitate a browser, and are found by what they do",
    ),
    "mail-privacy": Rule(
        Weight.DECISIVE,
        "A bare `Mozilla/5.0`: Apple's Mail Privacy Protection loads every picture, read or not.",
        "Apple says that it loads them; the agent is reported by many, and not confirmed by Apple",
    ),
    "no-agent": Rule(Weight.DECISIVE, "There is no agent at all.", "RFC 9110 10.1.5: user agents should send one"),
    "picture-proxy": Rule(
        Weight.NONE,
        "Gmail's or Yahoo's picture proxy loads when a person looks; soon after delivery see `proxied-at-once`.",
        "Google's and Yahoo's help pages on pictures",
    ),
    "proxied-at-once": Rule(
        Weight.DECISIVE,
        "A picture proxy loaded the picture within a minute of the sending.",
        "public reports of proxies that fill their cache at delivery",
    ),
    "too-soon": Rule(
        Weight.DECISIVE,
        "Within two seconds of the sending of a mail, or one of any other message.",
        "nobody can have got it, opened it and found the link",
    ),
    "hasty": Rule(
        Weight.WEAK, "Within ten seconds of the sending of a mail.", "what scans mail mostly does it at once"
    ),
    "burst": Rule(
        Weight.DECISIVE,
        "Three links of one message within five seconds: what opens everything it finds reads nothing.",
        "public articles on scanners' clicks (Paminga, Laposta)",
    ),
    "crowd": Rule(
        Weight.STRONG,
        "Links of three messages from one network (IPv4 /24, IPv6 /48) within five seconds.",
        "public articles on scanners' clicks; people behind one address do so too",
    ),
    "no-language": Rule(Weight.WEAK, "No `Accept-Language`, which every browser sends.", "RFC 9110 12.5.4"),
}
"""By name; what was found is told by it."""
