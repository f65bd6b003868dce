"""What an operator sets on a channel of Twilio's."""

from typing import Annotated

from msgspec import Meta

from tidings.connectors import connector
from tidings.model.secrets import Secret


class Settings(connector.Settings, frozen=True, kw_only=True):
    """An account, what it sends as, and what its callbacks are signed with."""

    account_sid: Annotated[
        str, Meta(pattern="^AC[0-9a-fA-F]{32}$", description="Account SID, from the console's dashboard.")
    ]
    auth_token: Annotated[
        Secret, Meta(description="Primary Auth Token, from the console's dashboard; callbacks are signed with it.")
    ]
    other_auth_token: Annotated[
        Secret | None,
        Meta(description="While the Auth Token is rotated: the other one. Callbacks signed with either are taken."),
    ] = None
    api_key_sid: Annotated[str, Meta(description="API key (SK…) to send with instead of the Auth Token.")] = ""
    api_key_secret: Annotated[Secret | None, Meta(description="The API key's secret.")] = None
    sender: Annotated[
        str,
        Meta(
            description="Sender used where a message names none: a number, a short code or a name. Beside a Messaging"
            " Service it must be one of the service's own."
        ),
    ] = ""
    messaging_service_sid: Annotated[
        str,
        Meta(
            pattern="^(MG[0-9a-fA-F]{32})?$",
            description="Messaging Service (MG…) to send through; without a sender it chooses one.",
        ),
    ] = ""
    smart_encoded: Annotated[
        bool, Meta(description="Let Twilio replace look-alike Unicode characters, so that texts take fewer segments.")
    ] = False
    shorten_urls: Annotated[
        bool,
        Meta(
            description="Let Twilio shorten links where a message asks for link tracking: the Messaging Service needs"
            " a link-shortening domain, and Event Streams a webhook sink at the callback URL."
        ),
    ] = False
    base_url: Annotated[str, Meta(description="Where the API is.")] = "https://api.twilio.com"

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password of every request."""
        if self.api_key_sid and self.api_key_secret:
            return self.api_key_sid, self.api_key_secret.reveal()
        return self.account_sid, self.auth_token.reveal()
