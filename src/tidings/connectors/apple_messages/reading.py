"""What Apple's requests mean: what people write, pick and tap, and that they close a conversation."""

from collections.abc import Iterator, Mapping

from msgspec import Raw, Struct

from tidings.connectors.apple_messages.answers import answer_of
from tidings.connectors.apple_messages.callbacks import NOTHING, DataRef, Incoming, InteractiveData
from tidings.connectors.apple_messages.checking import PERSON
from tidings.connectors.apple_messages.composing import PLACE
from tidings.connectors.apple_messages.files import media_of, reference_of
from tidings.connectors.apple_messages.packing import unpacked
from tidings.connectors.apple_messages.settings import AppleSettings
from tidings.connectors.apple_messages.tapbacks import tapback_of
from tidings.connectors.decoding import kept, read
from tidings.model.content import Content, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target, Unknown

SIGNS = frozenset({"typing_start", "typing_end"})
"""Types by which a device tells that somebody writes; nobody is told of it."""


class Told(Struct, frozen=True):
    """One request, read: the message, its own words, and what the headers say beside it."""

    message: Incoming
    raw: Raw
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        """Apple's id of the message."""
        return self.message.id or self.headers.get("id", "")

    @property
    def sender(self) -> str:
        """The person; empty where it says nobody."""
        person = self.message.source_id or self.headers.get("source-id", "")
        return person if PERSON.fullmatch(person) else ""

    @property
    def business(self) -> str:
        """The business that it is for."""
        return self.message.destination_id or self.headers.get("destination-id", "")

    @property
    def facts(self) -> dict[str, str]:
        """The small facts of a message; only those that were told."""
        facts = {
            "locale": self.message.locale,
            "intent": self.message.intent,
            "group": self.message.group,
            "capabilities": self.headers.get("capability-list"),
            "deviceAgent": self.headers.get("device-agent"),
        }
        return {name: value for name, value in facts.items() if value}


def reports_of(callback: Callback, settings: AppleSettings) -> list[Report]:
    """Say what a request means for the channel of this business; raises Unreadable."""
    body = unpacked(callback.body)
    message = read(body, Incoming)
    if message is None:
        raise Unreadable("apple-messages: no message of Apple's")
    told = Told(message, kept(Raw(body)), callback.headers)
    if told.business != settings.business_id:
        return [Unknown(told.raw, f"It is for the business {told.business[:80]!r}, which is not this channel's.")]
    if not (told.id and told.sender):
        return [Unknown(told.raw, f"A message of type {message.type[:80]!r} that names no person, or has no id.")]
    return list(_reports(told, settings))


def _reports(told: Told, settings: AppleSettings) -> Iterator[Report]:
    match told.message.type:
        case "text" | "richLink":
            yield _reaction(told, settings) or _said(told)
        case "interactive":
            yield from _answered(told)
        case "close":
            target = Target(address=told.sender)
            yield Interaction(f"close:{told.id}", Deed.UNSUBSCRIBE_REQUEST, target, told.raw, sender=told.sender)
        case kind if kind not in SIGNS:
            yield Unknown(told.raw, f"We have no word for a message of type {kind[:80]!r}.")


def _said(told: Told) -> Report:
    text = (told.message.body or "").replace(PLACE, "").strip()
    files = tuple(map(media_of, told.message.attachments or ()))
    return _inbound(told, Content(text=text, media=files))


def _inbound(told: Told, content: Content, answers: str = "", **facts: object) -> Inbound:
    return Inbound(
        key=f"message:{told.id}",
        sender=told.sender,
        raw=told.raw,
        to=told.business,
        content=content,
        reply_to=Target(reference=answers) if answers else None,
        extra={**told.facts, **{name: value for name, value in facts.items() if value}},
    )


def _reaction(told: Told, settings: AppleSettings) -> Report | None:
    tapback = tapback_of(told.message.body or "") if settings.read_tapbacks else None
    if tapback is None or told.message.attachments:
        return None
    # It quotes what it is about and names no id, so it is about the newest message to the person.
    return Interaction(
        f"reaction:{told.id}",
        Deed.REACTION,
        Target(address=told.sender),
        told.raw,
        emoji=tapback.emoji,
        action=tapback.action,
        details=tapback.to,
        sender=told.sender,
    )


def _answered(told: Told) -> Iterator[Report]:
    message = told.message
    if message.interactive_data == NOTHING:
        yield _pointed(told)
        return
    data = read(message.interactive_data, InteractiveData)
    if data is None:
        yield Unknown(told.raw, "An interactive message that cannot be read.")
        return
    answer, request = answer_of(data), data.data.request_identifier
    facts = {"kind": answer.kind, "bid": data.bid, "requestIdentifier": request, **answer.facts}
    yield _inbound(told, Content(text=answer.text), request, **facts, payload=answer.payload)
    if request and answer.picks:
        target = Target(reference=request)
        yield Interaction(
            f"clicked:{told.id}",
            Deed.CLICKED,
            target,
            told.raw,
            payload=answer.payload,
            details=answer.text,
            sender=told.sender,
        )


def _pointed(told: Told) -> Report:
    """Read large data that were not got: all that is known is where they were."""
    ref = read(told.message.interactive_data_ref, DataRef)
    if ref is None:
        return Unknown(told.raw, "An interactive message that says nothing.")
    data = Media(type="application/json", name="interactive.json", reference=reference_of(ref))
    return _inbound(told, Content(text=ref.title or "", media=(data,)), kind="interactiveDataRef", bid=ref.bid)
