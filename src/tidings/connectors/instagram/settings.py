"""What an operator sets on an Instagram channel."""

from typing import Annotated

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret


class InstagramSettings(Settings, frozen=True, kw_only=True):
    """A professional Instagram account, reached by Instagram's login or by that of the Facebook page it belongs to."""

    account_id: Annotated[
        str,
        Meta(pattern="^[0-9]{1,32}$", description="The account's id as webhooks name it, such as 17841400000000001."),
    ]
    page_id: Annotated[
        str,
        Meta(
            pattern="^[0-9]{0,32}$",
            description="The Facebook page's id, where the account is reached by Facebook's login; else empty.",
        ),
    ] = ""
    access_token: Annotated[
        Secret,
        Meta(
            description="The account's long-lived token with instagram_business_manage_messages and"
            " instagram_business_manage_comments; with a page, the page's token with instagram_manage_messages and"
            " instagram_manage_comments."
        ),
    ]
    token_expires_on: Annotated[
        str,
        Meta(
            description="When the account's token ends, such as 2026-09-01T00:00:00Z; with it, the hub gets a new one"
            " in time. A page's token needs none."
        ),
    ] = ""
    app_secret: Annotated[
        Secret,
        Meta(
            description="The secret that webhooks are signed with: the Instagram app secret for Instagram's login, the"
            " app secret for Facebook's."
        ),
    ]
    other_app_secret: Annotated[
        Secret | None, Meta(description="The other of the two secrets, where webhooks come signed with either.")
    ] = None
    verify_token: Annotated[
        Secret, Meta(description="A text of your choice; write the same one beside the callback URL at Meta.")
    ]
    delivered_by_echo: Annotated[
        bool,
        Meta(
            description="Take the echo of a message for its delivery, which Instagram does not tell of. Off: a message"
            " is delivered when it is read or answered."
        ),
    ] = False
    window_hours: Annotated[
        float,
        Meta(
            ge=0,
            description="How long after a person's last message they are written to; later, a message is refused"
            " without asking Meta. 0: Meta is always asked.",
        ),
    ] = 24
    prove_secret: Annotated[
        bool, Meta(description="Sign every request with appsecret_proof; for apps that require the app secret.")
    ] = False
    version: Annotated[
        str, Meta(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$", description="Version of the Graph API, such as v25.0.")
    ] = "v25.0"
    base_url: Annotated[
        str,
        Meta(
            description="Where the Graph API is; empty: https://graph.instagram.com, or with a page"
            " https://graph.facebook.com."
        ),
    ] = ""

    @property
    def origin(self) -> str:
        """Where the Graph API is."""
        usual = "https://graph.facebook.com" if self.page_id else "https://graph.instagram.com"
        return (self.base_url or usual).rstrip("/")
