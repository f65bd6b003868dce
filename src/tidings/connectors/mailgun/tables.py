"""What Mailgun's words and numbers mean.

Events      https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure
HTTP codes  https://documentation.mailgun.com/docs/mailgun/api-reference/mg-statuscodes
"""

from typing import Final

from msgspec import Struct

from tidings.connectors.mail import bounces
from tidings.model.reports import Deed
from tidings.model.stages import Cause, Reason, Stage

STAGES: Final = {"accepted": Stage.SENT, "delivered": Stage.DELIVERED}
"""Events of progress, the same in both generations of webhooks. `accepted` is what the answer to our request said."""

FAILURES: Final = frozenset({"bounced", "dropped"})
"""Events of failure in the legacy webhooks: refused by the other server; given up or suppressed by Mailgun."""

DEEDS: Final = {
    "opened": Deed.OPENED,
    "clicked": Deed.CLICKED,
    "unsubscribed": Deed.UNSUBSCRIBE_REQUEST,
    "complained": Deed.REPORTED_AS_SPAM,
}

OF_NO_MESSAGE: Final = ("stored", "list_")
"""Beginnings of the events that say nothing about a message we sent: stored inbound mail, mailing list uploads."""

OWN_CODES: Final = {
    "498": Cause.BAD_ADDRESS,  # the domain has no mail server
    "499": Cause.UNREACHABLE,  # no connection, or the last retry is over
    "605": Cause.BAD_ADDRESS,  # suppressed: bounced earlier
    "606": Cause.OPTED_OUT,  # suppressed: unsubscribed
    "607": Cause.COMPLAINED,  # suppressed: complained
}
"""Codes that no SMTP server gives; they outweigh the `reason`, which is `hardfail` for all of them in legacy posts."""

WORDS: Final = {
    "suppress-bounce": Cause.BAD_ADDRESS,
    "suppress-complaint": Cause.COMPLAINED,
    "suppress-unsubscribe": Cause.OPTED_OUT,
    "espblock": Cause.BLOCKED,
    "blacklisted": Cause.FILTERED,
    "greylisted": Cause.UNREACHABLE,
    "old": Cause.EXPIRED,
    "rejected": Cause.FILTERED,  # ours, for the event of that name: Mailgun itself would not send it
}
"""Values of `reason` that say more than the code."""

PLAIN: Final = {"bounce": Cause.BOUNCED, "hardfail": Cause.BOUNCED}
"""Values of `reason` that say no more than that it failed."""


class Trouble(Struct, frozen=True, kw_only=True):
    """What a failing report says, in Mailgun's words."""

    word: str = ""
    """`reason`."""
    code: str = ""
    enhanced: str = ""
    text: str = ""
    permanent: bool = True

    @property
    def cause(self) -> Cause:
        """Our word for it."""
        return (
            OWN_CODES.get(self.code)
            or WORDS.get(self.word)
            or bounces.cause_of(self.enhanced, self.text)
            or PLAIN.get(self.word)
            or bounces.plain_cause(self.code)
        )

    @property
    def outcome(self) -> tuple[Stage, Reason]:
        """Where it leaves the message: on its way where Mailgun tries again, else expired or failed."""
        if not self.permanent:
            return bounces.waiting(self.cause, self.text, self.code)
        return bounces.lost(Cause.EXPIRED if self.code == "499" else self.cause, self.text, self.code)


class Refusal(Struct, frozen=True):
    """What an HTTP status of the send request means: why, and whether later or never."""

    cause: Cause
    later: bool = False
    channel_wide: bool = False


REFUSALS: Final = {
    400: Refusal(Cause.INVALID),
    401: Refusal(Cause.ACCOUNT, later=True, channel_wide=True),
    402: Refusal(Cause.PROVIDER),
    403: Refusal(Cause.ACCOUNT),
    404: Refusal(Cause.ACCOUNT, later=True, channel_wide=True),
    413: Refusal(Cause.INVALID),
    429: Refusal(Cause.THROTTLED, later=True, channel_wide=True),
}
"""Statuses with a meaning; a wrong key or domain is the operator's to mend, so the messages wait for it."""


def refusal(status: int) -> Refusal:
    """Say what a status that is no success means; a server's trouble (5xx) passes."""
    return REFUSALS.get(status) or (Refusal(Cause.PROVIDER, later=True) if status >= 500 else Refusal(Cause.UNKNOWN))
