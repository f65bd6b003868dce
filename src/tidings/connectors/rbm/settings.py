"""What an operator sets on a channel of RCS for Business, and what a client may ask of one message."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

Traffic = Literal["AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"]

GOOGLE = "rcsbusinessmessaging.googleapis.com"
API = f"https://{GOOGLE}"
TOKENS = "https://oauth2.googleapis.com/token"
LONGEST_TTL = 15 * 86_400
"""Seconds."""


class RbmSettings(Settings, frozen=True, kw_only=True):
    """An agent, and the service account that speaks for it."""

    agent_id: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9_-]{1,100}(@rbm\\.goog)?$", description="The agent's id, with or without @rbm.goog."),
    ]
    client_email: Annotated[str, Meta(min_length=3, description="The service account's `client_email`.")]
    private_key: Annotated[Secret, Meta(description="The service account's `private_key`, PEM.")]
    client_token: Annotated[
        Secret, Meta(description="The token that was set with the webhook; callbacks are signed with it.")
    ]
    traffic_type: Annotated[
        Traffic | None,
        Meta(description="What messages are for; an agent with several uses must say it of each."),
    ] = None
    ttl_seconds: Annotated[
        int,
        Meta(
            ge=10,
            le=LONGEST_TTL,
            description="How long a message may wait for its phone where it has no expiry of its own. Without one "
            "Google would keep it for 30 days, and then say nothing.",
        ),
    ] = 86_400
    access_token: Annotated[Secret | None, Meta(description="The hub gets it, and renews it every hour.")] = None
    token_expires_at: Annotated[
        int, Meta(ge=0, description="When that is used up, Unix milliseconds; the hub keeps it.")
    ] = 0
    token_url: Annotated[
        str, Meta(description="Where access tokens are given out; empty: at Google's, or below another baseUrl.")
    ] = ""
    base_url: Annotated[
        str, Meta(description="Where the API is; an agent of a region has its own host, as https://europe-….")
    ] = API

    @property
    def tokens(self) -> str:
        """Where access tokens are given out."""
        if self.token_url:
            return self.token_url
        here = self.base_url.rstrip("/")
        return TOKENS if here.endswith(GOOGLE) else f"{here}/token"

    @property
    def agent(self) -> str:
        """The agent's id without its domain, as callbacks have it."""
        return self.agent_id.partition("@")[0]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on rcs only."""

    agent_id: str = ""
    """The sender: the channel's own agent, or nothing."""
    traffic_type: Traffic | None = None
    thumbnail_url: str = ""
    """The small picture of a file."""
    card_orientation: Literal["VERTICAL", "HORIZONTAL"] = "VERTICAL"
    card_width: Literal["SMALL", "MEDIUM"] = "MEDIUM"
    media_height: Literal["SHORT", "MEDIUM", "TALL"] = "MEDIUM"
