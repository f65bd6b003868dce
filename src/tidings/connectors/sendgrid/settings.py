"""What an operator sets on a SendGrid channel, and what a client may ask of one message."""

from base64 import b64decode
from functools import lru_cache
from typing import Annotated, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.connectors.mail.options import MailOptions
from tidings.connectors.mail.people import address_of, check_own
from tidings.model.secrets import Secret


class SendGridSettings(Settings, frozen=True, kw_only=True):
    """An account or a sub-user at SendGrid."""

    api_key: Annotated[Secret, Meta(description="An API key that may send mail (Mail Send).")]
    public_key: Annotated[
        str,
        Meta(
            description="The verification key of the signed event webhook, from Mail Settings; in base64.",
            pattern=r"^[A-Za-z0-9+/=]{80,400}$",
        ),
    ]
    second_public_key: Annotated[
        str,
        Meta(
            description="A further verification key: the next one while keys change, or that of the Inbound Parse.",
            pattern=r"^([A-Za-z0-9+/=]{80,400})?$",
        ),
    ] = ""
    inbound_login: Annotated[
        Secret | None,
        Meta(
            description="`user:password`, as they stand in the URL of the Inbound Parse; without it only signed posts"
            " are believed."
        ),
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
    base_url: Annotated[
        str, Meta(description="Where the API is; https://api.eu.sendgrid.com for sub-users in the EU.")
    ] = "https://api.sendgrid.com"

    def __post_init__(self) -> None:
        """Raise ValueError where an address cannot be used, or a key is none."""
        check_own(self.sender, self.reply_to)
        for name, key in (("publicKey", self.public_key), ("secondPublicKey", self.second_public_key)):
            if key and read_key(key) is None:
                raise ValueError(f"{name} is no public key on the curve P-256")

    @property
    def keys(self) -> tuple[EllipticCurvePublicKey, ...]:
        """The keys that posts may be signed with."""
        return tuple(filter(None, map(read_key, (self.public_key, self.second_public_key))))

    @property
    def domain(self) -> str:
        """The domain of our own Message-IDs."""
        return address_of(self.sender).rpartition("@")[2].lower()


@lru_cache(maxsize=64)
def read_key(key: str) -> EllipticCurvePublicKey | None:
    """Read a public key (DER in base64); None where it is none on the curve that SendGrid uses."""
    try:
        known = load_der_public_key(b64decode(key, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return known if isinstance(known, EllipticCurvePublicKey) and isinstance(known.curve, SECP256R1) else None


class Options(MailOptions, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client may ask of SendGrid for one message (`channelOptions.email`)."""

    tracking_opens: bool | None = None
    tracking_clicks: bool | None = None
    """Where they say nothing, the account's settings decide."""
    delivery_time: int | str | None = None
    """When to deliver: milliseconds, or ISO 8601."""
    test_mode: bool = False
    """Whether SendGrid only looks the message through (its sandbox)."""
    unsubscribe_group: int | None = None
    ip_pool: str = ""
    template_data: dict[str, Any] = {}
    """Values for the template that are no texts; they are beside its variables."""
