"""What an SMSC delivers: receipts, and what people write."""

from hashlib import sha256
from typing import Final

from tidings.connectors.smpp.settings import Settings, zone_of
from tidings.connectors.smpp.statuses import reason_for
from tidings.connectors.texting import ours, person, unsubscribed
from tidings.model.content import Content
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback, encode_raw
from tidings.model.reports import Fragment, Inbound, Receipt, Report, Target, Unknown
from tidings.model.stages import LOST, Stage
from tidings.rules.keywords import is_stop
from tidings.rules.smpp.alphabets import coding_of, decode
from tidings.rules.smpp.header import Concatenation, Header, part_of, split_header
from tidings.rules.smpp.ids import reported_as
from tidings.rules.smpp.pdu import Malformed, Message, Pdu, read_message, read_pdu
from tidings.rules.smpp.receipts import is_receipt, moment_of, read_receipt
from tidings.rules.smpp.words import UDHI, Command, Tag

STAGES: Final = {
    "SCHEDLD": Stage.ACCEPTED,
    "ENROUTE": Stage.SENT,
    "DELIVRD": Stage.DELIVERED,
    "EXPIRED": Stage.EXPIRED,
    "DELETED": Stage.FAILED,
    "UNDELIV": Stage.FAILED,
    "ACCEPTD": Stage.SENT,
    "UNKNOWN": Stage.SENT,
    "REJECTD": Stage.FAILED,
    "SKIPPED": Stage.FAILED,
}
"""UNKNOWN is no end: the message expires by itself if nothing else is heard."""

_HIGH: Final = range(0xD800, 0xDC00)
_LOW: Final = range(0xDC00, 0xE000)


def read(callback: Callback, settings: Settings, base: str) -> list[Report]:
    """Say what a delivery means; `base` is how receipts write ids. Raises Unreadable."""
    try:
        pdu = read_pdu(callback.body)
        if pdu.command not in (Command.DELIVER_SM, Command.DATA_SM):
            raise Malformed(f"The command 0x{pdu.command:08X} delivers nothing.")
        message = read_message(pdu)
    except Malformed as error:
        raise Unreadable(str(error)) from error
    if is_receipt(message):
        return [_receipt(message, settings, base, callback.received_at)]
    return _inbound(pdu, message, settings, callback.received_at)


def _receipt(message: Message, settings: Settings, base: str, now: int) -> Report:
    said = read_receipt(message)
    raw = encode_raw(
        {
            "id": said.message_id,
            "stat": said.state,
            "err": said.error,
            "doneDate": said.done,
            "from": message.source.text,
            "to": message.destination.text,
            "text": said.text,
        }
    )
    stage = STAGES.get(said.state)
    if not said.message_id:
        return Unknown(raw, "A receipt that names no message.")
    if stage is None:
        return Unknown(raw, f"A receipt of no state that we know: {said.state[:40]!r}.")
    if said.state == "ACCEPTD" and settings.acceptd_is_delivered:
        stage = Stage.DELIVERED
    reference = reported_as(said.message_id, base)
    return Receipt(
        target=Target(reference=reference),
        stage=stage,
        raw=raw,
        at=moment_of(said.done, zone_of(settings.receipt_tz), now),
        reason=reason_for(said.state, said.error) if stage in LOST else None,
        key=f"receipt:{_clean(reference)}:{said.state}:{said.done}",
    )


def _inbound(pdu: Pdu, message: Message, settings: Settings, now: int) -> list[Report]:
    header, content = Header(), message.content
    if message.esm_class & UDHI:
        header, content = split_header(content)
    coding = coding_of(message.data_coding, settings.default_alphabet)
    extra: dict[str, object] = {"dataCoding": message.data_coding}
    if coding.message_class is not None:
        extra["messageClass"] = coding.message_class
    text = ""
    if coding.alphabet == "octets":
        extra["octets"] = content.hex()
    else:
        text = decode(content, coding.alphabet, single=header.single_shift, locking=header.locking_shift)
    before, text, after = _halved(text)
    sender = person(_clean(message.source.text))
    part = header.concatenation or _sar(message)
    raw = encode_raw(
        {
            "from": message.source.text,
            "to": message.destination.text,
            "esmClass": message.esm_class,
            "dataCoding": message.data_coding,
            "message": message.content.hex(),
            "tlvs": {f"0x{tag:04X}": value.hex() for tag, value in message.tlvs.items() if tag != Tag.PAYLOAD},
        }
    )
    mark = _mark(pdu, now, is_part=part is not None)
    if not sender:
        return [Unknown(raw, "A text from nobody.")]
    inbound = Inbound(
        key=f"inbound:{mark}",
        sender=sender,
        raw=raw,
        to=ours(_clean(message.destination.text)),
        content=Content(text=text),
        at=now,
        extra=extra,
        fragment=None if part is None else _fragment(part, message, settings, before, after),
    )
    if part is None and is_stop(text):
        return [inbound, unsubscribed(mark, Target(), raw, sender)]
    return [inbound]


def _fragment(part: Concatenation, message: Message, settings: Settings, before: int, after: int) -> Fragment:
    group = (message.source.text, message.destination.text, str(part.reference), str(part.total))
    return Fragment(
        group=f"parts:{sha256(chr(0).join(group).encode()).hexdigest()[:32]}",
        number=part.number,
        total=part.total,
        patience=round(settings.parts_seconds * 1000),
        before=before,
        after=after,
    )


def _sar(message: Message) -> Concatenation | None:
    found = [message.tlvs.get(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER)]
    numbers = [int.from_bytes(each, "big") for each in found if each and len(each) <= 2]
    return part_of(*numbers) if len(numbers) == 3 else None


def _mark(pdu: Pdu, now: int, *, is_part: bool) -> str:
    """Make up an id, as SMPP has none. A part that comes again is known by what it is; a text may be meant twice."""
    octets = pdu.body if is_part else f"{now}:{pdu.sequence}:".encode() + pdu.body
    return sha256(octets).hexdigest()[:32]


def _halved(text: str) -> tuple[int, str, int]:
    """Part a text from halves of surrogate pairs at its ends; others, whose other half is nowhere, are replaced."""
    before = ord(text[0]) if text and ord(text[0]) in _LOW else 0
    text = text[1:] if before else text
    after = ord(text[-1]) if text and ord(text[-1]) in _HIGH else 0
    text = text[:-1] if after else text
    return before, text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), after


def _clean(address: str) -> str:
    """An address or an id without control characters, which nothing can be found by."""
    return "".join(filter(str.isprintable, address)).strip()
