"""What an operator sets on a Messenger channel."""

from typing import Annotated

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret


class MessengerSettings(Settings, frozen=True, kw_only=True):
    """A Facebook page."""

    page_id: Annotated[
        str, Meta(pattern="^[0-9]{1,32}$", description="The page's id, from its page About > Page transparency.")
    ]
    access_token: Annotated[Secret, Meta(description="The page's access token, with the permission pages_messaging.")]
    app_secret: Annotated[
        Secret, Meta(description="From the app's page App settings > Basic; webhooks are signed with it.")
    ]
    verify_token: Annotated[
        Secret, Meta(description="A text of your choice; write the same one beside the callback URL at Meta.")
    ]
    echoes: Annotated[
        bool,
        Meta(
            description="Whether the page is subscribed to message_echoes. They tell when each message went, so that"
            " it is known exactly which ones a delivery or a read means; without them, our own clock has to do."
        ),
    ] = True
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
    base_url: Annotated[str, Meta(description="Where the Graph API is.")] = "https://graph.facebook.com"
