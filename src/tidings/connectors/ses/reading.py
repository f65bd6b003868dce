"""Saying what a post of SNS's means."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from tidings.connectors.mail import bounces
from tidings.connectors.mail.words import hop_of, text_of
from tidings.connectors.ses import inbound, sns
from tidings.connectors.ses.events import Act, Event, Mail, Troubled
from tidings.connectors.ses.settings import SesSettings
from tidings.connectors.ses.sns import Notice
from tidings.connectors.ses.writing import HEADER, HOP_TAG, MESSAGE_TAG
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.nesting import is_too_deep
from tidings.rules.prefetch import is_machine, is_too_soon
from tidings.rules.times import from_iso

TRIAL: Final = "Successfully validated SNS topic"
"""Beginning of what SES publishes to try a topic out."""

SUBTYPES: Final = {
    "NoEmail": Cause.BAD_ADDRESS,
    "Suppressed": Cause.BAD_ADDRESS,
    "OnAccountSuppressionList": Cause.BAD_ADDRESS,
    "OnTenantSuppressionList": Cause.BAD_ADDRESS,
    "EmailValidationSuppressed": Cause.BAD_ADDRESS,
    "UnsubscribedRecipient": Cause.OPTED_OUT,
    "MailboxFull": Cause.UNREACHABLE,
    "MessageTooLarge": Cause.INVALID,
    "ContentRejected": Cause.FILTERED,
    "AttachmentRejected": Cause.FILTERED,
    "CustomTimeoutExceeded": Cause.EXPIRED,
}
"""Subtypes of bounces that say more than the other server's answer."""

TYPES: Final = {"Permanent": Cause.BOUNCED, "Transient": Cause.UNREACHABLE}
"""Types of bounces, where nothing says more."""


class _About:
    """An event with what every report of it needs."""

    def __init__(self, event: Event, notice: Notice) -> None:
        self.event = event
        self.mail = event.mail
        self.id = notice.id
        self.raw = as_raw(notice.message.encode())

    @property
    def person(self) -> str:
        """Whose mail it was, where it was for one person only; empty else."""
        return text_of(self.mail.destination[0]) if len(self.mail.destination) == 1 else ""

    def target(self, recipient: str) -> Target:
        """Say which message is meant: by our tags or our header, and by SES's id."""
        message, hop = _ours(self.mail)
        return Target(message, hop_of(hop), text_of(self.mail.message_id), text_of(recipient))

    def receipt(self, recipient: str, stage: Stage, at: str, reason: Reason | None = None) -> Receipt:
        """Tell of one recipient's mail."""
        key = f"receipt:{self.id}:{text_of(recipient)}"
        return Receipt(self.target(recipient), stage, self.raw, at=moment(at), reason=reason, key=key)

    def deed(self, deed: Deed, recipient: str, at: str, *, key: str = "", details: str = "") -> Interaction:
        """Tell what somebody did."""
        return Interaction(
            f"interaction:{key or self.id}:{text_of(recipient)}",
            deed,
            self.target(recipient),
            self.raw,
            at=moment(at),
            details=details,
            sender=text_of(recipient),
        )

    def unknown(self, why: str) -> Unknown:
        """Say that there is no word for it."""
        return Unknown(self.raw, why)


def read_post(notice: Notice, settings: SesSettings) -> list[Report]:
    """Say what a proven post means; raises Unreadable."""
    if notice.type == sns.SUBSCRIPTION:
        return []
    if notice.type == sns.UNSUBSCRIPTION:
        return [Unknown(as_raw(msgspec.json.encode(notice)), "The subscription to the topic was ended.")]
    if notice.message.startswith(TRIAL):
        return []
    event = read_event(notice)
    if isinstance(event, Unknown):
        return [event]
    if event.kind == inbound.RECEIVED:
        return [inbound.read_mail(event, notice, settings)]
    read = READERS.get(event.kind)
    about = _About(event, notice)
    return list(read(about)) if read else [about.unknown(f"SES's event {event.kind!r} is not known.")]


def read_event(notice: Notice) -> Event | Unknown:
    """Read the event in a post, which is a text there; raises Unreadable."""
    body = notice.message.encode()
    if is_too_deep(body):
        raise Unreadable("The event is nested too deeply.")
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("What was published is no event of SES's.") from error
    try:
        return msgspec.convert(whole, Event)
    except msgspec.ValidationError as error:
        return Unknown(as_raw(body), f"The event is not as SES's are: {error}")


def moment(text: str) -> int | None:
    """Read a time; None where it is none."""
    try:
        return from_iso(text)
    except ValueError:
        return None


def _ours(mail: Mail) -> tuple[str, str]:
    if message := text_of(*mail.tags.get(MESSAGE_TAG, ())):
        return message, text_of(*mail.tags.get(HOP_TAG, ()))
    message, _, hop = text_of(mail.header(HEADER)).rpartition(":")
    return message, hop


def _send(about: _About) -> Iterator[Report]:
    for recipient in about.mail.destination:
        yield about.receipt(recipient, Stage.SENT, about.mail.timestamp)


