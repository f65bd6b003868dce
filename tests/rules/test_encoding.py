import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.encoding import BASIC, EXTENSION, Segments, count, is_gsm7, split, transliterate, unicode_refusal

FAMILY = "👨‍👩‍👧‍👦"
"""Seven code points, eleven units."""


def test_the_alphabet_has_its_characters_once() -> None:
    # 128 places less the escape; ten characters behind it (TS 23.038 section 6.2.1).
    assert (len(BASIC), len(EXTENSION), len(set(BASIC + EXTENSION))) == (127, 10, 137)
    assert [BASIC[at] for at in (0x00, 0x09, 0x10, 0x1A, 0x1B, 0x3F, 0x40, 0x5E, 0x5F, 0x7E)] == list("@ÇΔΞÆ¡A§¿à")


@pytest.mark.parametrize(
    ("text", "gsm7"),
    [
        ("", True),
        (BASIC + EXTENSION, True),
        *((character, False) for character in "`ç\táíóúâêôãõ’‘“”–—…\u00a0\x1bЖ😀\ud800\x00"),
    ],
)
def test_one_character_decides_the_alphabet(text: str, gsm7: bool) -> None:
    assert (is_gsm7(text), is_gsm7(f"plain {text}")) == (gsm7, gsm7)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Segments("gsm7", 0, 1)),
        ("a" * 160, Segments("gsm7", 160, 1)),
        ("a" * 161, Segments("gsm7", 161, 2)),
        ("a" * 306, Segments("gsm7", 306, 2)),
        ("a" * 307, Segments("gsm7", 307, 3)),
        ("a" * 158 + "€", Segments("gsm7", 160, 1)),
        ("a" * 159 + "€", Segments("gsm7", 161, 2)),
        ("a" * 152 + "€" + "a" * 151, Segments("gsm7", 305, 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("gsm7", 306, 3)),
        ("Ж" * 70, Segments("ucs2", 70, 1)),
        ("Ж" * 71, Segments("ucs2", 71, 2)),
        ("Ж" * 134, Segments("ucs2", 134, 2)),
        ("Ж" * 135, Segments("ucs2", 135, 3)),
        ("😀" * 35, Segments("ucs2", 70, 1)),
        ("😀" * 36, Segments("ucs2", 72, 2)),
        ("😀" * 67, Segments("ucs2", 134, 3)),
        ("Ж" * 66 + "😀" + "Ж" * 66, Segments("ucs2", 134, 3)),
        ("It’s ready", Segments("ucs2", 10, 1)),
        ("`", Segments("ucs2", 1, 1)),
        ("ç", Segments("ucs2", 1, 1)),
        ("\t", Segments("ucs2", 1, 1)),
        ("Ç", Segments("gsm7", 1, 1)),
        (FAMILY, Segments("ucs2", 11, 1)),
    ],
)
def test_a_text_makes_so_many_segments(text: str, counted: Segments) -> None:
    assert count(text) == counted


@pytest.mark.parametrize(
    "segments",
    [
        ["short"],
        ["a" * 153, "a" * 153, "a"],
        ["a" * 152, "€" + "a" * 151, "a"],
        ["€" * 76, "€" * 5],
        ["\r" * 153, "\n" * 8],
        ["Ж" * 67, "Ж" * 4],
        ["Ж" * 66, "😀" + "Ж" * 65, "Ж"],
        ["😀" * 33, "😀" * 33, "😀"],
        ["Ж" * 60, FAMILY + "Ж"],
        ["Ж" * 66, "e\u0301\u0323" + "Ж" * 5],
        ["Ж" * 66, "कि" + "Ж" * 5],
        ["Ж" * 64, "👍🏽" + "Ж" * 5],
        ["Ж" * 66, "❤\ufe0f" + "Ж" * 5],
        ["Ж" * 64, "🇬🇧" + "Ж" * 5],
        ["Ж" + "🇬🇧" * 16, "🇫🇷" * 2],
        ["🇬🇧" * 16, "🇫🇷" * 16, "🇪🇸"],
        ["Ж" * 65 + "🇬", "Ж" * 5],
        ["Ж" * 62, "🏴\U000e0067\U000e0062\U000e007f" + "Ж"],
        ["Ж" * 66, "\ud83d\ude00" + "Ж" * 5],
        ["e" + "\u0301" * 66, "\u0301" * 9],
        ["Ж" * 67, "e" + "\u0301" * 66, "\u0301" * 9],
        ["Ж" + "\u200d😀" * 22, "\u200d😀" * 3],
        ["\u0301" * 67, "\u0301" * 9],
    ],
)
def test_a_text_is_cut_here(segments: list[str]) -> None:
    assert split("".join(segments)) == segments


