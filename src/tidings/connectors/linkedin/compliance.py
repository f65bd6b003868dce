"""What a regulated member gets and writes, as `compliance_poll` fetches it.

Events   https://learn.microsoft.com/en-us/linkedin/compliance/integrations/compliance-events
Messages https://learn.microsoft.com/en-us/linkedin/compliance/integrations/compliance-events/resource-references/
messages
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Raw

from tidings.connectors.decoding import kept, moment, read, text_at
from tidings.connectors.linkedin.shapes import Event, Message
from tidings.connectors.linkedin.urns import ANY, THREAD, reference_of
from tidings.model.content import Content, Media
from tidings.model.reports import Inbound, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage

MESSAGES = "messages"
"""The `resourceName` of messages; the member's other doings are nobody's business here, and are not kept."""


def reports_of(elements: Iterable[Raw]) -> Iterator[Report]:
    """Say what events mean, each for itself."""
    for raw in elements:
        event = read(raw, Event)
        if event is None:
            yield Unknown(kept(raw), "An event that cannot be read.")
        elif event.resource_name == MESSAGES:
            yield _report(event, raw)


def _report(event: Event, raw: Raw) -> Report:
    message = read(event.activity, Message)
    id_ = event.resource_id or (message.id if message else "")
    if message is None or not id_ or not event.actor:
        return Unknown(kept(raw), "A message that cannot be read.")
    if event.method != "CREATE":
        return Unknown(kept(raw), f"A message met with {event.method[:80]!r}, for which we have no word.")
    told_at = moment(message.created_at) or moment(event.captured_at)
    if event.actor == event.owner:
        # The member's own: by us, or by the member at LinkedIn's own doors, which only the id can tell.
        return Receipt(Target(reference=id_), Stage.SENT, kept(raw), told_at, key=f"sent:{id_}")
    if not ANY.fullmatch(event.actor):
        return Unknown(kept(raw), "A message that names nobody as its author.")
    return Inbound(
        key=f"message:{id_}",
        sender=event.actor,
        raw=kept(raw),
        reference=reference_of(message.thread, id_),
        to=event.owner,
        content=Content(title=message.subject or "", text=_text(message.content), media=tuple(_files(message))),
        at=told_at,
        extra=_facts(event, message),
        conversation=message.thread if THREAD.fullmatch(message.thread) else "",
    )


def _text(content: Any) -> str:
    """Read what is said: as text, or in the form that is there for whoever does not know another format."""
    return text_at(content, "content", "string") or text_at(content, "content") or text_at(content, "fallback")


def _facts(event: Event, message: Message) -> dict[str, Any]:
    facts = {
        "kind": "message",
        "thread": message.thread,
        "mailbox": message.author if message.author != event.actor else "",
        "timestamp": str(message.created_at) if moment(message.created_at) else "",
    }
    return {name: value for name, value in facts.items() if value}


def _files(message: Message) -> Iterator[Media]:
    """Name the files: by the URN of an asset, or with an address where an older event has one."""
    for each in message.attachments or ():
        if isinstance(each, str) and each:
            yield Media(reference=each)
        elif isinstance(each, dict):
            url = text_at(each, "reference", "string") or text_at(each, "reference")
            name, kind = text_at(each, "name"), text_at(each, "mediaType")
            media = Media(
                type=kind, url=url if url.startswith("https://") else "", reference=text_at(each, "id"), name=name
            )
            if media.url or media.reference:
                yield media
