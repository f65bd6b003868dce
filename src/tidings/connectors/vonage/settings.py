"""What an operator sets on a Vonage channel, and what a client may ask of one message."""

from functools import lru_cache
from typing import Annotated, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Meta, Struct, field

from tidings.connectors.connector import Settings
from tidings.connectors.url_token import check_token
from tidings.model.secrets import Secret

HOSTS = {"sms": "https://rest.nexmo.com", "messages": "https://api.nexmo.com"}
"""Where each API is."""


class VonageSettings(Settings, frozen=True, kw_only=True):
    """An account at Vonage, which API it sends by, and what its callbacks are proven with."""

    api_key: Annotated[str, Meta(min_length=1, description="The account's API key, from the dashboard.")]
    api_secret: Annotated[
        Secret | None,
        Meta(description="The API secret. Without it, requests of the SMS API are signed with the signature secret."),
    ] = None
    api: Annotated[
        Literal["sms", "messages"],
        Meta(description="The API that messages are sent by. Callbacks of both are read, whichever it is."),
    ] = "sms"
    application_id: Annotated[
        str, Meta(description="Of the Messages API: the application that sends; without it, the API secret does.")
    ] = ""
    private_key: Annotated[
        Secret | None, Meta(description="The application's private key: the whole PEM file, RSA.")
    ] = None
    signature_secret: Annotated[
        Secret | None,
        Meta(description="The signature secret, from the dashboard under API settings; callbacks are proven with it."),
    ] = None
    signature_method: Annotated[
        Literal["md5hash", "md5", "sha1", "sha256", "sha512"],
        Meta(
            description="How the SMS API signs, as the dashboard says under API settings: `md5hash` is MD5 hash, the "
            "others are HMACs. The Messages API always signs with SHA-256."
        ),
    ] = "sha256"
    callback_token: Annotated[
        Secret | None,
        Meta(
            description="For an account whose SMS callbacks are not signed: a long random text that the callback URL "
            "has as `?token=`. Callbacks without a signature are proven with it."
        ),
    ] = None
    max_callback_age: Annotated[
        int,
        Meta(ge=30, le=90_000, description="Seconds that a signed callback's time may be off; later ones are refused."),
    ] = 300
    sender: Annotated[str, Meta(description="Sender used where a message names none: a number, a code or a name.")] = ""
    parts_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="How long the parts of an inbound text wait for each other.")
    ] = 600.0
    base_url: Annotated[str, Meta(description="Where the API is; empty: at Vonage.")] = ""

    def __post_init__(self) -> None:
        """Raise ValueError where nothing could prove who we are, or who calls us."""
        check_token(self.callback_token)
        if not (self.signature_secret or self.callback_token):
            raise ValueError("to prove callbacks, a signatureSecret or a callbackToken is needed")
        if bool(self.application_id) != bool(self.private_key):
            raise ValueError("an applicationId and a privateKey go together")
        if self.private_key and not _is_rsa(self.private_key):
            raise ValueError("privateKey is an RSA private key in PEM, without a passphrase")
        if self.api == "sms" and not (self.api_secret or self.signature_secret):
            raise ValueError("the SMS API needs an apiSecret or a signatureSecret")
        if self.api == "messages" and not (self.api_secret or self.application_id):
            raise ValueError("the Messages API needs an applicationId with its privateKey, or an apiSecret")

    def at(self, path: str, api: str = "") -> str:
        """Give the URL of something of an API, by default the one that messages are sent by."""
        return f"{(self.base_url or HOSTS[api or self.api]).rstrip('/')}{path}"


# Whether its numbers are primes is looked at for long, and settings are read often.
@lru_cache(maxsize=64)
def _is_rsa(pem: Secret) -> bool:
    try:
        return isinstance(load_pem_private_key(pem.reveal().encode(), None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False  # What the library says of a broken key may show parts of it.


class Options(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client may ask of one SMS; what others than Vonage understand is passed over."""

    sender: str = field(default="", name="from")
    allow_unicode: bool = True
    unicode_conversion: bool = False
    """Whether the text is written with GSM-7 characters wherever that is possible."""
    message_class: Annotated[int, Meta(ge=0, le=3)] | None = None
    """0 is a flash message; of the SMS API only."""
    trusted_recipient: bool | None = None
    """Whether Vonage's fraud filter lets it pass."""
    entity_id: str = ""
    """Of the sender, as India's operators register it."""
    content_id: str = ""
    """Of the text's template, as India's operators register it."""
    pool_id: str = ""
    """The number pool that the sender is taken from; of the Messages API only."""
    account_ref: str = ""
    """Whom it is charged to; of the SMS API only."""
