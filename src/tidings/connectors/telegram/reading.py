"""What an update of Telegram's means: messages, edits, taps, reactions, people who leave and come back."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Raw, Struct

from tidings.connectors.decoding import kept, read
from tidings.connectors.telegram.contents import content_of, facts_of, is_stop
from tidings.connectors.telegram.places import reference_of
from tidings.connectors.telegram.updates import (
    Chat,
    Deletion,
    Membership,
    Message,
    Query,
    Reaction,
    ReactionType,
    Where,
    at,
)
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target, Unknown

T = TypeVar("T")

WANTED = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "message_reaction"),
    *("my_chat_member", "business_message", "edited_business_message", "deleted_business_messages"),
)
"""The updates that mean something here, as `allowed_updates` names them."""


class Update(Struct, frozen=True):
    """An update, and whose it is."""

    number: int
    """By which Telegram tells its updates apart."""
    kind: str
    bot: str
    """The id of the bot it came to."""
    raw: Raw
    """All of it."""

    def unknown(self, why: str) -> Unknown:
        """Keep it as one that we have no word for."""
        return Unknown(self.raw, why)


def reports_of(body: Raw | bytes, bot: str) -> list[Report]:
    """Say what an update means for the bot with this id; raises Unreadable where it is none."""
    told = read(body, dict[str, Raw])
    if told is None:
        raise Unreadable("telegram: no update")
    raw = as_raw(bytes(body))
    number = read(told.get("update_id", Raw(b"null")), int)
    kind = next((name for name in told if name != "update_id"), "")
    if number is None or not kind:
        return [Unknown(raw, "An update that cannot be read.")]
    update = Update(number, kind, bot, raw)
    if kind == "message_reaction_count":
        # Nobody's: how many there are of each, where people react without showing who they are.
        return []
    reader = _READERS.get(kind)
    if reader is None:
        return [update.unknown(f"An update of kind {kind[:80]!r}.")]
    return list(reader(update, told[kind])) or [update.unknown("An update that says nothing we know.")]


def query_of(body: Raw | bytes) -> str:
    """Give the id of the query that an update is about: a tap waits to be answered. Empty where there is none."""
    told = read(body, dict[str, Raw]) or {}
    query = read(told.get("callback_query", Raw(b"null")), Query)
    return query.id if query else ""


def number_of(raw: Raw) -> int | None:
    """Give an update's number; None where it has none."""
    numbered = read(raw, _Numbered)
    return numbered.update_id if numbered else None


class _Numbered(Struct, frozen=True):
    update_id: int


def _read(update: Update, raw: Raw, kind: type[T]) -> T | Unknown:
    return read(raw, kind) or update.unknown(f"An update of kind {update.kind!r} that cannot be read.")


def _message(update: Update, raw: Raw) -> Iterator[Report]:
    message = _read(update, raw, Message)
    if isinstance(message, Unknown):
        yield message
        return
    if _is_ours(message, update.bot):
        yield update.unknown("An echo: our own side sent it.")
        return
    content = content_of(message)
    if content is None:
        yield update.unknown("A message about the chat, or of a kind that we have no word for.")
        return
    connection = message.business_connection_id or ""
    reference = reference_of(message.chat.id, message.message_id, connection)
    edited = update.kind.startswith("edited_")
    edit = {"editedMessageId": reference} if edited else {}
    yield Inbound(
        key=f"edited:{reference}:{update.number}" if edited else f"inbound:{reference}",
        reference=reference,
        sender=str(message.chat.id),
        raw=update.raw,
        to=update.bot,
        content=content,
        at=at(message.edit_date if edited else message.date),
        name=_name(message),
        reply_to=_target(message.reply_to_message, connection) if message.reply_to_message else None,
        extra={**facts_of(message), **edit},
        conversation="" if message.chat.type == "private" else str(message.chat.id),
    )
    # In a group one person does not speak for the others.
    if is_stop(message.text or "") and not edited and message.chat.type == "private":
        yield _unsubscribed(update, message.chat, at(message.date), STOPPED)


def _is_ours(message: Message, bot: str) -> bool:
    """Whether the bot wrote it, or the owner of the business account in whose chat it stands."""
    author = message.from_
    if message.sender_business_bot or (author and str(author.id) == bot):
        return True
    in_business = message.business_connection_id is not None
    return bool(in_business and author and message.chat.type == "private" and author.id != message.chat.id)


