"""What an operator sets on a LinkedIn channel, and what a client may ask of one message."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

Driver = Literal["messages_v2", "compliance_poll", "org_social_webhook"]
"""One of LinkedIn's surfaces; each is opened to partners by a contract of its own."""


class LinkedInSettings(Settings, frozen=True, kw_only=True):
    """A member or a page of LinkedIn, by those of its surfaces that the operator has a contract for."""

    drivers: Annotated[
        tuple[Driver, ...],
        Meta(
            min_length=1,
            description=(
                "What the channel does: messages_v2 sends as a member, compliance_poll fetches what a regulated member"
                " gets, org_social_webhook hears of comments on a page and mentions of it."
            ),
        ),
    ] = ("messages_v2",)
    access_token: Annotated[
        Secret | None, Meta(description="The member's three-legged token; messages_v2 and compliance_poll need it.")
    ] = None
    member: Annotated[
        str,
        Meta(
            pattern=r"^(urn:li:person:[A-Za-z0-9_-]{1,64})?$",
            description="The member that the token is of, as urn:li:person:…; messages may then name it as sender.",
        ),
    ] = ""
    agents_only: Annotated[
        bool,
        Meta(
            description=(
                "Refuse a message unless it says that a person sends it (the option origin, or the tag origin:agent):"
                " LinkedIn's terms allow no automated or scheduled ones."
            )
        ),
    ] = True
    client_id: Annotated[str, Meta(description="From the app's page Auth; needed to renew the token.")] = ""
    client_secret: Annotated[
        Secret | None,
        Meta(description="From the app's page Auth; webhooks are signed with it, and org_social_webhook needs it."),
    ] = None
    child_secrets: Annotated[
        dict[str, Secret], Meta(description="Client secrets of child applications, by their applicationId.")
    ] = {}
    organization: Annotated[
        str,
        Meta(
            pattern=r"^(urn:li:organization(Brand)?:[0-9]{1,32})?$",
            description="The page that the channel is for, as urn:li:organization:…; empty: every page of the app.",
        ),
    ] = ""
    refresh_token: Annotated[
        Secret | None, Meta(description="Renews the access token, where the app has programmatic refresh tokens.")
    ] = None
    token_expires_at: Annotated[
        int | None,
        Meta(description="When the access token ends, milliseconds since 1970; renewing it writes this setting."),
    ] = None
    poll_every_seconds: Annotated[
        float, Meta(ge=1, le=86_400, description="How often compliance_poll asks for new events.")
    ] = 60
    poll_count: Annotated[int, Meta(ge=1, le=500, description="How many events are asked for at once.")] = 50
    look_back_hours: Annotated[
        float,
        Meta(ge=0, le=672, description="How far back the first poll looks; LinkedIn keeps events for 28 days."),
    ] = 0
    version: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{6})?$",
            description=(
                "A LinkedIn-Version, such as 202406: events are then asked for at the versioned API, as those of Sales"
                " Navigator must be."
            ),
        ),
    ] = ""
    message_type: Annotated[str, Meta(description="The messageType of messages; empty: none is said.")] = (
        "MEMBER_TO_MEMBER"
    )
    longest_text: Annotated[int, Meta(ge=1, description="Characters in a text; LinkedIn publishes no limit.")] = 8000
    longest_subject: Annotated[int, Meta(ge=1, description="Characters in a subject; no limit is published.")] = 200
    base_url: Annotated[str, Meta(description="Where the API is.")] = "https://api.linkedin.com"
    oauth_url: Annotated[str, Meta(description="Where tokens are renewed.")] = "https://www.linkedin.com"

    def __post_init__(self) -> None:
        """Raise ValueError where a driver lacks what it needs."""
        with_token = {"messages_v2", "compliance_poll"} & set(self.drivers)
        if with_token and not self.access_token:
            raise ValueError(f"accessToken is needed for {', '.join(sorted(with_token))}")
        if "org_social_webhook" in self.drivers and not self.client_secret:
            raise ValueError("clientSecret is needed for org_social_webhook")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every call."""
        token = self.access_token.reveal() if self.access_token else ""
        told = {"authorization": f"Bearer {token}", "x-restli-protocol-version": "2.0.0"}
        return {**told, "linkedin-version": self.version} if self.version else told


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on LinkedIn only."""

    origin: Literal["agent", "automation", ""] = ""
    """Who sends it: a person by an action of their own, or a program."""
    thread: str = ""
    """The conversation to write into, as urn:li:messagingThread:…, where it is known without a message to answer."""
