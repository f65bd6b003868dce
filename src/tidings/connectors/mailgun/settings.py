"""What an operator sets on a Mailgun channel, and what a client may ask of one message."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.connectors.mail.options import MailOptions
from tidings.model.secrets import Secret

YesNo = bool | Literal["yes", "no", "true", "false", "htmlonly"]
"""A switch as Mailgun writes it; `htmlonly` is for tracking."""


class MailgunSettings(Settings, frozen=True, kw_only=True):
    """A sending domain at Mailgun."""

    api_key: Annotated[Secret, Meta(description="The account's API key, or a sending key of the domain.")]
    signing_key: Annotated[Secret, Meta(description="The HTTP webhook signing key, from the API security page.")]
    second_signing_key: Annotated[
        Secret | None,
        Meta(
            description="A further key that webhooks may be signed with: the next one while keys change, a primary "
            "account's for its sub-accounts, or the API key for accounts from before there were signing keys."
        ),
    ] = None
    domain: Annotated[str, Meta(description="The sending domain, mail.example.com.", pattern=r"^[A-Za-z0-9.-]{1,253}$")]
    sender: Annotated[
        str, Meta(description='Who mail is from where a message does not say: "Shop <shop@example.com>".')
    ]
    base_url: Annotated[
        str, Meta(description="Where the API is; https://api.eu.mailgun.net for domains in the EU region.")
    ] = "https://api.mailgun.net"
    variable_prefix: Annotated[
        str,
        Meta(
            description="Beginning of the user variables that bring our ids back. Recipients can see them.",
            pattern=r"^[A-Za-z0-9_-]{1,40}$",
        ),
    ] = "tidings"

    @property
    def message_variable(self) -> str:
        """The user variable that holds our message id."""
        return f"{self.variable_prefix}-messageId"

    @property
    def workspace_variable(self) -> str:
        """The user variable that holds the workspace's id."""
        return f"{self.variable_prefix}-apiSpaceId"

    @property
    def hop_variable(self) -> str:
        """The user variable that holds the hop's number."""
        return f"{self.variable_prefix}-hop"

    @property
    def url(self) -> str:
        """Where the domain's own part of the API is."""
        return f"{self.base_url.rstrip('/')}/v3/{self.domain}"


class Options(MailOptions, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client may ask of Mailgun for one message (`channelOptions.email`)."""

    amp_html: str = ""
    tracking: YesNo | None = None
    tracking_opens: YesNo | None = None
    tracking_clicks: YesNo | None = None
    tracking_pixel_location_top: YesNo | None = None
    delivery_time: int | str | None = None
    """When to deliver: milliseconds, or ISO 8601."""
    delivery_time_optimize_period: str = ""
    time_zone_localize: str = ""
    test_mode: bool = False
    dkim: YesNo | None = None
    require_tls: YesNo | None = None
    skip_verification: YesNo | None = None
    sending_ip: str = ""
    recipient_variables: dict[str, dict[str, Any]] = {}
    """Values by address; with them, every recipient sees only their own address."""


DIRECT = {
    "tracking": "o:tracking",
    "tracking_opens": "o:tracking-opens",
    "tracking_clicks": "o:tracking-clicks",
    "tracking_pixel_location_top": "o:tracking-pixel-location-top",
    "delivery_time_optimize_period": "o:deliverytime-optimize-period",
    "time_zone_localize": "o:time-zone-localize",
    "dkim": "o:dkim",
    "require_tls": "o:require-tls",
    "skip_verification": "o:skip-verification",
    "sending_ip": "o:sending-ip",
}
"""The options that are one of Mailgun's fields under another name."""
