"""Reading the webhooks: one record a post.

https://postmarkapp.com/developer/webhooks/webhooks-overview
https://postmarkapp.com/developer/api/bounce-api#bounce-types
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from msgspec import Raw, Struct, field

from tidings.connectors.mail import bounces
from tidings.connectors.mail.words import hop_of, text_of
from tidings.connectors.postmark.writing import HOP, MESSAGE
from tidings.model.reports import Deed, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.prefetch import is_machine
from tidings.rules.times import from_iso

LOST: Final = {
    "HardBounce": Cause.BAD_ADDRESS,
    "SoftBounce": Cause.UNREACHABLE,
    "SpamNotification": Cause.FILTERED,
    "VirusNotification": Cause.FILTERED,
    "BadEmailAddress": Cause.BAD_ADDRESS,
    "ManuallyDeactivated": Cause.BLOCKED,
    "Unconfirmed": Cause.BLOCKED,
    "Blocked": Cause.BLOCKED,
    "SMTPApiError": Cause.PROVIDER,
    "InboundError": Cause.PROVIDER,
    "DMARCPolicy": Cause.ACCOUNT,
    "TemplateRenderingFailed": Cause.INVALID,
}
"""Types of bounces after which nobody tries any more. What a mail server said itself says more."""

TRYING: Final = {"Transient": Cause.UNREACHABLE, "DnsError": Cause.UNREACHABLE}
"""Types of bounces after which Postmark goes on trying."""

NOTED: Final = frozenset({"OpenRelayTest", "Unknown"})
"""Types that say nothing for sure."""

IGNORED: Final = frozenset({"Subscribe", "AutoResponder", "AddressChange", "ChallengeVerification"})
"""Types that are answers of programs, and say nothing of the mail."""

DEEDS: Final = {"Unsubscribe": Deed.UNSUBSCRIBE_REQUEST, "SpamComplaint": Deed.REPORTED_AS_SPAM}
"""Types that are what somebody did."""

NOBODYS: Final = "00000000-0000-0000-0000-000000000000"
"""The id of no message."""
_TELLING: Final = frozenset({Cause.EXPIRED, Cause.BLOCKED, Cause.ACCOUNT, Cause.INVALID})
"""What a mail server may say that is more than that somebody cannot be reached."""


class Record(Struct, frozen=True, rename="pascal"):
    """One record; what it is says which of its fields count."""

    record_type: str = ""
    id: int | str | None = field(name="ID", default=None)
    message_id: str | None = field(name="MessageID", default=None)
    type: str | None = None
    email: str | None = None
    recipient: str | None = None
    details: str | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None
    delivered_at: str | None = None
    bounced_at: str | None = None
    received_at: str | None = None
    changed_at: str | None = None
    user_agent: str | None = None
    original_link: str | None = None
    suppress_sending: bool | None = None
    suppression_reason: str | None = None
    origin: str | None = None

    @property
    def person(self) -> str:
        """Whose mail it is; bounces and complaints spell it otherwise than the rest."""
        return text_of(self.recipient, self.email)

    @property
    def at(self) -> int | None:
        """When it happened; None where it does not say."""
        try:
            return from_iso(text_of(self.delivered_at, self.bounced_at, self.received_at, self.changed_at))
        except ValueError:
            return None

    @property
    def target(self) -> Target:
        """Which message it is about, by all that came along of it."""
        metadata = self.metadata or {}
        ours = {name: value for name, value in metadata.items() if isinstance(value, str)}
        reference = text_of(self.message_id)
        return Target(
            text_of(ours.get(MESSAGE)),
            hop_of(ours.get(HOP, "")),
            "" if reference == NOBODYS else reference,
            self.person,
        )

    @property
    def id_of_it(self) -> str:
        """What tells a repetition: the bounce's number, else all that makes the record what it is."""
        if self.id is not None:
            return f"{self.id}"[:100].replace("\0", "")
        times = (self.delivered_at, self.received_at, self.changed_at)
        parts = (self.record_type, self.message_id, self.recipient, *times, self.original_link)
        return sha256("\n".join(part or "" for part in parts).encode()).hexdigest()


def read_record(record: Record, raw: Raw) -> list[Report]:
    """Say what a record means."""
    read = READERS.get(record.record_type)
    return list(read(record, raw)) if read else [Unknown(raw, f"Postmark's {record.record_type!r} is not known.")]


def _receipt(record: Record, raw: Raw, stage: Stage, reason: Reason | None = None) -> Receipt:
    key = f"receipt:{record.record_type}:{record.id_of_it}"
    return Receipt(record.target, stage, raw, at=record.at, reason=reason, key=key)


def _deed(record: Record, raw: Raw, deed: Deed, *, details: str = "") -> Interaction:
    agent = text_of(record.user_agent)
    return Interaction(
        f"interaction:{deed}:{record.id_of_it}",
        deed,
        record.target,
        raw,
        at=record.at,
        url=text_of(record.original_link) if deed is Deed.CLICKED else "",
        # Postmark flags no machines.
        prefetched=deed in {Deed.OPENED, Deed.CLICKED} and is_machine(agent),
        user_agent=agent,
        details=details,
        sender=record.person,
    )


def _delivery(record: Record, raw: Raw) -> Iterator[Report]:
    yield _receipt(record, raw, Stage.DELIVERED)


def _bounce(record: Record, raw: Raw) -> Iterator[Report]:
    kind = text_of(record.type)
    text = text_of(record.details, record.description)
    code = bounces.enhanced_in(text) or kind
    if kind in IGNORED:
        return
    if deed := DEEDS.get(kind):
        yield _deed(record, raw, deed)
    elif (cause := _cause(kind, text)) is None:
        why = f"Postmark's bounce {kind!r}, {text}" if kind in NOTED else f"Postmark's bounce {kind!r} is not known."
        yield Unknown(raw, why[:1000])
    elif kind in TRYING and cause is not Cause.EXPIRED:
        stage, reason = bounces.waiting(cause, text, code)
        yield _receipt(record, raw, stage, reason)
    else:
        stage, reason = bounces.lost(cause, text, code)
        yield _receipt(record, raw, stage, reason)


def _cause(kind: str, text: str) -> Cause | None:
    by_type = LOST.get(kind) or TRYING.get(kind)
    by_status = bounces.cause_of("", text)
    return by_status if by_type in {Cause.BAD_ADDRESS, Cause.UNREACHABLE} and by_status in _TELLING else by_type


def _complaint(record: Record, raw: Raw) -> Iterator[Report]:
    yield _deed(record, raw, Deed.REPORTED_AS_SPAM)


def _open(record: Record, raw: Raw) -> Iterator[Report]:
    yield _deed(record, raw, Deed.OPENED)


def _click(record: Record, raw: Raw) -> Iterator[Report]:
    yield _deed(record, raw, Deed.CLICKED)


def _change(record: Record, raw: Raw) -> Iterator[Report]:
    # Whoever is suppressed for a bounce or a complaint is told of by that.
    if record.suppress_sending and record.suppression_reason == "ManualSuppression":
        yield _deed(record, raw, Deed.UNSUBSCRIBE_REQUEST, details=text_of(record.origin))


READERS: Final[Mapping[str, Callable[[Record, Raw], Iterator[Report]]]] = {
    "Delivery": _delivery,
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "Open": _open,
    "Click": _click,
    "SubscriptionChange": _change,
}
