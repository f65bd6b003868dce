"""Slugs: the last part of a short address.

Ten letters of 56 are 56¹⁰ ≈ 3.0 × 10¹⁷ slugs. With a thousand million links alive, one guess in 300 million finds one,
so at a thousand guesses a second it takes three and a half days to find somebody's; and a new slug is one that is there
already once in 300 million times, which the database refuses and the client's next try mends.
"""

from typing import Final

ALPHABET: Final = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""Digits and letters without those that look alike (0 O o, 1 l I); each of them is one septet of an sms."""
LETTERS: Final = 10
OCTETS: Final = 16
"""Of chance for one slug: so many more than it has that no letter is likelier than another by more than 2⁻⁶⁹."""


def slug_of(chance: bytes) -> str:
    """Write a slug from octets of chance."""
    number = int.from_bytes(chance, "big")
    letters = []
    for _ in range(LETTERS):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)
