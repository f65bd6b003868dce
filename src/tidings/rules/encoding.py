"""SMS text: which alphabet it needs, how many segments it makes, where it is cut (3GPP TS 23.038 and 23.040)."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The GSM 7-bit default alphabet without its escape: one septet each."""
EXTENSION = "\f^{}\\[~]|€"
"""The characters behind the escape: two septets each."""

_GSM7 = frozenset(BASIC + EXTENSION)


def _septets(text: str) -> int:
    return len(text) + sum(map(text.count, EXTENSION))


def _code_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Alphabet(Struct, frozen=True):
    """An alphabet, and how many of its units one message holds: alone, and as each of several."""

    encoding: Literal["gsm7", "ucs2", "latin1"]
    length: Callable[[str], int]
    alone: int
    each: int
    """Less by the six octets that join the messages again."""


GSM7 = Alphabet("gsm7", _septets, 160, 153)
UCS2 = Alphabet("ucs2", _code_units, 70, 67)


class Segments(Struct, frozen=True):
    """What a text comes to: its encoding, its length in units (septets, or 16 bits), and the messages it takes."""

    encoding: Literal["gsm7", "ucs2"]
    units: int
    segments: int


def is_gsm7(text: str) -> bool:
    """Whether a text can be written in the GSM 7-bit alphabet; one character that cannot makes all of it UCS-2."""
    return _GSM7.issuperset(text)


def count(text: str) -> Segments:
    """Count the segments a text makes; an empty text makes one."""
    alphabet = GSM7 if is_gsm7(text) else UCS2
    units = alphabet.length(text)
    encoding: Literal["gsm7", "ucs2"] = "gsm7" if alphabet is GSM7 else "ucs2"
    return Segments(encoding, units, 1 if units <= alphabet.alone else len(_cut(text, alphabet)))


def split(text: str) -> list[str]:
    """Cut a text into segments that join back to it.

    An escaped pair and a surrogate pair are never cut, a grapheme cluster only where it is longer than a segment.
    """
    return split_as(text, GSM7 if is_gsm7(text) else UCS2)


def split_as(text: str, alphabet: Alphabet) -> list[str]:
    """Cut a text likewise, as it will be written in an alphabet that has all of its characters."""
    return [text] if alphabet.length(text) <= alphabet.alone else _cut(text, alphabet)


def _cut(text: str, alphabet: Alphabet) -> list[str]:
    segments, start = [], 0
    while start < len(text):
        end = _boundary(text, start, start + _reach(text[start : start + alphabet.each], alphabet))
        segments.append(text[start:end])
        start = end
    return segments


def _reach(window: str, alphabet: Alphabet) -> int:
    """How many characters of a window one of several segments holds."""
    while (excess := alphabet.length(window) - alphabet.each) > 0:
        # No character is longer than two units, so at least half of the excess has to go.
        window = window[: -((excess + 1) // 2)]
    return len(window)


def _boundary(text: str, start: int, end: int) -> int:
    """The last place up to `end` where no cluster is cut; `end` itself where one cluster fills the whole segment."""
    at = end
    while start < at < len(text) and _joined(text, start, at):
        at -= 1
    return at if at > start else end


_JOINER = "\u200d"
_EXTENDING = re.compile("[\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\uff9e\uff9f\udc00-\udfff]")
"""What belongs to the character before and is no mark by category: joiners, skin tones, tags, a lone low surrogate."""
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
"""Regional indicators: two of them are a flag."""


def _joined(text: str, start: int, at: int) -> bool:
    """Whether the character at a place belongs to the one before it, after UAX 29, in a text cut at `start`.

    Hangul jamo, which keyboards compose, and CR LF, which no provider's count keeps together, are left out.
    """
    if text[at - 1] == _JOINER or _EXTENDING.match(text, at) or unicodedata.category(text[at]).startswith("M"):
        return True
    run = at
    while run >= start and _FLAG.match(text, run):
        run -= 1
    return (at - run) % 2 == 0 and run < at


_PLAIN = {
    **dict.fromkeys("‘’‚‛′`´ʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−•‣◦▪●∙·", "-"),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict(zip("łŁđĐðÐħĦŧŦı", "lLdDdDhHtTi", strict=True)),
    **dict(zip("\t\u2028\u2029⁄×÷", " \n\n/x/", strict=True)),
    "þ": "th",
    "Þ": "Th",
    "œ": "oe",
    "Œ": "OE",
    "ẞ": "SS",
    "©": "(c)",
    "®": "(R)",
}
"""Characters that Unicode does not take apart, or takes apart into something else than people mean."""


def transliterate(text: str) -> str:
    """Write a text with GSM 7-bit characters wherever its own have a plain likeness; the others stay as they are."""
    if is_gsm7(text):
        return text
    plain = ""
    for character in unicodedata.normalize("NFC", text):
        if not (unicodedata.combining(character) and plain and plain[-1] in _GSM7):
            plain += _likeness(character)
    return unicodedata.normalize("NFC", plain)


def _likeness(character: str) -> str:
    """The plain likeness of one character; itself where it has none."""
    if character in _GSM7 or character in _PLAIN:
        return _PLAIN.get(character, character)
    apart = (each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))
    plain = "".join(_PLAIN.get(each, each) for each in apart)
    return plain if plain and is_gsm7(plain) else character


def unicode_refusal(to: str, message_id: str) -> dict[str, Any]:
    """Say, in the published words, that a text is not GSM 7-bit where its sender wants nothing else."""
    return {
        "to": to.removeprefix("+"),
        "successful": False,
        "clientRef": message_id,
        "segmentCount": 0,
        "validationFailures": [
            {
                "property": "body",
                "failureCode": "UnicodeBodyRejected",
                "details": "body field is not valid. Unicode content is not allowed when PreventUnicode is true.",
            }
        ],
    }
