"""What an operator sets on an Apple Messages channel, and what a client may ask of one message."""

import base64
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tidings.connectors.connector import Settings
from tidings.model.secrets import Secret

SHORTEST_KEY = 16
"""Octets of the secret; a shorter one could be guessed."""
IN_A_HEADER = "^[ -~]*$"
"""Printable ASCII: what stands in a header, and breaks out of none."""


class AppleSettings(Settings, frozen=True, kw_only=True):
    """A business on Apple Messages, by way of a messaging service provider (MSP) that Apple has approved."""

    msp_id: Annotated[
        str, Meta(min_length=1, pattern=IN_A_HEADER, description="The MSP's id, from Apple's register, under MSP.")
    ]
    secret: Annotated[
        Secret, Meta(description="The MSP's secret as Apple shows it, in base64; tokens are signed with it.")
    ]
    business_id: Annotated[
        str,
        Meta(
            min_length=1, max_length=255, pattern=IN_A_HEADER, description="The business's id, which people write to."
        ),
    ]
    auto_reply: Annotated[
        bool,
        Meta(description="Say of messages that a program sends them, unless their option autoReply says otherwise."),
    ] = False
    agent: Annotated[
        str, Meta(max_length=64, pattern=IN_A_HEADER, description="A name of the sending system for Apple's logs.")
    ] = ""
    read_tapbacks: Annotated[
        bool,
        Meta(description="Read English texts such as Liked “Hello”, by which reactions come, as reactions."),
    ] = True
    resend: Annotated[
        bool,
        Meta(description="Send again, with the same id, what Apple did not answer: it is said to take an id once."),
    ] = True
    base_url: Annotated[str, Meta(description="Where Apple's gateway is.")] = "https://mspgw.push.apple.com"

    def __post_init__(self) -> None:
        """Raise ValueError where the secret is none."""
        try:
            key = base64.b64decode(self.secret.reveal(), validate=True)
        except ValueError:
            raise ValueError("secret is written in base64") from None
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"secret has at least {SHORTEST_KEY} octets")

    @property
    def key(self) -> bytes:
        """The secret itself."""
        return base64.b64decode(self.secret.reveal())


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a client may ask of one message on Apple Messages only."""

    auto_reply: bool | None = None
    """Whether a program sends it; None: as the channel says."""
    locale: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,20}$")] = ""
    typing: bool = False
    """Show before that an answer is being typed."""
    multiple_selection: bool = False
    """Let several rows of a list be picked."""
    style: Literal["icon", "small", "large"] = "icon"
    """How large the bubble of a list is, and the picture in it."""
    reply_title: str = ""
    """What stands above the person's answer to a list; empty: the list's title."""
