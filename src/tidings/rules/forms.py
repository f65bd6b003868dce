"""Form fields (application/x-www-form-urlencoded), read fast: callbacks made of them are many."""

from functools import lru_cache
from urllib.parse import unquote_to_bytes

MOST_FIELDS = 1000


# Proving a callback and reading it come right after each other and need the same fields.
@lru_cache(maxsize=2)
def form_fields(body: bytes, most: int = MOST_FIELDS) -> tuple[tuple[str, str], ...]:
    """Read form fields in order; octets that are no UTF-8 are kept as surrogates. Raises ValueError beyond `most`."""
    if body.count(b"&") >= most:
        raise ValueError(f"more than {most} fields")
    pairs = (field.partition(b"=") for field in body.split(b"&") if field)
    return tuple((_text(name), _text(value)) for name, _, value in pairs)


def _text(written: bytes) -> str:
    if b"+" in written:
        written = written.replace(b"+", b" ")
    if b"%" in written:
        written = unquote_to_bytes(written)
    return written.decode("utf-8", "surrogateescape")
