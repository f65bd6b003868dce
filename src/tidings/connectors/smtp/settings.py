"""What an operator sets on an SMTP channel, and what a client may ask of one mail."""

from typing import Annotated

from msgspec import Meta

from tidings.connectors.connector import Settings
from tidings.connectors.mail.options import MailOptions
from tidings.model.secrets import Secret

_DOMAIN = r"^[A-Za-z0-9.-]{1,253}$"
_ADDRESS = r"^([^@\s+]{1,24}@[A-Za-z0-9.-]{1,253})?$"
"""Short enough before the @ for a tag behind a plus; the whole has 64 octets there."""


class SmtpSettings(Settings, frozen=True, kw_only=True):
    """A mail server that takes our mail (a relay), and the domain that mail comes back to."""

    base_url: Annotated[
        str,
        Meta(
            description="The mail server: smtp://host:587, or smtps://host:465 where TLS comes first.",
            pattern=r"^smtps?://[^/@\s]+/?$",
        ),
    ]
    starttls: Annotated[
        bool, Meta(description="Whether smtp:// turns to TLS before anything else is said; off only within a network.")
    ] = True
    authority: Annotated[
        str,
        Meta(description="The certificate (PEM) of whoever vouches for the server's; empty: the public authorities."),
    ] = ""
    hello: Annotated[
        str,
        Meta(description="The name we introduce ourselves with; empty: the domain.", pattern=r"^[A-Za-z0-9.:\[\]-]*$"),
    ] = ""
    user: Annotated[str, Meta(description="Whom the server knows us as; empty: it asks for no login.")] = ""
    password: Annotated[Secret | None, Meta(description="For AUTH PLAIN or LOGIN.")] = None
    access_token: Annotated[Secret | None, Meta(description="For AUTH XOAUTH2, instead of a password.")] = None
    token_url: Annotated[str, Meta(description="Where a new access token is had (OAuth 2.0); empty: nowhere.")] = ""
    client_id: Annotated[str, Meta(description="Our own id there.")] = ""
    client_secret: Annotated[Secret | None, Meta(description="Our own secret there, where we have one.")] = None
    refresh_token: Annotated[Secret | None, Meta(description="What a new access token is given for.")] = None
    token_ends: Annotated[int, Meta(description="When the access token ends, milliseconds; 0: nobody knows.")] = 0
    sender: Annotated[
        str, Meta(description='Who mail is from where a message does not say: "Shop <shop@example.com>".')
    ]
    domain: Annotated[
        str,
        Meta(
            description="The domain of return paths, Message-IDs and mails to unsubscribe; its mail must come to the "
            "hub's mail door.",
            pattern=_DOMAIN,
        ),
    ]
    return_path_key: Annotated[
        Secret, Meta(description="Any long random text: with it, what comes back is known to be about our own mail.")
    ]
    inbox: Annotated[
        str,
        Meta(description="The address that people answer to; its mail must come to the door too.", pattern=_ADDRESS),
    ] = ""
    complaints: Annotated[
        str,
        Meta(
            description="The address that feedback loops are registered with; its mail must come to the door.",
            pattern=_ADDRESS,
        ),
    ] = ""
    unsubscribe_key: Annotated[
        Secret | None,
        Meta(description="Any long random text: mail gets a one-click unsubscribe link sealed with it; unset: none."),
    ] = None
    unsubscribe_url: Annotated[
        str, Meta(description="What stands before the token of such a link; empty: the hub's public URL and /u.")
    ] = ""
    dkim_domain: Annotated[
        str, Meta(description="The domain mail is signed for; empty: the relay signs it.", pattern=r"^[A-Za-z0-9.-]*$")
    ] = ""
    dkim_selector: Annotated[
        str, Meta(description="What stands before ._domainkey in its DNS.", pattern=r"^[A-Za-z0-9._-]*$")
    ] = ""
    dkim_key: Annotated[Secret | None, Meta(description="The private key, PEM: RSA or Ed25519.")] = None
    delivery_reports: Annotated[
        bool,
        Meta(
            description="Whether servers are asked to say that mail was delivered. Few do, and a mail of which nothing "
            "is said then expires; off: sent is the last word, unless a server tells of a failure."
        ),
    ] = False
    largest_message: Annotated[int, Meta(description="The largest mail the relay takes, octets.", ge=65_536)] = (
        25 * 2**20
    )


class Options(MailOptions, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client may ask of one mail (`channelOptions.email`)."""

    read_receipt: bool = False
    """Whether the reader is asked to say that they have read it (RFC 8098)."""
    feedback_id: str = ""
    """`Feedback-ID`, which mailbox providers count complaints by; empty: the first tag and the workspace."""