def _delivery(about: _About) -> Iterator[Report]:
    for recipient in about.event.delivery.recipients:
        yield about.receipt(recipient, Stage.DELIVERED, about.event.delivery.timestamp)


def _delay(about: _About) -> Iterator[Report]:
    delay = about.event.delivery_delay
    for each in delay.delayed_recipients:
        text = text_of(each.diagnostic_code, delay.delay_type)
        stage, reason = bounces.waiting(Cause.UNREACHABLE, text, text_of(each.status))
        yield about.receipt(each.email_address, stage, delay.timestamp, reason)


def _bounce(about: _About) -> Iterator[Report]:
    bounce = about.event.bounce
    for each in bounce.bounced_recipients:
        stage, reason = _outcome(about.event, each)
        yield about.receipt(each.email_address, stage, bounce.timestamp, reason)
        if reason.cause is Cause.OPTED_OUT:
            yield about.deed(Deed.UNSUBSCRIBE_REQUEST, each.email_address, bounce.timestamp, details="suppressed")


def _outcome(event: Event, each: Troubled) -> tuple[Stage, Reason]:
    bounce = event.bounce
    text = text_of(each.diagnostic_code, f"{bounce.bounce_type} {bounce.bounce_sub_type}")
    code = text_of(each.status, bounces.enhanced_in(text), bounce.bounce_sub_type)
    told = each.status or each.diagnostic_code
    if (bounce.bounce_type, bounce.bounce_sub_type) == ("Transient", "General") and not told:
        # No mail server said anything: somebody's mailbox has answered by itself, that they are away.
        return bounces.waiting(Cause.UNKNOWN, "An automatic reply, it seems.", code)
    by_status = bounces.cause_of(text_of(each.status), text)
    cause = by_status if by_status is Cause.EXPIRED else SUBTYPES.get(bounce.bounce_sub_type, by_status)
    return bounces.lost(cause or TYPES.get(bounce.bounce_type, Cause.UNKNOWN), text, code)


def _reject(about: _About) -> Iterator[Report]:
    stage, reason = bounces.lost(Cause.FILTERED, text_of(about.event.reject.reason), "Reject")
    for recipient in about.mail.destination:
        yield about.receipt(recipient, stage, about.mail.timestamp, reason)


def _rendering_failure(about: _About) -> Iterator[Report]:
    stage, reason = bounces.lost(Cause.INVALID, text_of(about.event.failure.error_message), "RenderingFailure")
    for recipient in about.mail.destination:
        yield about.receipt(recipient, stage, about.mail.timestamp, reason)


def _complaint(about: _About) -> Iterator[Report]:
    complaint = about.event.complaint
    if complaint.complaint_feedback_type == "not-spam":
        return  # They took it out of the spam folder.
    named = [each.email_address for each in complaint.complained_recipients]
    person = named[0] if len(named) == 1 else about.person
    if not person:
        yield about.unknown("The complaint names several people, and SES does not say which of them it was.")
    elif complaint.complaint_sub_type == "OnAccountSuppressionList":
        stage, reason = bounces.lost(Cause.COMPLAINED, "The address is suppressed.", "OnAccountSuppressionList")
        yield about.receipt(person, stage, complaint.timestamp, reason)
    else:
        kind = text_of(complaint.complaint_feedback_type)
        key = text_of(complaint.feedback_id)
        yield about.deed(Deed.REPORTED_AS_SPAM, person, complaint.timestamp, key=key, details=kind)


def _open(about: _About) -> Iterator[Report]:
    yield _act(about, Deed.OPENED, about.event.open)


def _click(about: _About) -> Iterator[Report]:
    yield _act(about, Deed.CLICKED, about.event.click)


def _act(about: _About, deed: Deed, act: Act) -> Interaction:
    agent = text_of(act.user_agent)
    hasty = is_too_soon(moment(about.mail.timestamp), moment(act.timestamp))
    return msgspec.structs.replace(
        about.deed(deed, about.person, act.timestamp),
        url=text_of(act.link) if deed is Deed.CLICKED else "",
        # SES flags no machines; a mail's own time is when SES took it, and nobody has it sooner.
        prefetched=hasty or is_machine(agent),
        user_agent=agent,
    )


def _subscription(about: _About) -> Iterator[Report]:
    told = about.event.subscription
    new, old = told.new_topic_preferences, told.old_topic_preferences
    left = sorted(new.left - old.left)
    if left or (new.unsubscribe_all and not old.unsubscribe_all):
        details = ", ".join(text_of(each) for each in (left or [told.contact_list]))
        yield about.deed(Deed.UNSUBSCRIBE_REQUEST, about.person, told.timestamp, details=details)


READERS: Final[Mapping[str, Callable[[_About], Iterator[Report]]]] = {
    "Send": _send,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Bounce": _bounce,
    "Reject": _reject,
    "Rendering Failure": _rendering_failure,
    "Complaint": _complaint,
    "Open": _open,
    "Click": _click,
    "Subscription": _subscription,
}
