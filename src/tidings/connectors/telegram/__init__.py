"""Telegram by the Bot API.

Send      https://core.telegram.org/bots/api#available-methods   POST /bot<token>/<method>
Updates   https://core.telegram.org/bots/api#update              posted to us, or asked for with getUpdates
Proof     https://core.telegram.org/bots/api#setwebhook          X-Telegram-Bot-Api-Secret-Token, the text itself
"""

import hmac
from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from tidings.connectors.connector import (
    Capabilities,
    Connector,
    Outgoing,
    Polled,
    Settings,
    unsupported_kinds,
)
from tidings.connectors.telegram import calling
from tidings.connectors.telegram.checking import refused
from tidings.connectors.telegram.reading import WANTED, query_of, reports_of
from tidings.connectors.telegram.sending import send
from tidings.connectors.telegram.settings import TelegramSettings
from tidings.model.content import Media
from tidings.model.errors import BadSignature, FieldError, SendFailed
from tidings.model.exchange import Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class Telegram(Connector[TelegramSettings]):
    """One bot.

    People are known by the id of their chat with it, which is their own; groups and channels by theirs. A content may
    take several messages; each is a part of the hop.
    """

    name = "telegram"
    label = "Telegram (Bot API)"
    platforms = ("telegram",)
    documentation = "https://core.telegram.org/bots/api"
    Settings: ClassVar[type[Settings]] = TelegramSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "telegram": Capabilities(
            sends=frozenset({"text", "html", "media", "actions", "listing", "cards", "location", "contacts", "native"}),
            receipts=False,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION, Deed.UNSUBSCRIBE_REQUEST, Deed.DELETE_REQUEST}),
            only={Deed.DELETE_REQUEST: "in chats of a business account"},
            inbound=True,
            signature="X-Telegram-Bot-Api-Secret-Token: the webhook's secret itself, not over the body",
            rate_per_second=30,
            per_recipient_seconds=1.0,
        )
    }
    notes = (
        (
            "Telegram tells neither that a message arrived nor that it was read: `sent` is its last word, unless the "
            "person answers, taps or reacts."
        ),
        "A person must have started the bot before it may write to them.",
        (
            "Set the webhook yourself, once: `setWebhook` with the channel's callback URL as `url`, `webhookSecret` as "
            f"`secret_token`, and {', '.join(f'`{each}`' for each in WANTED)} as `allowed_updates`. Reactions come "
            "only where they are named there, and in groups only to a bot that is an administrator."
        ),
        (
            "With `pollSeconds` the bot needs no webhook, and no address that Telegram can reach; a webhook that is "
            "still set must be deleted first, with `deleteWebhook`."
        ),
        (
            "Groups take 20 messages a minute. Files by URL may have 20 MB (photos 5), files that are sent along 50 MB "
            "(photos 10); of what people send, up to 20 MB can be fetched."
        ),
        "In a group the address to answer is the group's; who wrote stands in `userId`.",
    )

    @property
    def able(self) -> Capabilities:
        """What a bot can do; one that pays for it may send faster."""
        able = super().able
        return replace(able, rate_per_second=1000) if self.settings.paid_broadcast else able

    @property
    def sender(self) -> str:
        """The bot's id."""
        return self.settings.bot_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Telegram would refuse: kinds, lengths, counts, chats, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Make every call that the content takes; updates go where the bot's webhook is."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the secret that we gave to Telegram came along; raise BadSignature if not."""
        secret = self.settings.webhook_secret
        due = secret.reveal().encode() if secret else b""
        told = callback.headers.get("x-telegram-bot-api-secret-token", "").encode("utf-8", "replace")
        # An empty secret proves nothing, for everybody knows it.
        if not (due and hmac.compare_digest(due, told)):
            raise BadSignature("X-Telegram-Bot-Api-Secret-Token is not ours")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what an update means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings.bot_id)

    def acknowledge(self, callback: Callback) -> Exchange[None] | None:
        """Tell Telegram that a tap was heard; None where nothing was tapped."""
        query = query_of(callback.body)
        return calling.answer_query(query, self.settings) if query else None

    @property
    def poll_seconds(self) -> float | None:
        """How often Telegram is asked for updates; None where it calls us."""
        return self.settings.poll_seconds or None

    def poll(self, place: str, now: int) -> Exchange[Polled]:
        """Ask Telegram for the updates from a number on, and tell it of the taps that were heard."""
        return (yield from calling.poll(place, self.settings))

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file by its id: first where it is, which holds for an hour, then the file."""
        return (yield from calling.fetch(media, self.settings))
