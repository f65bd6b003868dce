"""In-app messaging: the hub is the provider itself, for apps and web pages of one's own.

Send     a message is said in a conversation of the hub's; what carries it there is the hub's wire `app`
Reports  what happens in conversations, as the hub tells clients of it, by the door `door://app-messaging/`

No request from outside is believed: what comes by HTTP never has that door for its URL.
"""

from typing import ClassVar, Final

from tidings.connectors.app_messaging.composing import check, compose
from tidings.connectors.app_messaging.reading import read
from tidings.connectors.app_messaging.settings import AppSettings
from tidings.connectors.app_messaging.words import Answer, Request
from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.decoding import read as decoded
from tidings.model.errors import BadSignature, FieldError, NoReply, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason
from tidings.rules.conversations.names import between

NAME: Final = "app-messaging"
DOOR: Final = "door://app-messaging/"
"""Whence what happens comes."""
HAPPENED: Final = "HAPPENED"
"""The method that it comes with."""
BUSINESS: Final = "business"
"""The header that says whose conversations it happened in."""
SAY: Final = "app:messages"
"""Where messages are said."""

CAUSES: Final = {403: Cause.BAD_ADDRESS, 404: Cause.BAD_ADDRESS}
"""What a refusal means: nobody has such a profile or conversation, or does not take part in it."""


class AppMessaging(Connector[AppSettings]):
    """Chat in apps and web pages of one's own."""

    name = NAME
    label = "In-app messaging"
    platforms = ("app-messaging",)
    wire = "app"
    capabilities: ClassVar = {
        "app-messaging": Capabilities(
            sends=frozenset({"text", "media", "actions", "native"}),
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION, Deed.DELETE_REQUEST}),
            inbound=True,
            deduplicates=True,
            only={"receipts": "as the app tells it", "reads": "as the app tells it"},
            signature="what happens in the hub's own conversations; nothing from outside",
        )
    }
    documentation = "https://www.rfc-editor.org/rfc/rfc7519"
    notes = (
        "There is no outside provider: apps talk to the hub itself. docs/app-messaging.md says how.",
        "A workspace has one such channel for its apps: the oldest.",
        (
            "A message goes into the conversation that the request names with `conversationId`, else into the one of"
            " the business and the person, which is made where there is none."
        ),
        "A person is known once they have come with a token of yours, or your server has written their profile.",
        "`customBody` holds the parts as they are: `parts`, each with `type` and `data` or `url`, `metadata`, `alert`.",
    )
    Settings = AppSettings

    @property
    def sender(self) -> str:
        """The business's profile."""
        return self.settings.sender

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message cannot be said in a conversation."""
        return super().check(outgoing) or tuple(check(outgoing, self.settings))

    def conversation(self, outgoing: Outgoing) -> str:
        """Name the conversation of the business and the person."""
        return between(outgoing.sender or self.sender, outgoing.to)

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Say the message; again with the same id, it is said once."""
        if refused := self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, refused[0].message, refused[0].code))
        sender = outgoing.sender or self.sender
        request = Request(
            id=outgoing.message,
            conversation=outgoing.conversation,
            sender=sender,
            to=outgoing.to,
            spoken=compose(outgoing),
        )
        reply = yield Call.post(SAY, json=request)
        if not reply.ok:
            raise _refused(reply)
        answer = decoded(reply.body, Answer)
        if answer is None:
            raise NoReply("The conversation did not answer.", taken=True)
        told = encode_raw(answer)
        return Sent(pieces=(Piece(answer.conversation_message_id),), answer=told, sender=sender)

    def verify(self, callback: Callback) -> None:
        """Believe what the hub itself tells, and nothing that came by HTTP."""
        by_hub = callback.method == HAPPENED and callback.url == DOOR
        if not by_hub or callback.headers.get(BUSINESS) != self.settings.sender:
            raise BadSignature("It did not happen in a conversation of the hub's.")

    def parse(self, callback: Callback) -> list[Report]:
        """Read what happened; raises Unreadable."""
        return read(callback)


def _refused(reply: Reply) -> SendFailed:
    problem = decoded(reply.body, dict[str, object]) or {}
    text = str(problem.get("detail", "")) or f"The conversation answered {reply.status}."
    cause = CAUSES.get(reply.status, Cause.INVALID)
    return SendFailed(Reason(cause, text, str(problem.get("kind", "")) or str(reply.status)), reply.raw)
