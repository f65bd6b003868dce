"""What an operator sets on a Telegram channel, and what a client may ask of one message."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret


class TelegramSettings(Settings, frozen=True, kw_only=True):
    """A bot."""

    bot_token: Annotated[Secret, Meta(description="The bot's token, from @BotFather.")]
    webhook_secret: Annotated[
        Secret | None,
        Meta(
            description="A text of your choice (1 to 256 of A-Z, a-z, 0-9, _ and -), given to Telegram as secret_token "
            "with setWebhook. Without it no webhook is believed."
        ),
    ] = None
    poll_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Ask Telegram for updates, so many seconds after the last answer, instead of being called; the "
            "bot must have no webhook then. 0: Telegram calls us.",
        ),
    ] = 0.0
    paid_broadcast: Annotated[
        bool, Meta(description="Send up to 1,000 messages a second, which Telegram charges the bot for in Stars.")
    ] = False
    local_server: Annotated[
        bool, Meta(description="baseUrl is a Bot API server of your own, which takes files of up to 2,000 MB.")
    ] = False
    base_url: Annotated[str, Meta(description="Where the Bot API is.")] = "https://api.telegram.org"

    @property
    def bot_id(self) -> str:
        """The bot's own user id, with which its token begins; empty where it is no token, and must not be shown."""
        number, colon, _ = self.bot_token.reveal().partition(":")
        return number if colon and number.isascii() and number.isdigit() else ""

    def url(self, method: str) -> str:
        """Where a method is; the token stands in the path."""
        return f"{self.base_url.rstrip('/')}/bot{self.bot_token.reveal()}/{method}"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on Telegram only."""

    parse_mode: Literal["", "HTML", "MarkdownV2"] = ""
    """How the text is marked up; without, it is sent as it is."""
    silent: bool = False
    """Without a sound at the recipient's."""
    protect: bool = False
    """Neither to be forwarded nor saved."""
    link_preview: bool = True
    """With a preview of the first link in a text."""
    thread_id: int | None = None
    """The topic of a forum."""
    business_connection_id: str = ""
    """On behalf of the business account with this connection; where none is given, that of the message answered."""
    typing: bool = False
    """First show that an answer is being written."""
    mark_read: bool = False
    """First mark the message of a business chat that this one answers as read."""
