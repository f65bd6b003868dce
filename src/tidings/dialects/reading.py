"""Strict reading of a client's JSON: what does not fit is refused, naming the field."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from tidings.model.errors import FieldError, Refused

T = TypeVar("T")

DEEPEST: Final = 64
"""Levels of nesting a request may have."""

LONGEST_URL: Final = 2048
"""Characters."""

MOST_ERRORS: Final = 20
"""How many errors of one request are told."""

_NAMED: Final = (
    (re.compile(r"Object missing required field `(.*)`", re.DOTALL), "This field is required.", "required"),
    (re.compile(r"Object contains unknown field `(.*)`", re.DOTALL), "There is no such field here.", "unknown"),
)
"""Errors of msgspec that name a field below the place they are about."""


class Problems:
    """What is wrong with a request, gathered while it is read, so that all of it is told at once."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, path: str, message: str, code: str = "invalid") -> None:
        """Note one thing wrong."""
        self.errors.append(FieldError(path, message, code))


def read_json(body: bytes, type: type[T], *, status: int = 400) -> T:  # noqa: A002 - the word msgspec uses
    """Decode a request's body into a type.

    Raises Refused with `status`: not JSON, not UTF-8, over-deep, a NUL or lone surrogate in a text, not of the type.
    """
    try:
        tree = msgspec.json.decode(body)
    except RecursionError as error:
        raise _refused(
            "The body is nested too deeply.", FieldError("", _TOO_DEEP, "too-deep"), status=status
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused("The body is not JSON.", FieldError("", str(error), "json"), status=status) from error
    # A NUL comes in no other way than as this escape, and msgspec itself refuses lone surrogates; so most bodies need
    # no walk that names every place.
    if b"\\u0000" in body or _is_deep(tree):
        errors = check_tree(tree)
        if errors:
            raise _refused("The body holds what cannot be taken.", *errors, status=status)
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError as error:
        raise _refused("The request does not fit.", explain(error), status=status) from error


def check_tree(tree: Any) -> tuple[FieldError, ...]:
    """Name every text of a decoded JSON value that holds a NUL or lone surrogate, and every place too deep."""
    errors: list[FieldError] = []
    waiting: list[tuple[str, Any, int]] = [("", tree, 1)]
    while waiting and len(errors) < MOST_ERRORS:
        path, value, depth = waiting.pop()
        if isinstance(value, str):
            if not is_clean(value):
                errors.append(FieldError(path, _UNCLEAN, "text"))
        elif isinstance(value, dict | list):
            if depth > DEEPEST:
                errors.append(FieldError(path, _TOO_DEEP, "too-deep"))
                continue
            waiting.extend((below, each, depth + 1) for below, each in _below(path, value))
            if isinstance(value, dict) and not all(map(is_clean, value)):
                errors.append(FieldError(path, _UNCLEAN_NAME, "text"))
    return tuple(errors)


def is_clean(text: str) -> bool:
    """Whether a text holds neither a NUL nor a lone surrogate, which no database and no UTF-8 takes."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))


def is_web_address(text: str) -> bool:
    """Whether a text is an absolute http or https URL with a host, without credentials, spaces or a fragment."""
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and "#" not in text
        )
    except ValueError:
        return False


def explain(error: msgspec.ValidationError, *, under: str = "") -> FieldError:
    """Say which field msgspec means, in our form of path: `receiver.contacts[0].type`.

    `under` is the path of what was decoded, where that is part of a request.
    """
    message, _, place = str(error).rpartition(" - at `$")
    if not message:
        message, place = place, ""
    path = (under + place.removesuffix("`")).removeprefix(".")
    for pattern, text, code in _NAMED:
        if named := pattern.fullmatch(message):
            return FieldError(f"{path}.{named[1]}".removeprefix("."), text, code)
    return FieldError(path, f"{message}.", "type")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNCLEAN: Final = "Text may hold no NUL and no lone surrogate."
_UNCLEAN_NAME: Final = "A field's name may hold no NUL and no lone surrogate."
_TOO_DEEP: Final = f"At most {DEEPEST} levels may be nested."


def _is_deep(tree: Any) -> bool:
    level = [tree]
    for _ in range(DEEPEST):
        level = [
            each
            for value in level
            if isinstance(value, dict | list)
            for each in (value.values() if isinstance(value, dict) else value)
            if isinstance(each, dict | list)
        ]
        if not level:
            return False
    return True


def _below(path: str, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return ((f"{path}.{name}" if path else name, each) for name, each in value.items())
    return ((f"{path}[{index}]", each) for index, each in enumerate(value))


def _refused(detail: str, *errors: FieldError, status: int) -> Refused:
    return Refused(detail, status=status, errors=errors)