MIXED = st.text(st.sampled_from("a€Ж😀\u200d\u0301🇬🇧👍🏽\r\n\ud83d\ude00"), max_size=400)
GSM7 = st.text(st.sampled_from(BASIC + EXTENSION), max_size=700)


@given(st.text() | MIXED | GSM7)
def test_segments_join_back_and_are_as_many_as_counted(text: str) -> None:
    segments, counted = split(text), count(text)
    assert "".join(segments) == text
    assert len(segments) == counted.segments
    room = {"gsm7": (160, 153), "ucs2": (70, 67)}[counted.encoding][len(segments) > 1]
    longest = max(_units(segment, counted.encoding) for segment in segments)
    assert longest <= room
    assert sum(_units(segment, counted.encoding) for segment in segments) == counted.units


def _units(text: str, encoding: str) -> int:
    if encoding == "gsm7":
        return sum(2 if character in EXTENSION else 1 for character in text)
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


@given(st.text(st.sampled_from(BASIC + EXTENSION), min_size=161, max_size=700))
def test_a_segment_is_as_full_as_it_goes(text: str) -> None:
    segments = split(text)
    assert all(_units(segment + following[0], "gsm7") > 153 for segment, following in pairwise(segments))


def test_a_huge_text_takes_no_long_time() -> None:
    assert count("🇬" * 100_001) == Segments("ucs2", 200_002, 3125)
    assert count("é€ж" * 100_000).units == 300_000


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("‘It’s’ ‚so‛ `now´", "'It's' 'so' 'now'"),
        ("“Yes” „no‟ «oui» ‹si›", '"Yes" "no" "oui" \'si\''),
        ("1–2 — a‐b • c · d", "1-2 - a-b - c - d"),
        ("wait…", "wait..."),
        ("a\u00a0b\u2009c\td\u3000e", "a b c d e"),
        ("ﬁne eﬀort ĳ", "fine effort ij"),
        ("façade Ça àéèùìò", "facade Ça àéèùìò"),
        ("áíóúâêôãõ ÀÈÊŠž", "aiouaeoao AEESz"),
        ("cafe\u0301 x\u030c a\u0302\u0323", "café x a"),
        ("Łódź Đà ıŧħ Þór œuf ŒUVRE ẞ", "Lodz Dà ith Thor oeuf OEUVRE SS"),
        ("so\u200bft hy\u00adphen\ufeff", "soft hyphen"),
        ("½ ™ n² 5×4 © ® № ＡＢ", "1/2 TM n2 5x4 (c) (R) No AB"),
        ("Å Ω", "Å Ω"),
        ("one\u2028two", "one\ntwo"),
        ("café [€5]", "café [€5]"),
        ("Жук “да”", 'Жук "да"'),
        ("हिन्दी и\u0306", "हिन्दी й"),
        ("한국어 …", "한국어 ..."),
        ("❤\ufe0f 👍🏽", "❤\ufe0f 👍🏽"),
        ("\u0301a", "\u0301a"),
        ("\ud800…", "\ud800..."),
        ("", ""),
    ],
)
def test_a_text_is_written_plainly_where_it_can_be(text: str, plain: str) -> None:
    assert transliterate(text) == plain
    assert transliterate(plain) == plain


@given(st.text(st.characters(max_codepoint=0x3000)))
def test_writing_plainly_twice_is_writing_it_once(text: str) -> None:
    plain = transliterate(text)
    assert transliterate(plain) == plain
    assert is_gsm7(plain) or not is_gsm7(text)
    assert len(unicodedata.normalize("NFC", plain)) == len(plain) or is_gsm7(plain)


def test_the_published_refusal_of_unicode() -> None:
    expected = {
        "to": "44123123123",
        "successful": False,
        "clientRef": "17377be2-4e2e-4d4d-81c4-760f8bd81c05",
        "segmentCount": 0,
        "validationFailures": [
            {
                "property": "body",
                "failureCode": "UnicodeBodyRejected",
                "details": "body field is not valid. Unicode content is not allowed when PreventUnicode is true.",
            }
        ],
    }
    assert unicode_refusal("+44123123123", "17377be2-4e2e-4d4d-81c4-760f8bd81c05") == expected
    assert unicode_refusal("44123123123", "17377be2-4e2e-4d4d-81c4-760f8bd81c05") == expected
