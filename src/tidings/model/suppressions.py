"""Whom a workspace does not write to, and who has asked it to."""

from enum import StrEnum

from msgspec import Struct


class Ground(StrEnum):
    """Why an address is not written to; and the opposite, that its person asked for it."""

    UNSUBSCRIBED = "unsubscribed"
    """The person wants no more messages."""
    COMPLAINED = "complained"
    """The person reported a message as spam."""
    BOUNCED = "hard-bounced"
    """There is no such address, or it takes no mail for good."""
    BLOCKED = "blocked"
    """The person, or a carrier in their name, takes nothing from us."""
    OPTED_IN = "opted-in"
    """The person asked to be written to. It keeps nobody from anything; messages that require it need it."""


SUPPRESSING = (Ground.COMPLAINED, Ground.BOUNCED, Ground.BLOCKED, Ground.UNSUBSCRIBED)
"""The grounds on which an address is not written to, the most binding first."""


class Source(StrEnum):
    """Who said so."""

    PERSON = "person"
    """By what they wrote or did: STOP, an unsubscribe link, a report as spam."""
    PROVIDER = "provider"
    """By a report on a message, or its refusal."""
    API = "api"
    """Somebody with a key."""


class Cited(Struct, frozen=True, array_like=True):
    """What a suppression rests on.

    Of two that are otherwise the same, the later in their encoded order is kept: that with a message before that
    without.
    """

    message: str = ""
    """The message that caused it; it may be forgotten by now."""
    via: str = ""
    """The channel it was heard by."""
    source: Source = Source.API
    text: str = ""
    """In whose words: the provider's, the person's, or those of whoever added it."""
    code: str = ""
    """The provider's code."""
    by: str = ""
    """Where somebody with a key said so: the id of the access key, or `root`."""


class Suppression(Struct, frozen=True, kw_only=True):
    """One ground on which an address is not written to, or (`opted-in`) its opposite.

    What is known of an address and a ground is one of these, and the latest word counts: `stands` says whether it holds
    or was lifted, `at` as of when. So reports that come twice, late or in another order end in the same.
    """

    workspace: str
    platform: str
    channel: str = ""
    """The only channel it is for; empty: every channel of the platform."""
    address: str
    """As `rules.suppression.kept_address` writes it."""
    ground: Ground
    stands: bool = True
    at: int
    cited: Cited = Cited()
