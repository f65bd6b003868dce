"""What a webhook of TikTok's means: messages and echoes, reads, reactions and taps."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Raw, Struct

from tidings.connectors.decoding import moment, read
from tidings.connectors.tiktok.files import file_reference
from tidings.connectors.tiktok.settings import TikTokSettings
from tidings.connectors.tiktok.webhooks import Content as Written
from tidings.connectors.tiktok.webhooks import Envelope, Reaction
from tidings.model.content import Content, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage
from tidings.rules.uploads import ANY_TYPE, type_of

OURS = frozenset({"APP", "WEB"})
"""Where our own side writes that is not this hub's API."""


class Event(Struct, frozen=True):
    """An event of the channel's own account."""

    written: Written
    raw: Raw
    settings: TikTokSettings

    def unknown(self, why: str) -> Unknown:
        """Keep it as one that we have no word for."""
        return Unknown(self.raw, why)

    @property
    def is_ours(self) -> bool:
        """Whether our own side did it."""
        return self.written.from_user.id == self.settings.business_id


def reports_of(body: bytes, settings: TikTokSettings) -> list[Report]:
    """Say what a request means for the channel of one account; raises Unreadable."""
    envelope = read(body, Envelope)
    if envelope is None:
        raise Unreadable("tiktok: no webhook of the Business API")
    raw = as_raw(body)
    if envelope.user_openid != settings.business_id:
        # An app has one callback for all its accounts, each of which is a channel of its own here.
        return [Unknown(raw, f"It is about the account {envelope.user_openid[:80]!r}, which is not this channel's.")]
    reader = _READERS.get(envelope.event)
    if reader is None:
        return [Unknown(raw, f"An event {envelope.event[:80]!r}, which we have no word for.")]
    written = read(envelope.content.encode("utf-8", "replace"), Written)
    if written is None:
        return [Unknown(raw, "An event whose content cannot be read.")]
    return list(reader(Event(written, raw, settings)))


def _received(event: Event) -> Iterator[Report]:
    written = event.written
    if event.is_ours:
        yield event.unknown("An echo: our own side sent it.")
    elif not (written.message_id and written.conversation_id):
        yield event.unknown("A message without an id, or in no conversation.")
    elif written.type == "reaction":
        yield from _reactions(event)
    else:
        yield _inbound(event)
        yield from _click(event)


def _inbound(event: Event) -> Inbound:
    written = event.written
    answered = written.referenced_message_info.referenced_message_id
    return Inbound(
        key=f"inbound:{written.message_id}",
        reference=written.message_id,
        sender=written.conversation_id,
        raw=event.raw,
        to=event.settings.business_id,
        content=content_of(written),
        at=moment(written.timestamp),
        name=written.from_,
        reply_to=Target(reference=answered) if answered else None,
        extra=_facts(written),
        conversation=written.conversation_id,
    )


def content_of(written: Written) -> Content:
    """Say what a message says; nothing where it is of a kind that TikTok does not give out."""
    if written.text:
        return Content(text=written.text.body)
    for file, media_type, kind in ((written.image, "IMAGE", "image/jpeg"), (written.video, "VIDEO", "video/mp4")):
        if file:
            reference = file_reference(written, file.media_id, media_type)
            return Content(media=(Media(type=kind, reference=reference),))
    picture = written.sticker or written.emoji
    if picture and picture.url:
        told = type_of(Media(url=picture.url))
        return Content(media=(Media(type="image/webp" if told == ANY_TYPE else told, url=picture.url),))
    return Content(text=written.share_post.embed_url) if written.share_post else Content()


def _facts(written: Written) -> dict[str, Any]:
    """The small facts of a message; only those that were told."""
    facts = {
        "type": written.type if written.type != "text" else None,
        "userId": written.from_user.id,
        "uniqueIdentifier": written.unique_identifier,
        "follower": written.is_follower,
        "sharedPostId": written.share_post.video_id if written.share_post else None,
        "payload": written.reply_source_payload.reply_source_unique_id,
    }
    return {name: value for name, value in facts.items() if value}


def _click(event: Event) -> Iterator[Report]:
    """A tap on a card's button, which comes as the text of its label besides."""
    written, source = event.written, event.written.reply_source_payload
    if source.reply_source_msg_id:
        yield Interaction(
            key=f"clicked:{written.message_id}",
            deed=Deed.CLICKED,
            target=Target(reference=source.reply_source_msg_id),
            raw=event.raw,
            at=moment(written.timestamp),
            payload=source.reply_source_unique_id,
            sender=written.conversation_id,
        )


def _reactions(event: Event) -> Iterator[Report]:
    written = event.written
    if not written.reaction:
        yield event.unknown("A reaction that says nothing.")
    for raw in written.reaction:
        reaction = read(raw, Reaction)
        if reaction is None or reaction.operation not in _ACTIONS:
            yield event.unknown("A reaction that cannot be read.")
            continue
        emoji = reaction.emoji or reaction.ai_emoji_url
        yield Interaction(
            key=f"reaction:{written.message_id}:{reaction.original_msg_id}:{reaction.operation}:{emoji}",
            deed=Deed.REACTION,
            target=Target(reference=reaction.original_msg_id),
            raw=event.raw,
            at=moment(reaction.timestamp or written.timestamp),
            emoji=emoji,
            action=_ACTIONS[reaction.operation],
            details="" if reaction.emoji else reaction.type.lower(),
            sender=written.conversation_id,
        )


_ACTIONS = {"ADD": "react", "REMOVE": "unreact"}


def _sent(event: Event) -> Iterator[Report]:
    """An echo of what our side sent, by this API or elsewhere."""
    written = event.written
    if not event.is_ours or not written.message_id or written.type == "reaction":
        yield event.unknown("An echo of no message of ours.")
    elif written.auto_message_type or written.message_tag.source in OURS:
        yield event.unknown("An echo: our own side wrote it in TikTok, or TikTok did in its name.")
    else:
        yield Receipt(
            target=Target(reference=written.message_id),
            stage=Stage.DELIVERED if event.settings.echo_means_delivered else Stage.SENT,
            raw=event.raw,
            at=moment(written.timestamp),
            key=f"sent:{written.message_id}",
            went_at=moment(written.timestamp),
        )


def _read_up_to(event: Event) -> Iterator[Report]:
    written = event.written
    until = moment(written.read.last_read_timestamp) if written.read else None
    if event.is_ours:
        return  # That our own side has read what it was sent concerns nobody.
    if until is None or not written.conversation_id or not written.from_user.id:
        yield event.unknown("A read mark that cannot be read.")
        return
    yield Receipt(
        target=Target(address=written.conversation_id, until=until),
        stage=Stage.READ,
        raw=event.raw,
        at=moment(written.timestamp) or until,
        key=f"read:{written.conversation_id}:{until}",
    )


_READERS: dict[str, Callable[[Event], Iterator[Report]]] = {
    "im_receive_msg": _received,
    "im_send_msg": _sent,
    "im_mark_read_msg": _read_up_to,
}
