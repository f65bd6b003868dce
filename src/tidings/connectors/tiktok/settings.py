"""What an operator sets on a TikTok channel, and what a client may ask of one message."""

from typing import Annotated

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

HOUR = 3_600_000
"""Milliseconds."""

Codes = tuple[int, ...]


class TikTokSettings(Settings, frozen=True, kw_only=True):
    """A business account, as an app with the permission Business Messaging reaches it."""

    business_id: Annotated[
        str, Meta(min_length=1, max_length=255, description="The account's open_id, as it came with the access token.")
    ]
    client_key: Annotated[str, Meta(min_length=1, description="The app's id.")]
    client_secret: Annotated[Secret, Meta(description="The app's secret; webhooks are signed with it.")]
    access_token: Annotated[Secret, Meta(description="From the account's consent; it lasts a day.")]
    refresh_token: Annotated[
        Secret | None,
        Meta(
            description="From the account's consent too; with it the hub renews the access token, and gets another "
            "refresh token each time."
        ),
    ] = None
    token_expires_at: Annotated[
        int,
        Meta(ge=0, description="When the access token is used up, Unix milliseconds; the hub keeps it. 0: not known."),
    ] = 0
    refresh_token_expires_at: Annotated[
        int,
        Meta(
            ge=0,
            description="When the refresh token is used up and the account must consent again, Unix milliseconds; the "
            "hub keeps it. 0: not known.",
        ),
    ] = 0
    echo_means_delivered: Annotated[
        bool, Meta(description="Take TikTok's word that a message was sent for the word that it arrived.")
    ] = False
    tolerance_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="How old the signature of a webhook may be, or how far ahead.")
    ] = 300
    window_hours: Annotated[
        float, Meta(ge=0, description="How long after they last wrote somebody may be written to. 0: TikTok decides.")
    ] = 48.0
    window_messages: Annotated[
        int, Meta(ge=0, description="How many messages may be sent to somebody since they wrote. 0: TikTok decides.")
    ] = 10
    token_codes: Annotated[
        Codes, Meta(description="Codes by which TikTok refuses the access token, which is then renewed.")
    ] = (40101, 40102, 40103, 40104, 40105)
    throttle_codes: Annotated[Codes, Meta(description="Codes by which TikTok says that we are too fast.")] = (
        *(40016, 40100, 40132, 40133),
    )
    window_codes: Annotated[
        Codes, Meta(description="Codes by which TikTok says that a message is against its rules of messaging.")
    ] = (40064,)
    media_domains: Annotated[
        tuple[str, ...],
        Meta(description="Where files that people send may be, beside the API itself; the access token goes there."),
    ] = ("tiktok.com", "tiktokcdn.com", "tiktokcdn-us.com", "tiktokv.com", "ibyteimg.com", "byteoversea.com")
    base_url: Annotated[str, Meta(description="Where the API is.")] = "https://business-api.tiktok.com"

    def url(self, door: str) -> str:
        """Where something of the API is; every path ends in a slash."""
        return f"{self.base_url.rstrip('/')}/open_api/v1.3/{door}/"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on TikTok only."""

    typing: bool = False
    """First show that an answer is being written."""
    mark_read: bool = False
    """First mark the conversation as read."""
