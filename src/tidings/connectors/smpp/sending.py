"""Handing a text to an SMSC, in as many segments as it needs, one after the other."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.connectors.smpp.settings import Settings, read_tlvs
from tidings.connectors.smpp.statuses import reason_of, verdict_on
from tidings.model.errors import FieldError, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Reason
from tidings.rules.encoding import GSM7, UCS2, Alphabet, is_gsm7, split_as, transliterate
from tidings.rules.smpp.alphabets import LANGUAGES, encode_gsm7, has_septets, septets
from tidings.rules.smpp.header import Concatenation, Header
from tidings.rules.smpp.ids import taken_as
from tidings.rules.smpp.pdu import MOST_IN_MESSAGE, Address, Malformed, Message, Pdu, read_id, read_pdu, write_message
from tidings.rules.smpp.words import BUSY, UDHI, Command, Status, Tag

URL: Final = "smpp:"
SUBMIT: Final = "SUBMIT"
AGAIN: Final = 5
"""How often a later segment is tried: when the first is taken, the text cannot be put off any more."""
LONGEST_NAME: Final = 11
LONGEST_PAYLOAD: Final = 60_000
"""Octets of a text that goes whole."""
VALIDITY: Final = (60, 48 * 3600 * 14)
"""Seconds: the shortest and longest time that an SMSC is given."""
LATIN1: Final = Alphabet("latin1", len, 140, 134)
RECEIPTS: Final = 0x01
INTERMEDIATE: Final = 0x10
FLASH: Final = 0x10
UCS2_CODING: Final = 0x08

_NUMBER: Final = re.compile(r"\+?[0-9]{1,20}")
_SHORT: Final = re.compile(r"[0-9]{3,8}")


class Options(Struct, rename="camel"):
    """What a client may ask of this platform."""

    sender: str = field(default="", name="from")
    allow_unicode: bool = True
    unicode_conversion: bool = False
    """Whether the text is written with GSM-7 characters wherever that is possible."""
    flash: bool = False
    """Whether it is shown at once and not kept."""
    priority: int = 0
    tlvs: dict[str, str] = {}


class Written(Struct, frozen=True):
    """A text cut into segments, and how each is written."""

    alphabet: Alphabet
    segments: tuple[str, ...]
    language: int = 0

    @property
    def coding(self) -> int:
        """The `data_coding` of it, as long as it is not to be flashed."""
        return {"gsm7": 0x00, "latin1": 0x03, "ucs2": UCS2_CODING}[self.alphabet.encoding]


def faults(outgoing: Outgoing, settings: Settings) -> Iterator[FieldError]:
    """Name what cannot be sent."""
    try:
        options = _options(outgoing)
        read_tlvs(options.tlvs)
    except ValueError as error:
        yield FieldError(f"options.{outgoing.platform}", str(error), "Invalid")
        return
    if not _NUMBER.fullmatch(outgoing.to):
        yield FieldError("to", "The recipient is no phone number.", "Invalid")
    sender = _sender(outgoing, options, settings)
    if not _NUMBER.fullmatch(sender) and (len(sender) > LONGEST_NAME or not is_gsm7(sender) or not sender.isascii()):
        yield FieldError("from", f"A sender's name has at most {LONGEST_NAME} plain characters.", "Invalid")
    if not 0 <= options.priority <= 3:
        yield FieldError(f"options.{outgoing.platform}.priority", "A priority is between 0 and 3.", "Invalid")
    text = _text(outgoing, options)
    if not options.allow_unicode and not is_gsm7(text):
        yield FieldError(
            "body",
            "The text has characters outside the GSM-7 alphabet, and Unicode is not allowed.",
            "UnicodeBodyRejected",
        )
    yield from _length_faults(text, settings)


def _length_faults(text: str, settings: Settings) -> Iterator[FieldError]:
    if settings.concatenation == "payload":
        if len(text.encode("utf-16-be", "surrogatepass")) > LONGEST_PAYLOAD:
            yield FieldError("body", "The text is too long for one message.", "TooLong")
        return
    count = len(write(text, settings).segments)
    if count > settings.most_segments:
        most = settings.most_segments
        yield FieldError("body", f"The text takes {count} segments; the channel sends {most}.", "TooLong")


def send(outgoing: Outgoing, settings: Settings) -> Exchange[Sent]:
    """Submit the segments of a text; raises SendFailed, SendDeferred, NoReply."""
    ids: list[str] = []
    written = write(_text(outgoing, _options(outgoing)), settings)
    for message in messages(outgoing, settings, written):
        call = Call(method=SUBMIT, url=URL, body=Pdu(Command.SUBMIT_SM, body=write_message(message)).octets())
        ids.append((yield from (_again(call, outgoing) if ids else _once(call, outgoing))))
    answer = encode_raw({"messageIds": ids, "segments": len(ids)})
    sender = _sender(outgoing, _options(outgoing), settings)
    pieces = tuple(Piece(taken_as(id_)) for id_ in ids)
    if settings.receipt_scope == "any" and len(pieces) > 1:
        pieces = (Piece(pieces[0].reference, also=tuple(piece.reference for piece in pieces[1:])),)
    return Sent(pieces=pieces, answer=answer, units=max(len(ids), len(written.segments)), sender=sender)


def _once(call: Call, outgoing: Outgoing) -> Exchange[str]:
    """Submit the first segment: what the SMSC does not take can be put off as a whole."""
    reply = yield call
    if reply.status == Status.OK:
        return _id(reply)
    verdict = verdict_on(reply.status, outgoing.tries)
    reason = reason_of(reply.status, verdict)
    if verdict.later:
        raise SendDeferred(reason, channel_wide=verdict.channel_wide)
    raise SendFailed(reason, encode_raw({"commandStatus": f"0x{reply.status:08X}"}))


def _again(call: Call, outgoing: Outgoing) -> Exchange[str]:
    """Submit a later segment, a few times if need be; nothing of the text can be taken back."""
    lost = NoReply("Only some of the segments were taken.", taken=True)
    for _ in range(AGAIN):
        try:
            reply = yield call
        except NoReply as silence:
            if silence.taken:
                raise
            continue
        if reply.status == Status.OK:
            return _id(reply)
        verdict = verdict_on(reply.status, outgoing.tries)
        if not verdict.later and reply.status not in BUSY:
            text = f"Only some of the segments were taken: {verdict.text}"
            raise SendFailed(
                Reason(verdict.cause, text, f"0x{reply.status:02X}"),
                encode_raw({"commandStatus": f"0x{reply.status:08X}"}),
            )
    raise lost


def _id(reply: Reply) -> str:
    """Read the id of what was taken; NoReply where there is none, for no receipt could be matched then."""
    try:
        message_id = read_id(read_pdu(reply.body).body)
    except Malformed:
        message_id = ""
    if not message_id:
        raise NoReply("The SMSC took a segment and gave it no id.", taken=True)
    return message_id


def write(text: str, settings: Settings) -> Written:
    """Choose the alphabet of a text, the same for all of it, and cut it."""
    wide = settings.concatenation == "udh16"
    language = LANGUAGES.get(settings.national_language, 0)
    if settings.default_alphabet == "gsm7":
        if is_gsm7(text):
            return _cut(text, replace(GSM7, each=152) if wide else GSM7)
        if language and has_septets(text, single=language):
            # The header costs three octets more, and is there in a text of one segment too.
            count = lambda part: septets(part, single=language)  # noqa: E731
            each = Alphabet("gsm7", count, 155, 148 if wide else 149)
            return _cut(text, each, language)
    elif is_gsm7(text) and _is_in(text, settings.default_alphabet):
        # The SMSC makes septets of it, so that it is they that count.
        return _cut(text, replace(GSM7, each=152) if wide else GSM7)
    if settings.latin1 and _is_in(text, "latin-1"):
        return _cut(text, replace(LATIN1, each=133) if wide else LATIN1)
    return _cut(text, replace(UCS2, each=66) if wide else UCS2)


def _cut(text: str, alphabet: Alphabet, language: int = 0) -> Written:
    return Written(alphabet, tuple(split_as(text, alphabet)), language)


def messages(outgoing: Outgoing, settings: Settings, written: Written) -> Iterator[Message]:
    """Write what is submitted, one message a segment, or one with all of the text."""
    options, concatenation = _options(outgoing), settings.concatenation
    sender = _sender(outgoing, options, settings)
    named = Header(single_shift=written.language)
    message = Message(
        service_type=settings.service_type,
        source=_source(sender, settings),
        destination=Address(outgoing.to.removeprefix("+"), settings.dest_ton, settings.dest_npi),
        priority=options.priority,
        validity=_validity(outgoing),
        registered_delivery=RECEIPTS | (INTERMEDIATE if settings.intermediate else 0),
        data_coding=_coding(written, flash=options.flash),
        tlvs={**read_tlvs(settings.tlvs), **read_tlvs(options.tlvs)},
    )
    total = len(written.segments)
    if total == 1 or concatenation == "payload":
        whole = _octets("".join(written.segments), written, settings)
        yield _filled(message, named.octets() + whole, has_header=bool(named.octets()))
        return
    reference = _reference(outgoing, 0xFFFF if concatenation != "udh" else 0xFF)
    for number, segment in enumerate(written.segments, 1):
        octets, part = _octets(segment, written, settings), Concatenation(reference, total, number)
        if concatenation == "sar":
            sar = {
                Tag.SAR_REFERENCE: reference.to_bytes(2, "big"),
                Tag.SAR_TOTAL: bytes((total,)),
                Tag.SAR_NUMBER: bytes((number,)),
            }
            plain = replace(message, tlvs={**message.tlvs, **sar})
            yield _filled(plain, named.octets() + octets, has_header=bool(named.octets()))
        else:
            header = replace(named, concatenation=part).octets(wide=concatenation == "udh16")
            yield _filled(message, header + octets, has_header=True)


def _filled(message: Message, octets: bytes, has_header: bool) -> Message:
    esm_class = UDHI if has_header else 0
    if len(octets) > MOST_IN_MESSAGE:
        return replace(message, esm_class=esm_class, tlvs={**message.tlvs, Tag.PAYLOAD: octets})
    return replace(message, esm_class=esm_class, short_message=octets)


def _octets(text: str, written: Written, settings: Settings) -> bytes:
    if written.alphabet.encoding == "gsm7" and settings.default_alphabet == "gsm7":
        return encode_gsm7(text, single=written.language)
    if written.alphabet.encoding == "ucs2":
        return text.encode("utf-16-be", "replace")
    return text.encode("latin-1", "replace")


def _coding(written: Written, *, flash: bool) -> int:
    if not flash:
        return written.coding
    return FLASH | (UCS2_CODING if written.alphabet.encoding == "ucs2" else 0)


def _source(sender: str, settings: Settings) -> Address:
    ton, npi = 5, 0
    if _NUMBER.fullmatch(sender):
        ton, npi = (3, 0) if _SHORT.fullmatch(sender) else (1, 1)
    if not sender:
        ton, npi = 0, 0
    ton = ton if settings.source_ton is None else settings.source_ton
    npi = npi if settings.source_npi is None else settings.source_npi
    return Address(sender.removeprefix("+"), ton, npi)


def _validity(outgoing: Outgoing) -> str:
    """Write until when the SMSC may try, as a time from now; empty where nobody said."""
    if outgoing.expires_at is None:
        return ""
    shortest, longest = VALIDITY
    seconds = min(longest, max(shortest, (outgoing.expires_at - outgoing.now) // 1000))
    days, rest = divmod(seconds, 86_400)
    return f"0000{days:02d}{rest // 3600:02d}{rest // 60 % 60:02d}{rest % 60:02d}000R"


def _reference(outgoing: Outgoing, most: int) -> int:
    """Number a text so that others to the same person hardly have the same; a text that is sent again keeps its own."""
    return int.from_bytes(sha256(outgoing.tag.encode()).digest()[:2], "big") & most


def _is_in(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _sender(outgoing: Outgoing, options: Options, settings: Settings) -> str:
    return options.sender or outgoing.sender or settings.sender


def _text(outgoing: Outgoing, options: Options) -> str:
    text = outgoing.content.text
    return transliterate(text) if options.unicode_conversion else text


def _options(outgoing: Outgoing) -> Options:
    """Read what the client asked of this platform; raises ValidationError, which is a ValueError."""
    known: dict[str, Any] = dict(outgoing.options)
    return msgspec.convert(known, Options)
