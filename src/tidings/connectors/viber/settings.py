"""What an operator sets on a Viber channel, and what a client may ask of one message."""

from typing import Annotated

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

LONGEST_NAME = 28
"""Characters of a sender's name."""


class ViberSettings(Settings, frozen=True, kw_only=True):
    """A bot at Viber."""

    auth_token: Annotated[
        Secret, Meta(description="The bot's token, from its page Edit info; callbacks are signed with it, too.")
    ]
    sender_name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_NAME,
            description="The name that people see above a message, where the message names none.",
        ),
    ]
    sender_avatar: Annotated[str, Meta(description="The picture beside the name; https, at most 100 KB.")] = ""
    welcome_text: Annotated[
        str,
        Meta(
            max_length=7000,
            description="What is shown to people who open the chat for the first time; empty: nothing. It is no "
            "message of the log.",
        ),
    ] = ""
    silent_taps: Annotated[
        bool,
        Meta(
            description="Do not show in the chat what stands behind a tapped button; for clients of Viber from API "
            "version 6 on."
        ),
    ] = False
    token_in_body: Annotated[
        bool, Meta(description="Send the token in the request's body and not in a header, as older gateways want it.")
    ] = False
    base_url: Annotated[str, Meta(description="Where the bot API is.")] = "https://chatapi.viber.com/pa"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on Viber only."""

    avatar: str = ""
    """The picture beside the sender's name."""
    thumbnail: str = ""
    """A small picture shown for a picture or film."""
    duration: Annotated[int, Meta(ge=1, le=180)] | None = None
    """Seconds that a film takes."""
    min_api_version: Annotated[int, Meta(ge=1)] | None = None
    """The oldest version of the API whose clients get the message."""
