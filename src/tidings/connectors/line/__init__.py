"""LINE by its Messaging API.

Send      https://developers.line.biz/en/reference/messaging-api/#messages         POST /v2/bot/message/push, and others
Webhooks  https://developers.line.biz/en/reference/messaging-api/#webhooks         an array of events, signed: base64
          HMAC-SHA256 of the raw body
Errors    https://developers.line.biz/en/reference/messaging-api/#error-responses  an HTTP status and texts
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.line.checking import refused
from tidings.connectors.line.fetching import fetch, mark_all_read, tokens_of
from tidings.connectors.line.reading import reports_of
from tidings.connectors.line.sending import send
from tidings.connectors.line.settings import LineSettings
from tidings.model.content import Media
from tidings.model.errors import BadSignature, FieldError, SendFailed
from tidings.model.exchange import Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason

NOTES = (
    (
        "Write the callback URL on the page Messaging API of LINE's console, and switch on `Use webhook` and "
        "`Webhook redelivery`; without the latter, what LINE cannot deliver at once is lost."
    ),
    (
        "LINE tells of a delivery only for notification messages to phone numbers. Other messages rest at `sent`, "
        "also those to people who have blocked the account; a tap or a reply proves that they arrived."
    ),
    "LINE tells nobody that a message was read, or that a link was opened.",
    (
        "A message is free where it answers an event by its `replyToken`, which stands among the facts of what came "
        "in and goes into the options; it works once, for about a minute. Anything else is pushed, and counts "
        "against the account's quota."
    ),
    (
        "A quote needs the `quoteToken` that stands among the facts of what came in, as an option; an answer "
        "without it is sent, but shows no quote."
    ),
    (
        "A film needs a picture (`previewImageUrl`) and a sound its length (`duration`, milliseconds), as options. "
        "A file of another kind is sent as a link."
    ),
)


class Line(Connector[LineSettings]):
    """One channel of the Messaging API: a LINE Official Account.

    People, groups and rooms are known by their ids, and for LINE notification messages people by their phone numbers.
    A content may take several message objects, which go out in one request.
    """

    name = "line"
    label = "LINE (Messaging API)"
    platforms = ("line",)
    documentation = "https://developers.line.biz/en/docs/messaging-api/"
    Settings: ClassVar[type[Settings]] = LineSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "line": Capabilities(
            sends=frozenset({"text", "media", "actions", "listing", "cards", "location", "native"}),
            interactions=frozenset({Deed.CLICKED, Deed.OPENED, Deed.DELETE_REQUEST, Deed.UNSUBSCRIBE_REQUEST}),
            only={
                "receipts": "notification messages to phone numbers",
                Deed.OPENED: "films, watched to their end",
                Deed.DELETE_REQUEST: "what the person wrote",
            },
            inbound=True,
            deduplicates=True,
            signature="x-line-signature: HMAC-SHA256 of the body with the channel secret",
            rate_per_second=2000,
        )
    }
    notes: ClassVar[tuple[str, ...]] = NOTES

    @property
    def able(self) -> Capabilities:
        """What it can do on this channel.

        Whether a message will be told as delivered depends on its address, so none waits for that. Notification
        messages have no retry key.
        """
        declared = self.capabilities[self.platform]
        return replace(declared, receipts=False, deduplicates=not self.settings.notification_messages)

    @property
    def sender(self) -> str:
        """The bot's user id, where it is known."""
        return self.settings.user_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what LINE would refuse: kinds, lengths, counts, addresses, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send it in one request; webhooks go where LINE's console says."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with the channel secret; raise BadSignature if not."""
        secret = self.settings.channel_secret.reveal().encode()
        due = b64encode(hmac.digest(secret, callback.body, "sha256"))
        told = callback.headers.get("x-line-signature", "").encode("utf-8", "replace")
        # An empty secret proves nothing, for everybody knows it.
        if not (secret and hmac.compare_digest(due, told)):
            raise BadSignature("x-line-signature is not by the channel secret")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings.user_id)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that a person sent, with our token where it is LINE that has it."""
        return (yield from fetch(media, self.settings))

    def acknowledge(self, callback: Callback) -> Exchange[None] | None:
        """Show people that what they wrote was read, where the channel wants that."""
        tokens = tokens_of(callback) if self.settings.mark_read else []
        return mark_all_read(tokens, self.settings) if tokens else None
