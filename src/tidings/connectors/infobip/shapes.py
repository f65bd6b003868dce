"""The shapes of what Infobip says, as far as we read them, in both versions of the SMS API."""

from typing import Any

from msgspec import Raw, Struct, field

from tidings.connectors.infobip.codes import GROUPS, STATUSES, Meaning
from tidings.model.stages import Stage

MOST_PARTS = 255


class Status(Struct, frozen=True, rename="camel"):
    """How a message stands."""

    id: int
    group_id: int = -1
    name: str = ""
    description: str = ""

    @property
    def code(self) -> str:
        """What it is called; unlike an id, no error is called so."""
        return self.name or str(self.id)

    @property
    def text(self) -> str:
        """What it says in words."""
        return self.description or self.name or f"Infobip's status {self.id}"

    @property
    def meaning(self) -> Meaning | None:
        """What it means; None where neither its id nor its group is one that we know."""
        return STATUSES.get(self.id) or GROUPS.get(self.group_id)

    @property
    def is_refusal(self) -> bool:
        """Whether the message was not taken."""
        meaning = self.meaning
        return meaning is not None and meaning.stage in (Stage.FAILED, Stage.EXPIRED)


class Trouble(Struct, frozen=True):
    """Why; id 0 is no error."""

    id: int = 0
    name: str = ""
    description: str = ""
    permanent: bool = False


class Details(Struct, frozen=True, rename="camel"):
    """How many parts a message makes."""

    message_count: int | None = None


class Answered(Struct, frozen=True, rename="camel"):
    """What became of one message of a request."""

    message_id: str
    status: Status
    details: Details | None = None
    sms_count: int | None = None

    @property
    def units(self) -> int | None:
        """The parts, where they are told."""
        return parts(self.details.message_count if self.details else self.sms_count)


class Answer(Struct, frozen=True):
    """The answer to a request to send."""

    messages: tuple[Answered, ...]


class Results(Struct, frozen=True, rename="camel"):
    """A batch of reports or inbound messages, of which any may be broken."""

    results: tuple[Raw, ...]
    pending_message_count: int | None = None


class Report(Struct, frozen=True, rename="camel"):
    """How one message stands now."""

    status: Status
    message_id: str = ""
    to: str = ""
    error: Trouble | None = None
    sent_at: str | None = None
    done_at: str | None = None
    message_count: int | None = None
    sms_count: int | None = None
    callback_data: str | None = None


class Written(Struct, frozen=True, rename="camel"):
    """What a person wrote: a text, or the parts of a multimedia message."""

    message_id: str
    sender: str = field(name="from")
    to: str = ""
    text: str | None = None
    message: tuple[dict[str, Any], ...] | None = None
    clean_text: str | None = None
    keyword: str | None = None
    received_at: str | None = None
    sms_count: int | None = None
    callback_data: str | None = None
    entity_id: str | None = None
    application_id: str | None = None
    campaign_reference_id: str | None = None


class Click(Struct, frozen=True, rename="camel"):
    """A click on a shortened link; `send_date_time` is when it was clicked."""

    notification_type: str
    message_id: str = ""
    url: str = ""
    recipient: str = ""
    send_date_time: float | None = None
    callback_data: str | None = None


def parts(count: int | None) -> int | None:
    """Give a number of parts; None where it is none."""
    return count if count is not None and 0 < count <= MOST_PARTS else None
