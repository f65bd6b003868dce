"""What an operator sets on a LINE channel, and what a client may ask of one message."""

from typing import Annotated

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

LINES_OWN = "https://api.line.me"
LINES_FILES = "https://api-data.line.me"


class LineSettings(Settings, frozen=True, kw_only=True):
    """A Messaging API channel of LINE."""

    access_token: Annotated[
        Secret, Meta(description="The channel access token, from the channel's page Messaging API in LINE's console.")
    ]
    channel_secret: Annotated[
        Secret, Meta(description="From the page Basic settings in LINE's console; webhooks are signed with it.")
    ]
    user_id: Annotated[
        str,
        Meta(
            pattern="^(U[0-9a-f]{32})?$",
            description="The bot's own user id, from the page Basic settings; what comes for another bot is set aside.",
        ),
    ] = ""
    notification_messages: Annotated[
        bool,
        Meta(
            description="Send to phone numbers by LINE notification messages, for accounts that LINE has approved for "
            "them. They alone are told as delivered, and cannot be repeated where their fate is unknown."
        ),
    ] = False
    mark_read: Annotated[
        bool, Meta(description="Show people that what they wrote was read, as soon as it is on disk here.")
    ] = False
    preview_image_url: Annotated[
        str, Meta(description="The picture shown before a film plays, where a message names none; https.")
    ] = ""
    base_url: Annotated[str, Meta(description="Where the Messaging API is.")] = LINES_OWN
    files_url: Annotated[
        str, Meta(description="Where the files are that people send; empty: with LINE, or with the base URL's server.")
    ] = ""

    def at(self, path: str) -> str:
        """Give the URL of something of the API."""
        return f"{self.base_url.rstrip('/')}{path}"

    def file(self, path: str) -> str:
        """Give the URL of a file; LINE keeps them on a host of their own."""
        elsewhere = LINES_FILES if self.base_url.rstrip("/") == LINES_OWN else self.base_url
        return f"{(self.files_url or elsewhere).rstrip('/')}{path}"

    @property
    def authorization(self) -> str:
        """The header that proves who we are."""
        return f"Bearer {self.access_token.reveal()}"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on LINE only."""

    reply_token: str = ""
    """Answer an event by its token, which costs nothing and works once, for about a minute; else it is pushed."""
    quote_token: str = ""
    """Quote the message with this token above the text or sticker."""
    mark_as_read_token: str = ""
    """Show the person first that the message with this token was read."""
    notification_disabled: bool = False
    """Deliver without a sound."""
    custom_aggregation_units: list[Annotated[str, Meta(max_length=30, min_length=1)]] = []
    """Units that LINE counts the message in, one at most."""
    preview_image_url: str = ""
    """The picture shown before a film plays, or in place of a large picture."""
    duration: Annotated[int, Meta(ge=1)] | None = None
    """Milliseconds that a sound takes."""
    icon_url: str = ""
    """The picture beside the sender's name."""
