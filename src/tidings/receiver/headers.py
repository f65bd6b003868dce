"""Headers as servers and frameworks hand them over, in one form."""

from collections.abc import Iterable
from typing import Any, Final, Protocol

from tidings.model.errors import BadSignature

STANDARD: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
COMAPI: Final = "x-comapi-signature"
MESSAGEBIRD: Final = ("messagebird-signature", "messagebird-request-timestamp")

_WANTED: Final = frozenset({*STANDARD, COMAPI, *MESSAGEBIRD})
_IN_ENVIRON: Final = {f"http_{name}".replace("-", "_"): name for name in _WANTED}
"""As a WSGI environment has them (PEP 3333): `HTTP_WEBHOOK_ID`."""


class HasItems(Protocol):
    """A mapping, or what looks like one from here: headers of most frameworks, a WSGI environment."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Names and values."""


Headers = HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""Headers in any form: a mapping in whatever case, pairs of text or of bytes (ASGI), or a WSGI environment."""


def read_headers(headers: Headers) -> dict[str, str]:
    """Pick the headers that signatures are made of, by their names in lower case.

    Raises BadSignature where one of them is there twice, and not the same.
    """
    pairs = headers.items() if hasattr(headers, "items") else headers
    picked: dict[str, str] = {}
    for name, value in pairs:
        known = _known(name)
        if known is None:
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if picked.setdefault(known, text) != text:
            raise BadSignature(f"the header {known} is there twice")
    return picked


def _known(name: object) -> str | None:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    if not isinstance(text, str):
        return None
    text = text.lower()
    return text if text in _WANTED else _IN_ENVIRON.get(text)
