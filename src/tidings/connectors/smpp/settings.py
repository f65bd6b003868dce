"""What an operator sets on a channel that is a bind to an SMSC."""

import re
from datetime import timedelta, timezone, tzinfo
from functools import cache
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from tidings.connectors import connector
from tidings.model.secrets import Secret
from tidings.rules.smpp.pdu import MOST_IN_MESSAGE
from tidings.rules.smpp.terms import Terms, place_of

_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
_TAG: Final = re.compile("0x[0-9a-fA-F]{4}")
_Octet = Annotated[int, Meta(ge=0, le=255)]


class Settings(connector.Settings, frozen=True, kw_only=True):
    """An account at an SMSC, and how that SMSC wants to be spoken to."""

    base_url: Annotated[
        str,
        Meta(
            description="Where the SMSC is: smpp://host:2775, or smpps:// for TLS. Without TLS it must be in a network"
            " that the hub may go to (TIDINGS_ALLOW_NETWORKS)."
        ),
    ]
    system_id: Annotated[str, Meta(min_length=1, max_length=15, description="Who we are: the account's system id.")]
    password: Annotated[Secret, Meta(description="The account's password.")]
    system_type: Annotated[str, Meta(max_length=12, description="System type of the bind, if the SMSC wants one.")] = ""
    sender: Annotated[
        str, Meta(max_length=20, description="Sender used where a message names none: a number, short code or name.")
    ] = ""
    bind: Annotated[
        Literal["transceiver", "pair"],
        Meta(description="One bind for both directions, or one transmitter and one receiver."),
    ] = "transceiver"
    window: Annotated[int, Meta(ge=1, le=1000, description="Segments that may be under way at once.")] = 10
    per_second: Annotated[float, Meta(gt=0, le=10_000, description="Segments a second, as the contract allows.")] = 30.0
    enquire_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Idle seconds after which the SMSC is asked whether it is there.")
    ] = 30.0
    response_seconds: Annotated[float, Meta(gt=0, le=600, description="Seconds the SMSC has to answer a segment.")] = (
        60.0
    )
    reconnect_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Seconds before the first reconnect; doubled up to a minute.")
    ] = 1.0
    address_range: Annotated[str, Meta(max_length=40, description="Address range of the bind.")] = ""
    service_type: Annotated[str, Meta(max_length=5, description="Service type of every segment.")] = ""
    source_ton: Annotated[
        _Octet | None,
        Meta(description="Type of number of senders; else by what they are: 5 names, 3 short codes, 1 numbers."),
    ] = None
    source_npi: Annotated[_Octet | None, Meta(description="Numbering plan of senders; else 0 for names, 1.")] = None
    dest_ton: Annotated[_Octet, Meta(description="Type of number of recipients.")] = 1
    dest_npi: Annotated[_Octet, Meta(description="Numbering plan of recipients.")] = 1
    default_alphabet: Annotated[
        Literal["gsm7", "latin-1", "ascii"], Meta(description="What the SMSC means by data_coding 0.")
    ] = "gsm7"
    latin1: Annotated[
        bool, Meta(description="Send texts that only Latin-1 has all characters of as such (data_coding 3).")
    ] = False
    national_language: Annotated[
        Literal["", "turkish", "spanish", "portuguese"],
        Meta(description="Send texts of that language by its GSM single shift table, where the SMSC takes it."),
    ] = ""
    concatenation: Annotated[
        Literal["udh", "udh16", "sar", "payload"],
        Meta(
            description="How long texts are sent: in segments joined by a user data header with a reference of 8 or 16"
            " bits, or by sar_* parameters; or whole in message_payload."
        ),
    ] = "udh"
    most_segments: Annotated[int, Meta(ge=1, le=255, description="Segments that a text may take.")] = 10
    intermediate: Annotated[bool, Meta(description="Ask for intermediate notifications too.")] = False
    receipt_tz: Annotated[
        str, Meta(description="Time zone of the dates in receipts: a name such as Europe/Berlin, or +02:00.")
    ] = "UTC"
    acceptd_is_delivered: Annotated[
        bool, Meta(description="Whether ACCEPTD means that somebody has it; else only that the network has.")
    ] = False
    receipt_scope: Annotated[
        Literal["all", "any"],
        Meta(description="Whether the SMSC reports on all segments of a text, or on any one of them for the whole."),
    ] = "all"
    receipt_id_base: Annotated[
        Literal["auto", "same", "resp_hex_receipt_dec", "resp_dec_receipt_hex"],
        Meta(description="How receipts write the ids that responses gave; auto: it is learnt from the first receipts."),
    ] = "auto"
    parts_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="How long the parts of an inbound text wait for each other.")
    ] = 600.0
    tlvs: Annotated[
        dict[str, str],
        Meta(description="Optional parameters of every segment, by tag (0x1400), as text: DLT entity ids, say."),
    ] = {}

    def __post_init__(self) -> None:
        """Refuse what only looks right; raises ValueError."""
        place_of(self.base_url)
        zone_of(self.receipt_tz)
        read_tlvs(self.tlvs)

    @property
    def terms(self) -> Terms:
        """What the bind is made with."""
        return Terms(
            url=self.base_url,
            system_id=self.system_id,
            password=self.password,
            system_type=self.system_type,
            address_range=self.address_range,
            bind=self.bind,
            window=self.window,
            per_second=self.per_second,
            response_seconds=self.response_seconds,
            enquire_seconds=self.enquire_seconds,
            first_wait=self.reconnect_seconds,
            base=self.receipt_id_base,
        )


@cache
def zone_of(name: str) -> tzinfo:
    """Read a time zone, by its name or as an offset; raises ValueError."""
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"Nobody knows the time zone {name[:40]!r}") from error


def read_tlvs(tlvs: dict[str, str]) -> dict[int, bytes]:
    """Read optional parameters as they are written in settings and options; raises ValueError."""
    for tag, value in tlvs.items():
        if not _TAG.fullmatch(tag):
            raise ValueError(f"The tag of an optional parameter is written 0x1400, not {tag[:20]!r}")
        if not value.isascii() or len(value) > MOST_IN_MESSAGE:
            raise ValueError(f"The optional parameter {tag} is no ASCII text of at most {MOST_IN_MESSAGE} characters")
    return {int(tag, 16): value.encode() for tag, value in tlvs.items()}
