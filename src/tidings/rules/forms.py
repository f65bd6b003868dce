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
    pairs = []
    for field in body.decode("utf-8", "surrogateescape").split("&"):
        name, _, value = field.partition("=")
        if "%" in field or "+" in field:
            name, value = _decoded(name), _decoded(value)
        if field:
            pairs.append((name, value))
    return tuple(pairs)


def _decoded(written: str) -> str:
    if "+" in written:
        written = written.replace("+", " ")
    if "%" not in written:
        return written
    return unquote_to_bytes(written.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
