"""Interactions: what people did with a message, as webhooks tell it and as the API lists it."""

from typing import Any, Final

from tidings.dialects.channels.parties import (
    identify,
    show_connector,
    show_contacts,
    show_our_address,
    show_told,
)
from tidings.dialects.channels.representations import asked_for
from tidings.dialects.channels.vocabulary import channel_of, is_said, platform_of, word_of
from tidings.model.events import Event
from tidings.model.messages import Direction, Message
from tidings.model.platforms import platform
from tidings.model.reports import Deed, Interaction

MACHINES_DO: Final = frozenset({Deed.OPENED, Deed.CLICKED})
"""Deeds that mail scanners and proxies do too, so that it is always said whether it was one."""


def tell_interaction(event: Event, message: Message) -> dict[str, Any]:
    """Tell what a person did: the common fields, and of the others those that are known."""
    known = {name: value for name, value in _beyond(event, message).items() if value}
    return {**_common(event, message), "platformId": "", **known}


def show_interaction(event: Event, message: Message) -> dict[str, Any]:
    """Show what a person did as an entry of the list, where every field is there even if it says nothing."""
    beyond = {"messageTags": (), "details": "", "context": {}, "metadata": {}, **_beyond(event, message)}
    return {
        **_common(event, message),
        "platformId": platform(platform_of(event, message)).channels,
        **beyond,
    }


def _common(event: Event, message: Message) -> dict[str, Any]:
    references = _references(event, message)
    return {
        "id": event.id,
        "messageId": message.id,
        "channelId": channel_of(event, message),
        "type": word_of(event),
        "messageReference": references[0] if references else message.reference,
        "messagePartsCount": len(references),
        "receiver": _receiver(event, message),
        "createdAt": show_told(event),
    }


def _references(event: Event, message: Message) -> tuple[str, ...]:
    """The provider's ids of the message, as far as anybody said them."""
    if event.fact.references:
        return event.fact.references
    done = event.fact.interaction
    one = (done.target.reference if done else "") or message.platform_reference
    return (one,) if one else ()


def _receiver(event: Event, message: Message) -> dict[str, Any]:
    """Who had received the message: the person, or for a message that came to us, our connector."""
    where = platform_of(event, message)
    if message.direction is Direction.INCOMING:
        channel = channel_of(event, message)
        shown = show_connector(channel, show_our_address(message, where), message.sender_name)
        return {"connector": {**shown, "types": [platform(where).channels]}}
    contacts = [
        {name: contact[name] for name in ("id", "identifierKey", "identifierValue")}
        for contact in show_contacts(message, where)
    ]
    if where == "whatsapp":
        for contact in contacts:
            contact["identifierValue"] = contact["identifierValue"].removeprefix("+")
    return {"contacts": _who_did_it(contacts, event, message, where)}


def _who_did_it(contacts: list[dict[str, Any]], event: Event, message: Message, where: str) -> list[dict[str, Any]]:
    """Only the recipient who acted, where a message has several and it is known which."""
    done = event.fact.interaction
    if done is None or len(contacts) < 2:
        return contacts
    actor = (done.sender or done.target.recipient).casefold()
    addresses = [identify(each, where)[1].casefold() for each in message.recipients]
    return [contacts[addresses.index(actor)]] if actor in addresses else contacts


def _beyond(event: Event, message: Message) -> dict[str, Any]:
    beyond: dict[str, Any] = {"messageTags": message.tags}
    context = asked_for(message).context
    if is_said(context):
        beyond["context"] = context
    done = event.fact.interaction
    if done is not None:
        beyond["details"] = done.details
        beyond["metadata"] = _metadata(done)
    return beyond


def _metadata(done: Interaction) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if done.url or done.link_name:
        metadata["link"] = {"name": done.link_name, "url": done.url}
    if done.payload:
        metadata["button"] = {"payload": done.payload}
    if done.emoji or done.action:
        metadata["reaction"] = {"emoji": done.emoji, "action": done.action}
    if done.prefetched or done.deed in MACHINES_DO:
        metadata["prefetched"] = done.prefetched
    return metadata
