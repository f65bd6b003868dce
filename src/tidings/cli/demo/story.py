"""What the demonstration tells, and what must come of it: for each message, every event in each vocabulary."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

OMNICHANNEL = "omnichannel"
CHANNELS = "channels"

OMNICHANNEL_EVENTS = ("message.sentRequest", "message.*")
"""What the one omnichannel webhook names; the first is told only to those who name it."""
CHANNELS_EVENTS = (
    "sms.outbound",
    "sms.inbound",
    "email.outbound",
    "whatsapp.outbound",
    "whatsapp.interaction",
    "pager.outbound",
)
"""One subscription each."""


class Chapter(NamedTuple):
    """One message: what happens to it, and what must be told of it."""

    title: str
    how: str
    """Over what, and asked in which vocabulary."""
    stage: str
    hops: tuple[str, ...]
    """Each hop's platform and last stage, in order."""
    omnichannel: tuple[str, ...]
    """Event and platform."""
    channels: tuple[str, ...]
    """Event, and status or type."""
    answers: int | None = None
    """Of an incoming message: which chapter's message it must be tied to."""


CHAPTERS = (
    Chapter(
        "An sms is delivered",
        "sent over one channel, in the channels vocabulary",
        "delivered",
        ("sms delivered",),
        ("message.sentRequest sms", "message.sent sms", "message.delivered sms"),
        ("sms.outbound accepted", "sms.outbound sent", "sms.outbound delivered"),
    ),
    Chapter(
        "An sms is refused, and the same message goes by e-mail",
        "sent by rules, sms then email, in the omnichannel vocabulary",
        "delivered",
        ("sms failed", "email delivered"),
        ("message.sentRequest sms", "message.sent email", "message.delivered email"),
        ("sms.outbound accepted", "email.outbound sent", "email.outbound delivered"),
    ),
    Chapter(
        "A WhatsApp message is read, and reacted to",
        "sent by rules, in the omnichannel vocabulary",
        "read",
        ("whatsapp read",),
        (
            "message.sentRequest whatsApp",
            "message.sent whatsApp",
            "message.delivered whatsApp",
            "message.read whatsApp",
        ),
        (
            "whatsapp.outbound accepted",
            "whatsapp.outbound sent",
            "whatsapp.outbound delivered",
            "whatsapp.interaction read",
            "whatsapp.interaction reaction",
        ),
    ),
    Chapter(
        "Somebody replies to the first sms",
        "comes in by the provider's callback, tied to message 1",
        "delivered",
        (),
        ("message.inbound sms",),
        ("sms.inbound delivered",),
        answers=0,
    ),
    Chapter(
        "A pager never answers: after two seconds the message expires",
        "sent over a channel of one's own, in the channels vocabulary",
        "expired",
        ("pager sent",),
        ("message.sentRequest pager", "message.sent pager", "message.expired pager"),
        ("pager.outbound accepted", "pager.outbound sent", "pager.outbound delivery_failed"),
    ),
)


class Outcome(NamedTuple):
    """What became of a chapter's message, as the hub's API and the webhooks tell it."""

    stage: str
    hops: tuple[str, ...]
    omnichannel: tuple[str, ...]
    channels: tuple[str, ...]
    answers: int | None = None


def differences(chapter: Chapter, outcome: Outcome) -> list[str]:
    """Say everything that is not as it must be.

    A subscription sees a message's events in order. The one omnichannel webhook must see all of them so; of the
    channels vocabulary each event is a subscription of its own, and nothing is promised between two of them.
    """
    found = [
        *_unlike("stage", chapter.stage, outcome.stage),
        *_unlike("hops", ", ".join(chapter.hops), ", ".join(outcome.hops)),
        *_unlike("answers message", _number(chapter.answers), _number(outcome.answers)),
    ]
    found += _out_of_order(chapter.omnichannel, outcome.omnichannel, lambda _: OMNICHANNEL)
    found += _out_of_order(chapter.channels, outcome.channels, lambda event: event.partition(" ")[0])
    return found


def _unlike(what: str, expected: str, got: str) -> list[str]:
    return [] if expected == got else [f"{what}: expected {expected or 'none'}, got {got or 'none'}"]


def _out_of_order(expected: Sequence[str], got: Sequence[str], subscription: Callable[[str], str]) -> list[str]:
    found: list[str] = []
    for name in dict.fromkeys(map(subscription, (*expected, *got))):
        wanted = ", ".join(each for each in expected if subscription(each) == name)
        came = ", ".join(each for each in got if subscription(each) == name)
        found += _unlike(name, wanted, came)
    return found


def _number(chapter: int | None) -> str:
    return "" if chapter is None else str(chapter + 1)
