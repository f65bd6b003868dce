"""The shapes of what SES tells: events of a configuration set, and the older notifications of an identity.

Events         https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
Notifications  https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
Incoming mail  https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
"""

from msgspec import Struct


class Header(Struct, frozen=True):
    """A header of the mail."""

    name: str = ""
    value: str = ""


class Mail(Struct, frozen=True, rename="camel"):
    """The mail that an event is about."""

    message_id: str = ""
    timestamp: str = ""
    source: str = ""
    destination: list[str] = []
    headers: list[Header] = []
    tags: dict[str, list[str]] = {}
    """Every tag has several values."""

    def header(self, name: str) -> str:
        """Give the first header of a name; empty where there is none."""
        return next((each.value for each in self.headers if each.name.lower() == name.lower()), "")


class Troubled(Struct, frozen=True, rename="camel"):
    """A recipient whose mail bounced, or is late."""

    email_address: str = ""
    status: str | None = None
    action: str | None = None
    diagnostic_code: str | None = None


class Delivery(Struct, frozen=True, rename="camel"):
    """The other server took it."""

    timestamp: str = ""
    recipients: list[str] = []


class Delay(Struct, frozen=True, rename="camel"):
    """It has not been delivered yet."""

    timestamp: str = ""
    delay_type: str = ""
    delayed_recipients: list[Troubled] = []


class Bounce(Struct, frozen=True, rename="camel"):
    """It came back, or SES has given up."""

    timestamp: str = ""
    bounce_type: str = ""
    bounce_sub_type: str = ""
    bounced_recipients: list[Troubled] = []


class Complaint(Struct, frozen=True, rename="camel"):
    """Somebody has called it spam; where the report does not say who, everybody at that provider is named."""

    timestamp: str = ""
    feedback_id: str = ""
    complaint_feedback_type: str | None = None
    complaint_sub_type: str | None = None
    complained_recipients: list[Troubled] = []
    user_agent: str | None = None


class Rejection(Struct, frozen=True):
    """SES did not send it."""

    reason: str = ""


class Failure(Struct, frozen=True, rename="camel"):
    """Its template could not be filled in."""

    error_message: str = ""


class Act(Struct, frozen=True, rename="camel"):
    """Somebody has opened it, or followed a link."""

    timestamp: str = ""
    user_agent: str = ""
    link: str = ""


class TopicStatus(Struct, frozen=True, rename="camel"):
    """Whether somebody wants to hear of a topic: `OptIn` or `OptOut`."""

    topic_name: str = ""
    subscription_status: str = ""


class Preferences(Struct, frozen=True, rename="camel"):
    """What somebody wants to hear of."""

    unsubscribe_all: bool = False
    topic_subscription_status: list[TopicStatus] = []

    @property
    def left(self) -> frozenset[str]:
        """The topics they want to hear no more of."""
        return frozenset(
            each.topic_name for each in self.topic_subscription_status if each.subscription_status == "OptOut"
        )


class Subscription(Struct, frozen=True, rename="camel"):
    """Somebody has changed what they want to hear of."""

    timestamp: str = ""
    contact_list: str = ""
    source: str = ""
    new_topic_preferences: Preferences = Preferences()
    old_topic_preferences: Preferences = Preferences()


class Verdict(Struct, frozen=True):
    """What SES thinks of an incoming mail in one respect."""

    status: str = ""


class Action(Struct, frozen=True, rename="camel"):
    """What the receipt rule did with an incoming mail."""

    type: str = ""
    encoding: str = ""
    bucket_name: str = ""
    object_key: str = ""


class Arrival(Struct, frozen=True, rename="camel"):
    """An incoming mail's way to us."""

    timestamp: str = ""
    recipients: list[str] = []
    spam_verdict: Verdict = Verdict()
    virus_verdict: Verdict = Verdict()
    spf_verdict: Verdict = Verdict()
    dkim_verdict: Verdict = Verdict()
    dmarc_verdict: Verdict = Verdict()
    action: Action = Action()


class Event(Struct, frozen=True, rename="camel"):
    """One event, or one notification."""

    mail: Mail
    event_type: str = ""
    notification_type: str = ""
    delivery: Delivery = Delivery()
    delivery_delay: Delay = Delay()
    bounce: Bounce = Bounce()
    complaint: Complaint = Complaint()
    reject: Rejection = Rejection()
    failure: Failure = Failure()
    open: Act = Act()
    click: Act = Act()
    subscription: Subscription = Subscription()
    receipt: Arrival = Arrival()
    content: str = ""
    """Of an incoming mail that a rule publishes: the mail itself, in base64 where the rule says so."""

    @property
    def kind(self) -> str:
        """What it is."""
        return self.event_type or self.notification_type
