"""What an operator sets on a Postmark channel, and what a client may ask of one message."""

from typing import Annotated, Any

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.connectors.mail.options import MailOptions
from tidings.connectors.mail.people import address_of, check_own
from tidings.model.secrets import Secret


class PostmarkSettings(Settings, frozen=True, kw_only=True):
    """A server at Postmark."""

    server_token: Annotated[Secret, Meta(description="The server's API token; POSTMARK_API_TEST sends nothing.")]
    webhook_login: Annotated[
        Secret | None,
        Meta(description="`user:password`, as they stand in the URLs of the webhooks and of the inbound stream."),
    ] = None
    webhook_header: Annotated[
        str,
        Meta(
            description="A header that the webhooks are set up to bring, with the secret below.",
            pattern=r"^[A-Za-z0-9-]{1,100}$",
        ),
    ] = "X-Tidings-Secret"
    webhook_secret: Annotated[
        Secret | None, Meta(description="What stands in that header; inbound mails come without headers of ours.")
    ] = None
    sender: Annotated[
        str, Meta(description='Who mail is from where a message does not say: "Shop <shop@example.com>".')
    ]
    reply_to: Annotated[
        str,
        Meta(
            description="Where answers go; {message} in it stands for our id, so that they find what they answer:"
            " reply+{message}@in.example.com."
        ),
    ] = ""
    message_stream: Annotated[
        str,
        Meta(description="The stream that mail goes by; empty: the default one.", pattern=r"^[a-z0-9_-]{0,30}$"),
    ] = ""
    base_url: Annotated[str, Meta(description="Where the API is.")] = "https://api.postmarkapp.com"

    def __post_init__(self) -> None:
        """Raise ValueError where an address cannot be used, or nothing would prove a webhook."""
        check_own(self.sender, self.reply_to)
        known = [secret.reveal() for secret in (self.webhook_login, self.webhook_secret) if secret is not None]
        if not any(known):
            raise ValueError("one of webhookLogin and webhookSecret is needed, or anybody could tell anything")

    @property
    def domain(self) -> str:
        """The domain of our own Message-IDs."""
        return address_of(self.sender).rpartition("@")[2].lower()


class Options(MailOptions, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client may ask of Postmark for one message (`channelOptions.email`)."""

    tracking_opens: bool | None = None
    tracking_clicks: bool | None = None
    """Where they say nothing, the server's settings decide."""
    message_stream: str = ""
    metadata: dict[str, str] = {}
    """Values that come back with every event, beside ours."""
    template_data: dict[str, Any] = {}
    """Values for the template that are no texts; they are beside its variables."""
    inline_css: bool | None = None
