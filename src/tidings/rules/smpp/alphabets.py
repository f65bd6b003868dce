"""Texts as octets and back: GSM 7-bit, one septet to an octet, with the national tables; Latin-1; UCS-2.

Tables  3GPP TS 23.038 6.2.1 and annex A; languages of Turkish, Spanish and Portuguese (others are shown by the usual
tables)
Coding  SMPP Protocol Specification v3.4, 5.2.19, and 3GPP TS 23.038 chapter 4 for the message classes
"""

from typing import Final

from msgspec import Struct

from tidings.rules.encoding import BASIC, EXTENSION

ESCAPE: Final = 0x1B
_USUAL: Final = BASIC[:ESCAPE] + "\x1b" + BASIC[ESCAPE:]
"""By septet, with the escape in its place."""
_EXTENSION_CODES: Final = (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65)
_SHIFT: Final = dict(zip(_EXTENSION_CODES, EXTENSION, strict=True))

TURKISH: Final = 1
SPANISH: Final = 2
PORTUGUESE: Final = 3
LANGUAGES: Final = {"turkish": TURKISH, "spanish": SPANISH, "portuguese": PORTUGUESE}

_SINGLE: Final = {
    TURKISH: {**_SHIFT, 0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    SPANISH: {**_SHIFT, **dict(zip((0x09, 0x41, 0x49, 0x4F, 0x55, 0x61, 0x69, 0x6F, 0x75), "çÁÍÓÚáíóú", strict=True))},
    PORTUGUESE: {
        **_SHIFT,
        **dict(zip((0x05, 0x09, 0x0B, 0x0C, 0x0E, 0x0F), "êçÔôÁá", strict=True)),
        **dict(zip((0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1F), "ΦΓΩΠΨΣΘÊ", strict=True)),
        **dict(zip((0x41, 0x49, 0x4F, 0x55, 0x5B, 0x5C), "ÀÍÓÚÃÕ", strict=True)),
        **dict(zip((0x61, 0x69, 0x6F, 0x75, 0x7B, 0x7C, 0x7F), "Âíóúãõâ", strict=True)),
    },
}
"""What stands behind the escape, by language."""

_LOCKING: Final = {
    TURKISH: {0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç"},
    PORTUGUESE: {
        **dict(zip((0x04, 0x06, 0x07, 0x08, 0x09, 0x0B, 0x0C, 0x0E, 0x0F), "êúíóçÔôÁá", strict=True)),
        **dict(zip((0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19), "ªÇÀ∞^\\€Ó", strict=True)),
        **dict(zip((0x1A, 0x1C, 0x1D, 0x1E), "|ÂâÊ", strict=True)),
        **dict(zip((0x24, 0x40, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F), "ºÍÃÕÚÜ§", strict=True)),
        **dict(zip((0x60, 0x7B, 0x7C, 0x7D, 0x7E, 0x7F), "~ãõ`üà", strict=True)),
    },
}
"""Where the table of a language differs from the usual one."""


class Coding(Struct, frozen=True):
    """What `data_coding` says."""

    alphabet: str
    """`gsm7`, `octets`, or a codec of Python's."""
    message_class: int | None = None
    """0: shown at once and not kept (flash)."""


_PLAIN: Final = {
    0x01: "ascii",
    0x02: "octets",
    0x03: "latin-1",
    0x04: "octets",
    0x05: "shift_jis",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x08: "utf-16-be",
    0x0E: "euc_kr",
}
_BY_CLASS: Final = ("gsm7", "octets", "utf-16-be", "gsm7")
"""By bits 2 and 3 of a coding of the general group that names a class."""


def coding_of(data_coding: int, default: str = "gsm7") -> Coding:
    """Read a `data_coding`; `default` is what the SMSC means by 0."""
    if data_coding == 0:
        return Coding(default)
    if data_coding in _PLAIN:
        return Coding(_PLAIN[data_coding])
    group = data_coding >> 4
    if group == 0x1:
        return Coding(_BY_CLASS[data_coding >> 2 & 3], data_coding & 3)
    if group == 0xF:
        return Coding("octets" if data_coding & 4 else "gsm7", data_coding & 3)
    return Coding("utf-16-be" if group == 0xE else default)


def decode(octets: bytes, alphabet: str, *, single: int = 0, locking: int = 0) -> str:
    """Read a text; what is none of the alphabet is shown as U+FFFD. Halves of a surrogate pair stay halves."""
    if alphabet == "gsm7":
        return _from_septets(octets, single, locking)
    if alphabet == "utf-16-be":
        whole = octets[: len(octets) & ~1]
        return whole.decode("utf-16-be", "surrogatepass")
    return octets.decode(alphabet, "replace")


def encode_gsm7(text: str, *, single: int = 0) -> bytes:
    """Write a text one septet to an octet, with the single shift table of a language; raises ValueError."""
    codes = _CODES[single]
    try:
        return b"".join([codes[character] for character in text])
    except KeyError as error:
        raise ValueError(f"No GSM 7-bit character: {error.args[0]!r}") from None


def has_septets(text: str, *, single: int = 0) -> bool:
    """Whether a text can be written so."""
    return _CODES[single].keys() >= set(text)


def septets(text: str, *, single: int = 0) -> int:
    """How many septets a text that can be written so has."""
    codes = _CODES[single]
    return sum([len(codes[character]) for character in text])


def _from_septets(octets: bytes, single: int, locking: int) -> str:
    changed, shifted = _LOCKING.get(locking, {}), _SINGLE.get(single, _SHIFT)
    text: list[str] = []
    escaped = False
    for octet in octets:
        code = octet & 0x7F
        plain = changed.get(code) or _USUAL[code]
        if escaped:
            # What the table behind the escape lacks is shown as what it would be without.
            text.append(shifted.get(code, " " if code == ESCAPE else plain))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            text.append(plain)
    return "".join(text)


def _codes(single: int) -> dict[str, bytes]:
    table = {character: bytes((ESCAPE, code)) for code, character in _SINGLE.get(single, _SHIFT).items()}
    usual = {character: bytes((code,)) for code, character in enumerate(_USUAL) if code != ESCAPE}
    return {**table, **usual}


_CODES: Final = {single: _codes(single) for single in (0, *_SINGLE)}
