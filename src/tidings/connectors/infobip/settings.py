"""What an operator sets on an Infobip channel, and what a client may ask of one message."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from tidings.connectors.connector import Settings
from tidings.connectors.url_token import check_token
from tidings.model.secrets import Secret


class InfobipSettings(Settings, frozen=True, kw_only=True):
    """An account at Infobip, and what its webhooks are proven with."""

    base_url: Annotated[
        str, Meta(pattern="^https?://.+", description="The account's own address, as https://xyz123.api.infobip.com.")
    ]
    api_key: Annotated[
        Secret, Meta(description="An API key that may send SMS, and read reports where they are asked for.")
    ]
    api_version: Annotated[
        Literal["3", "2"], Meta(description="The version of the SMS API: 3, or 2 for accounts that have no other yet.")
    ] = "3"
    sender: Annotated[str, Meta(description="Sender used where a message names none: a number, a code or a name.")] = ""
    callback_token: Annotated[
        Secret | None,
        Meta(
            description="A long random text that the callback URL has as `?token=`. With it, reports are asked for "
            "with every message; Infobip does not sign those."
        ),
    ] = None
    hmac_secret: Annotated[
        Secret | None,
        Meta(description="The secret key of a subscription's notification profile whose security is HMAC."),
    ] = None
    hmac_algorithm: Annotated[
        Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
        Meta(description="The algorithm of that profile."),
    ] = "sha256"
    hmac_header: Annotated[
        str, Meta(pattern="^[A-Za-z0-9-]+$", description="The header that the HMAC of the body comes in.")
    ] = "X-Hub-Signature"
    hmac_encoding: Annotated[Literal["hex", "base64"], Meta(description="How the HMAC is written.")] = "hex"
    webhook_user: Annotated[
        str, Meta(description="User of a notification profile whose security is Basic authentication.")
    ] = ""
    webhook_password: Annotated[Secret | None, Meta(description="Password of that profile.")] = None
    poll_seconds: Annotated[
        Annotated[float, Meta(ge=5)] | None,
        Meta(
            description="Ask Infobip for reports and inbound messages so often, where it cannot call the hub. It "
            "gives each of them once.",
        ),
    ] = None
    shorten_urls: Annotated[
        bool,
        Meta(
            description="Let Infobip shorten links where a message asks for link tracking, and tell who opens them; "
            "needs a callbackToken."
        ),
    ] = False
    entity_id: Annotated[str, Meta(description="The CPaaS X entity that messages belong to.")] = ""
    application_id: Annotated[str, Meta(description="The CPaaS X application that messages belong to.")] = ""

    def __post_init__(self) -> None:
        """Raise ValueError where nothing could prove who calls us, or nobody would be told of clicks."""
        check_token(self.callback_token)
        if bool(self.webhook_user) != bool(self.webhook_password):
            raise ValueError("a webhookUser and a webhookPassword go together")
        if not (self.callback_token or self.hmac_secret or self.webhook_user or self.poll_seconds):
            raise ValueError(
                "to prove callbacks, a callbackToken, an hmacSecret or a webhookUser is needed; or pollSeconds to do "
                "without them"
            )
        if self.shorten_urls and not self.callback_token:
            raise ValueError("to hear of clicks on shortened links, a callbackToken is needed")

    def at(self, path: str) -> str:
        """Give the URL of something of the API."""
        return f"{self.base_url.rstrip('/')}{path}"

    @property
    def authorization(self) -> str:
        """The header that proves who we are."""
        return f"App {self.api_key.reveal()}"


class Options(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client may ask of one SMS; what others than Infobip understand is passed over."""

    sender: str = field(default="", name="from")
    allow_unicode: bool = True
    unicode_conversion: bool = False
    """Whether the text is written with GSM-7 characters wherever that is possible."""
    flash: bool | None = None
    """Shown at once, and kept nowhere."""
    transliteration: str = ""
    """Infobip's own way of writing other alphabets in fewer parts, `CYRILLIC` or `ALL` say."""
    language_code: str = ""
    """The national alphabet that the text is written in, `TR` say."""
    campaign_reference_id: Annotated[str, Meta(max_length=255)] = ""
    entity_id: str = ""
    application_id: str = ""
    regional: dict[str, Any] | None = None
    """What operators of India, Turkey and Korea want to know."""
    delivery_time_window: dict[str, Any] | None = None
    """The days and hours that it may be delivered in."""
