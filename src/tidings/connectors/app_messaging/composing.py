"""What a message of the hub's becomes in a conversation: parts."""

from collections.abc import Iterator

import msgspec

from tidings.connectors.app_messaging.settings import AppSettings
from tidings.connectors.app_messaging.words import Native
from tidings.connectors.connector import Outgoing
from tidings.model.content import Action, Content, Media
from tidings.model.conversations import Part
from tidings.model.errors import FieldError
from tidings.model.exchange import encode_raw
from tidings.rules.conversations import saying
from tidings.rules.conversations.names import conversation_id, profile_id
from tidings.rules.conversations.saying import OFFERED, TEXT, Spoken


def check(outgoing: Outgoing, settings: AppSettings) -> Iterator[FieldError]:
    """Name what of a message cannot be said."""
    for path, read, text in (
        ("conversationId", conversation_id, outgoing.conversation),
        ("to", profile_id, outgoing.to),
        ("from", profile_id, outgoing.sender),
    ):
        try:
            if text:
                read(text)
        except ValueError as error:
            yield FieldError(path, str(error), "Invalid")
    for index, media in enumerate(outgoing.content.media):
        if media.reference and not (media.url or media.data):
            yield FieldError(f"messageParts[{index}]", "A file of another provider's is not to be had here.", "Missing")
    try:
        spoken = compose(outgoing)
    except msgspec.DecodeError as error:
        yield FieldError("customBody.appMessaging", str(error), "Invalid")
        return
    yield from saying.check(spoken, settings.sizes)


def compose(outgoing: Outgoing) -> Spoken:
    """Write a message as parts; raises msgspec.DecodeError where a native body is not of our language."""
    native = outgoing.content.native.get(outgoing.platform)
    if native is not None:
        given = msgspec.json.decode(native, type=Native)
        return Spoken(parts=given.parts, metadata=given.metadata, alert=given.alert)
    content = outgoing.content
    return Spoken(parts=tuple(_parts(content)), alert=_alert(content))


def _parts(content: Content) -> Iterator[Part]:
    text = "\n\n".join(filter(None, (content.title, content.text)))
    if text:
        yield Part(type=TEXT, data=text)
    for media in content.media:
        yield _file(media)
        if media.caption:
            yield Part(type=TEXT, data=media.caption)
    if content.actions:
        shown = {"actions": [_button(each) for each in content.actions]}
        yield Part(type=OFFERED, data=msgspec.json.encode(shown).decode())


def _file(media: Media) -> Part:
    kind = media.type or "application/octet-stream"
    if media.url:
        return Part(type=kind, url=media.url, name=media.name, size=media.size)
    return Part(type=kind, data=media.data, name=media.name)


def _button(action: Action) -> dict[str, str]:
    """Write a button; one without words of its own gives back what it is called."""
    payload = action.payload or (action.label if action.kind == "reply" else "")
    told = {"label": action.label, "kind": action.kind, "payload": payload, "url": action.url, "phone": action.phone}
    return {name: value for name, value in told.items() if value}


def _alert(content: Content) -> msgspec.Raw:
    """Say what a device may show of it while the app is closed."""
    text = content.title or content.text
    return encode_raw({"text": text[:200], "platforms": {}} if text else {})