def _name(message: Message) -> str:
    """What the author calls themselves: a person, or a chat that speaks for itself."""
    if message.sender_chat:
        return _title(message.sender_chat)
    if message.from_:
        return " ".join(filter(None, (message.from_.first_name, message.from_.last_name)))
    return _title(message.chat)


def _title(chat: Chat) -> str:
    return chat.title or " ".join(filter(None, (chat.first_name, chat.last_name)))


def _query(update: Update, raw: Raw) -> Iterator[Report]:
    query = _read(update, raw, Query)
    if isinstance(query, Unknown):
        yield query
        return
    person = str(query.message.chat.id if query.message else query.from_.id)
    yield Interaction(
        key=f"clicked:{query.id}",
        deed=Deed.CLICKED,
        target=_tapped(query, person),
        raw=update.raw,
        payload=query.data,
        sender=person,
    )


def _tapped(query: Query, person: str) -> Target:
    if query.message:
        return _target(query.message, query.message.business_connection_id or "")
    # A message sent by way of another's chat has no place that a bot is told.
    return Target(address=person)


def _reaction(update: Update, raw: Raw) -> Iterator[Report]:
    reaction = _read(update, raw, Reaction)
    if isinstance(reaction, Unknown):
        yield reaction
        return
    added = _without(reaction.new_reaction, reaction.old_reaction)
    removed = _without(reaction.old_reaction, reaction.new_reaction)
    for action, kinds in (("unreact", removed), ("react", added)):
        for kind in kinds:
            yield Interaction(
                key=f"reaction:{update.number}:{action}:{kind.type}:{_emoji(kind)}",
                deed=Deed.REACTION,
                target=Target(reference=reference_of(reaction.chat.id, reaction.message_id)),
                raw=update.raw,
                at=at(reaction.date),
                emoji=_emoji(kind),
                action=action,
                details="" if kind.type == "emoji" else kind.type,
                sender=str(reaction.chat.id),
            )


def _emoji(kind: ReactionType) -> str:
    return kind.emoji or kind.custom_emoji_id or ("⭐" if kind.type == "paid" else "")


def _without(kinds: Sequence[ReactionType], others: Sequence[ReactionType]) -> list[ReactionType]:
    """The kinds that are not among the others, each once."""
    return list(dict.fromkeys(kind for kind in kinds if kind not in others))


BLOCKED = "The person blocked the bot."
STOPPED = "The person told the bot to stop."


def _membership(update: Update, raw: Raw) -> Iterator[Report]:
    membership = _read(update, raw, Membership)
    if isinstance(membership, Unknown):
        yield membership
        return
    status, chat = membership.new_chat_member.status, membership.chat
    if chat.type == "private" and status == "kicked":
        yield _unsubscribed(update, chat, at(membership.date), BLOCKED)
    else:
        yield update.unknown(f"The bot is {status[:80]!r} in a chat of type {chat.type[:80]!r} now.")


def _unsubscribed(update: Update, chat: Chat, when: int | None, details: str) -> Interaction:
    person = str(chat.id)
    return Interaction(
        key=f"unsubscribe-request:{update.number}",
        deed=Deed.UNSUBSCRIBE_REQUEST,
        target=Target(address=person),
        raw=update.raw,
        at=when,
        details=details,
        sender=person,
    )


def _deletion(update: Update, raw: Raw) -> Iterator[Report]:
    deletion = _read(update, raw, Deletion)
    if isinstance(deletion, Unknown):
        yield deletion
        return
    for each in deletion.message_ids:
        number = read(each, int)
        if number is None:
            yield Unknown(kept(each), "The number of a deleted message that cannot be read.")
            continue
        reference = reference_of(deletion.chat.id, number, deletion.business_connection_id)
        yield Interaction(
            key=f"delete-request:{reference}",
            deed=Deed.DELETE_REQUEST,
            target=Target(reference=reference),
            raw=update.raw,
            sender=str(deletion.chat.id),
        )


def _target(where: Where, connection: str) -> Target:
    return Target(reference=reference_of(where.chat.id, where.message_id, connection))


_READERS: dict[str, Callable[[Update, Raw], Iterator[Report]]] = {
    "message": _message,
    "edited_message": _message,
    "channel_post": _message,
    "edited_channel_post": _message,
    "business_message": _message,
    "edited_business_message": _message,
    "callback_query": _query,
    "message_reaction": _reaction,
    "my_chat_member": _membership,
    "deleted_business_messages": _deletion,
}
