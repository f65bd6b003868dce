"""The octets of SMPP 3.4: PDUs, and the bodies of those that we write and read.

Everything is big-endian; a text ends with a NUL and is read as Latin-1, so that no octet is lost. What is too short for
what it says raises Malformed; optional parameters that are cut off are left out, because some peers pad their PDUs.

Layouts  SMPP Protocol Specification v3.4, chapter 4
"""

import struct
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tidings.rules.smpp.words import Command, Tag

HEADER: Final = 16
"""Octets of a PDU's header: length, command, status, sequence number."""
LARGEST: Final = 65_536
"""Octets of a PDU that is read; more is taken for a stream that is out of step."""
LAST_SEQUENCE: Final = 0x7FFF_FFFF
MOST_IN_MESSAGE: Final = 254
"""Octets of `short_message`; more needs `message_payload`."""

_HEAD: Final = struct.Struct(">IIII")
_TLV: Final = struct.Struct(">HH")


class Malformed(ValueError):
    """Octets that are not what they say they are."""


class Pdu(Struct, frozen=True):
    """One PDU: its header without the length, and what follows."""

    command: int
    status: int = 0
    sequence: int = 0
    body: bytes = b""

    def octets(self) -> bytes:
        """Write it."""
        return _HEAD.pack(HEADER + len(self.body), self.command, self.status, self.sequence) + self.body


class Address(Struct, frozen=True):
    """An address, with its type of number and numbering plan."""

    text: str = ""
    ton: int = 0
    npi: int = 0


class Message(Struct, frozen=True, kw_only=True):
    """The body of `submit_sm` and `deliver_sm`; `data_sm` has fewer of its fields."""

    service_type: str = ""
    source: Address = Address()
    destination: Address = Address()
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered_delivery: int = 0
    replace: int = 0
    data_coding: int = 0
    default_message: int = 0
    short_message: bytes = b""
    tlvs: Mapping[int, bytes] = {}

    @property
    def content(self) -> bytes:
        """What it says: `short_message`, or `message_payload` where that is empty."""
        return self.short_message or self.tlvs.get(Tag.PAYLOAD, b"")


class Login(Struct, frozen=True, kw_only=True):
    """The body of a bind."""

    system_id: str
    password: str
    system_type: str = ""
    version: int = 0x34
    ton: int = 0
    npi: int = 0
    address_range: str = ""

    def __repr__(self) -> str:
        return f"Login({self.system_id!r})"


def read_pdu(octets: bytes) -> Pdu:
    """Read one PDU, whole; raises Malformed."""
    if len(octets) < HEADER:
        raise Malformed("A PDU has at least 16 octets.")
    length, command, status, sequence = _HEAD.unpack_from(octets)
    if length != len(octets):
        raise Malformed(f"The PDU says {length} octets and has {len(octets)}.")
    return Pdu(command, status, sequence, octets[HEADER:])


def read_length(octets: bytes | bytearray) -> int:
    """Read how long the PDU is that begins here; raises Malformed where it cannot be so long."""
    length = int.from_bytes(octets[:4], "big")
    if not HEADER <= length <= LARGEST:
        raise Malformed(f"A PDU of {length} octets.")
    return length


def write_message(message: Message) -> bytes:
    """Write the body of a `submit_sm` or a `deliver_sm`."""
    return b"".join(
        (
            _text(message.service_type),
            _address(message.source),
            _address(message.destination),
            bytes((message.esm_class, message.protocol_id, message.priority)),
            _text(message.schedule),
            _text(message.validity),
            bytes((message.registered_delivery, message.replace, message.data_coding, message.default_message)),
            bytes((len(message.short_message),)),
            message.short_message,
            write_tlvs(message.tlvs),
        )
    )


def write_data(message: Message) -> bytes:
    """Write the body of a `data_sm`, whose content is always a payload."""
    return b"".join(
        (
            _text(message.service_type),
            _address(message.source),
            _address(message.destination),
            bytes((message.esm_class, message.registered_delivery, message.data_coding)),
            write_tlvs(message.tlvs),
        )
    )


def read_message(pdu: Pdu) -> Message:
    """Read the body of a `submit_sm`, `deliver_sm` or `data_sm`; raises Malformed."""
    octets = _Octets(pdu.body)
    service_type, source, destination = octets.text(), octets.address(), octets.address()
    esm_class = octets.number()
    if pdu.command == Command.DATA_SM:
        registered, coding = octets.number(), octets.number()
        return Message(
            service_type=service_type,
            source=source,
            destination=destination,
            esm_class=esm_class,
            registered_delivery=registered,
            data_coding=coding,
            tlvs=octets.tlvs(),
        )
    return Message(
        service_type=service_type,
        source=source,
        destination=destination,
        esm_class=esm_class,
        protocol_id=octets.number(),
        priority=octets.number(),
        schedule=octets.text(),
        validity=octets.text(),
        registered_delivery=octets.number(),
        replace=octets.number(),
        data_coding=octets.number(),
        default_message=octets.number(),
        short_message=octets.take(octets.number()),
        tlvs=octets.tlvs(),
    )


def write_login(login: Login) -> bytes:
    """Write the body of a bind."""
    numbers = bytes((login.version, login.ton, login.npi))
    texts = _text(login.system_id) + _text(login.password) + _text(login.system_type)
    return texts + numbers + _text(login.address_range)


def read_login(body: bytes) -> Login:
    """Read the body of a bind; raises Malformed."""
    octets = _Octets(body)
    return Login(
        system_id=octets.text(),
        password=octets.text(),
        system_type=octets.text(),
        version=octets.number(),
        ton=octets.number(),
        npi=octets.number(),
        address_range=octets.text(),
    )


def write_id(message_id: str) -> bytes:
    """Write the body of a response that gives a message's id."""
    return _text(message_id)


def read_id(body: bytes) -> str:
    """Read the id that a response gives; empty where it gives none. Some peers leave its NUL out."""
    return body.partition(b"\0")[0].decode("latin-1")


def write_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Write optional parameters."""
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items())


class _Octets:
    """Octets that are read one field after the other."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def text(self) -> str:
        end = self._octets.find(b"\0", self._at)
        if end < 0:
            raise Malformed("A text does not end.")
        start, self._at = self._at, end + 1
        return self._octets[start:end].decode("latin-1")

    def number(self) -> int:
        return self.take(1)[0]

    def address(self) -> Address:
        ton, npi = self.number(), self.number()
        return Address(self.text(), ton, npi)

    def take(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._octets):
            raise Malformed("It is cut off.")
        return self._octets[start : self._at]

    def tlvs(self) -> dict[int, bytes]:
        """Read what is left as optional parameters, the first of each."""
        found: dict[int, bytes] = {}
        while self._at + _TLV.size <= len(self._octets):
            tag, length = _TLV.unpack_from(self._octets, self._at)
            value = self._octets[self._at + _TLV.size : self._at + _TLV.size + length]
            if len(value) < length:
                break
            found.setdefault(tag, value)
            self._at += _TLV.size + length
        return found


def _text(text: str) -> bytes:
    return text.encode("latin-1", "replace") + b"\0"


def _address(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + _text(address.text)
