"""How this SMSC writes: ids, receipts, and what people send."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tidings.rules.encoding import is_gsm7
from tidings.rules.smpp.alphabets import coding_of, decode, encode_gsm7
from tidings.rules.smpp.header import Concatenation, Header, part_of, split_header
from tidings.rules.smpp.pdu import Address, Message, Pdu, write_data, write_message
from tidings.rules.smpp.receipts import STATES
from tidings.rules.smpp.words import RECEIPT, UDHI, Command, Tag

GARBLED: Final = b"\xff\x00stat delivered, or so they say"
NUMBERS: Final = {word: number for number, word in STATES.items()}


def number_written(number: int, base: str) -> str:
    """Write an id, `hex` or `decimal`."""
    return f"{number:X}" if base == "hex" else str(number)


def receipt(
    submitted: Message, message_id: str, state: str, *, error: str = "000", text: bool = True, tlvs: bool = True
) -> Message:
    """Write a receipt of what was submitted, in a text, in parameters, or both."""
    now = datetime.now(UTC).strftime("%y%m%d%H%M")
    words = submitted.content[:20].decode("latin-1")
    written = (
        f"id:{message_id} sub:001 dlvrd:{'001' if state == 'DELIVRD' else '000'} submit date:{now} done date:{now} "
        f"stat:{state} err:{error} text:{words}"
    )
    parameters: dict[int, bytes] = {
        Tag.RECEIPTED_ID: message_id.encode() + b"\0",
        Tag.STATE: bytes((NUMBERS.get(state, 7),)),
    }
    return Message(
        source=submitted.destination,
        destination=submitted.source,
        esm_class=RECEIPT,
        short_message=written.encode("latin-1") if text else b"",
        tlvs=parameters if tlvs else {},
    )


def delivery(message: Message, *, as_data: bool = False) -> Pdu:
    """Write a delivery, as `deliver_sm` or as `data_sm`."""
    if as_data:
        tlvs = {**message.tlvs, Tag.PAYLOAD: message.content}
        data = Message(
            source=message.source,
            destination=message.destination,
            esm_class=message.esm_class,
            data_coding=message.data_coding,
            tlvs=tlvs,
        )
        return Pdu(Command.DATA_SM, body=write_data(data))
    return Pdu(Command.DELIVER_SM, body=write_message(message))


def written_by(sender: str, text: str, to: str, more: Mapping[str, Any]) -> Sequence[Message]:
    """Write what a person sends: whole, as a `payload`, or in `parts` of so many characters, in the `order` given."""
    plain = is_gsm7(text) and not more.get("ucs2")
    source, destination = Address(sender.removeprefix("+"), 1, 1), Address(to.removeprefix("+"), 1, 1)

    def message(part: str, header: bytes = b"", tlvs: Mapping[int, bytes] | None = None) -> Message:
        octets = header + (encode_gsm7(part) if plain else part.encode("utf-16-be", "surrogatepass"))
        return Message(
            source=source,
            destination=destination,
            esm_class=UDHI if header else 0,
            data_coding=0 if plain else 8,
            short_message=b"" if more.get("payload") else octets,
            tlvs={Tag.PAYLOAD: octets} if more.get("payload") else tlvs or {},
        )

    length = int(more.get("parts") or 0) or (0 if len(text) <= (160 if plain else 70) else (153 if plain else 67))
    if not length or more.get("payload"):
        return [message(text)]
    parts = [text[at : at + length] for at in range(0, len(text), length)]
    reference = int(more.get("reference", 42))
    order = more.get("order") or range(1, len(parts) + 1)
    written = []
    for number in order:
        part = Concatenation(reference, len(parts), number)
        sar: dict[int, bytes] = {
            Tag.SAR_REFERENCE: reference.to_bytes(2, "big"),
            Tag.SAR_TOTAL: bytes((len(parts),)),
            Tag.SAR_NUMBER: bytes((number,)),
        }
        header = b"" if more.get("sar") else Header(part).octets()
        written.append(message(parts[number - 1], header, sar if more.get("sar") else None))
    return written


def understood(submitted: Message) -> tuple[str, Concatenation | None]:
    """Read what was submitted: its text, and which part of a longer one it is."""
    header, octets = Header(), submitted.content
    if submitted.esm_class & UDHI:
        header, octets = split_header(octets)
    coding = coding_of(submitted.data_coding)
    text = octets.hex() if coding.alphabet == "octets" else decode(octets, coding.alphabet, single=header.single_shift)
    sar = [submitted.tlvs.get(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER)]
    numbers = [int.from_bytes(each, "big") for each in sar if each]
    return text, header.concatenation or (part_of(*numbers) if len(numbers) == 3 else None)
