"""Viber by its REST Bot API.

Send       https://developers.viber.com/docs/api/rest-bot-api/#send-message  POST /send_message, always answered 200
Callbacks  https://developers.viber.com/docs/api/rest-bot-api/#callbacks     one event a post, signed: hex HMAC-SHA256
           of the raw body with the bot's token
Errors     https://developers.viber.com/docs/api/rest-bot-api/#error-codes   the answer's `status`
"""

import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.decoding import read
from tidings.connectors.viber.callbacks import Kind
from tidings.connectors.viber.checking import refused
from tidings.connectors.viber.reading import reports_of
from tidings.connectors.viber.sending import send
from tidings.connectors.viber.settings import ViberSettings
from tidings.model.errors import BadSignature, FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class Viber(Connector[ViberSettings]):
    """One bot at Viber.

    People are known by an id that only this bot knows them by. A content may take several messages; each is a part of
    the hop, and the last has the keyboard.
    """

    name = "viber"
    label = "Viber (REST Bot API)"
    platforms = ("viber",)
    documentation = "https://developers.viber.com/docs/api/rest-bot-api/"
    Settings: ClassVar[type[Settings]] = ViberSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "viber": Capabilities(
            sends=frozenset({"text", "media", "actions", "listing", "cards", "location", "contacts", "native"}),
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            signature="X-Viber-Content-Signature: HMAC-SHA256 of the body with the bot's token",
        )
    }
    notes: ClassVar[tuple[str, ...]] = (
        (
            "Give Viber the callback URL once, by a POST to `/set_webhook` with `url` and the bot's token; ask "
            "for names with `send_name`. Java must trust its certificate, and the hub must be running: Viber "
            "tries it at once."
        ),
        (
            "Only people who subscribed or wrote first can be written to. Outside a session, which a person opens "
            "by writing, Viber charges for every message; it refuses none for that."
        ),
        "Viber wants to know the size of films and files; where nobody tells it, they are sent as links.",
        (
            "A tap comes as a text. It is told as a click where it answers one of the buttons of the newest "
            "message, or was tapped in silence (`silentTaps`); whether Viber tells of opened links differs "
            "between clients."
        ),
        "The files that people send can be fetched for about an hour.",
    )

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Viber would refuse: kinds, lengths, counts, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; callbacks go where the bot was told to send them."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with the bot's token; raise BadSignature if not."""
        token = self.settings.auth_token.reveal().encode()
        due = hmac.digest(token, callback.body, "sha256").hex().encode()
        told = callback.headers.get("x-viber-content-signature", "").encode("utf-8", "replace")
        # An empty token proves nothing, for everybody knows it.
        if not (token and hmac.compare_digest(due, told)):
            raise BadSignature("X-Viber-Content-Signature is not by the bot's token")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a callback means; raise Unreadable if it is none."""
        return reports_of(callback.body)

    def handshake(self, callback: Callback) -> Answer | None:
        """Answer the trial of a callback URL that is just being set; None where it is a report. Raises BadSignature."""
        if _event(callback) != "webhook":
            return None
        self.verify(callback)
        return Answer()

    def answer(self, callback: Callback) -> Answer:
        """Welcome a person who opens the chat, where the channel has words for that."""
        if not self.settings.welcome_text or _event(callback) != "conversation_started":
            return Answer()
        sender = {"name": self.settings.sender_name}
        if self.settings.sender_avatar:
            sender["avatar"] = self.settings.sender_avatar
        welcome: dict[str, Any] = {"sender": sender, "type": "text", "text": self.settings.welcome_text}
        return Answer(body=msgspec.json.encode(welcome), content_type="application/json")


def _event(callback: Callback) -> str:
    kind = read(callback.body, Kind)
    return kind.event if kind else ""
