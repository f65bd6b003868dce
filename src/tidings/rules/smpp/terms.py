"""What a channel's bind is made with."""

from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from tidings.model.secrets import Secret

PORTS: Final = {"smpp": 2775, "smpps": 3550}
"""Where an SMSC listens if its URL does not say: plain, and by TLS."""


class Where(NamedTuple):
    """Where an SMSC is."""

    host: str
    port: int
    tls: bool


def place_of(url: str) -> Where:
    """Read `smpp://host:port`, or `smpps://` for TLS; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("An SMSC's URL begins with smpp:// or, for TLS, smpps://")
    if not parts.hostname or parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("An SMSC's URL is smpp://host:port and nothing more")
    return Where(parts.hostname, parts.port or PORTS[parts.scheme], parts.scheme == "smpps")


class Terms(Struct, frozen=True, kw_only=True):
    """Where an SMSC is, who we are there, and how much and how long; times in seconds."""

    url: str
    system_id: str
    password: Secret
    system_type: str = ""
    address_range: str = ""
    address_ton: int = 0
    address_npi: int = 0
    bind: Literal["transceiver", "pair"] = "transceiver"
    window: int = 10
    """Submissions that may be under way at once."""
    per_second: float = 30.0
    connect_seconds: float = 10.0
    bind_seconds: float = 30.0
    response_seconds: float = 60.0
    enquire_seconds: float = 30.0
    """Idle seconds after which the other side is asked whether it is there."""
    pdu_seconds: float = 20.0
    """How long the octets of one PDU may take."""
    first_wait: float = 1.0
    """Before the first reconnect; doubled up to a minute."""
    base: str = "auto"
    """How receipts write ids (`tidings.rules.smpp.ids.Base`); `auto`: it is learnt."""
