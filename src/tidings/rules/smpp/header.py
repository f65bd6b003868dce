"""The user data header: which part of a longer text a message is, and which national tables it is written with.

Elements  3GPP TS 23.040 9.2.3.24
"""

from typing import Final

from msgspec import Struct

CONCATENATED: Final = 0x00
CONCATENATED_WIDE: Final = 0x08
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25


class Concatenation(Struct, frozen=True):
    """Which part of how many, and of which text."""

    reference: int
    total: int
    number: int


class Header(Struct, frozen=True):
    """What a user data header says, as far as we read it."""

    concatenation: Concatenation | None = None
    single_shift: int = 0
    """The language of the single shift table; 0: the usual one."""
    locking_shift: int = 0

    def octets(self, *, wide: bool = False) -> bytes:
        """Write it, with a reference of 16 bits where `wide`; empty where it says nothing."""
        elements = b""
        if (part := self.concatenation) is not None:
            width = 2 if wide else 1
            reference = part.reference.to_bytes(width, "big")
            element = CONCATENATED_WIDE if wide else CONCATENATED
            elements += bytes((element, width + 2)) + reference + bytes((part.total, part.number))
        for element, language in ((SINGLE_SHIFT, self.single_shift), (LOCKING_SHIFT, self.locking_shift)):
            if language:
                elements += bytes((element, 1, language))
        return bytes((len(elements),)) + elements if elements else b""


def split_header(octets: bytes) -> tuple[Header, bytes]:
    """Part a message from its header; what cannot be an element of it is left out."""
    if not octets:
        return Header(), b""
    end = 1 + octets[0]
    concatenation, shifts = None, {SINGLE_SHIFT: 0, LOCKING_SHIFT: 0}
    at = 1
    while at + 2 <= min(end, len(octets)):
        element, length = octets[at], octets[at + 1]
        value = octets[at + 2 : min(end, at + 2 + length)]
        at += 2 + length
        if (element, len(value)) in ((CONCATENATED, 3), (CONCATENATED_WIDE, 4)):
            concatenation = part_of(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
        elif element in shifts and len(value) == 1:
            shifts[element] = value[0]
    return Header(concatenation, shifts[SINGLE_SHIFT], shifts[LOCKING_SHIFT]), octets[end:]


def part_of(reference: int, total: int, number: int) -> Concatenation | None:
    """Say which part of how many; None of one alone, and where the numbers cannot be."""
    return Concatenation(reference, total, number) if total > 1 and 0 < number <= total else None
