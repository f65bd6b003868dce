"""What an operator sets on a WhatsApp channel, and what a client may ask of one message."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret


class WhatsAppSettings(Settings, frozen=True, kw_only=True):
    """A business phone number on the Cloud API."""

    phone_number_id: Annotated[
        str,
        Meta(
            pattern="^[0-9]{1,32}$",
            description="The phone number's id (not the number), from the app's page WhatsApp > API Setup.",
        ),
    ]
    access_token: Annotated[
        Secret, Meta(description="A system user's token with the permission whatsapp_business_messaging.")
    ]
    app_secret: Annotated[
        Secret, Meta(description="From the app's page App settings > Basic; webhooks are signed with it.")
    ]
    verify_token: Annotated[
        Secret, Meta(description="A text of your choice; write the same one beside the callback URL at Meta.")
    ]
    phone_number: Annotated[
        str, Meta(description="The number itself, as +351210000077; messages may then name it as their sender.")
    ] = ""
    default_language: Annotated[
        str, Meta(description="The language of templates that are sent without one, such as en_US.")
    ] = "en_US"
    prove_secret: Annotated[
        bool, Meta(description="Sign every request with appsecret_proof; for apps that require the app secret.")
    ] = False
    version: Annotated[
        str, Meta(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$", description="Version of the Graph API, such as v25.0.")
    ] = "v25.0"
    base_url: Annotated[str, Meta(description="Where the Graph API is.")] = "https://graph.facebook.com"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on WhatsApp only."""

    preview_url: bool = False
    """Show a preview of the first link in a text."""
    recipient_type: Literal["individual", "group"] = "individual"
    recipient_identity_key_hash: str = ""
    """Deliver only if the recipient's identity is still the one with this hash (else error 137000)."""
    marketing: bool = False
    """Send a marketing template by the Marketing Messages product."""
    mark_read: bool = False
    """Mark the message that this one answers as read."""
    typing: bool = False
    """Also show that an answer is being typed."""
