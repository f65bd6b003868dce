"""What connectors look for in a message before anything is sent, where providers refuse the same."""

from collections.abc import Iterator

from tidings.model.content import Location
from tidings.model.errors import FieldError

Errors = Iterator[FieldError]


def longer(path: str, text: str, limit: int) -> Errors:
    """Name a text of more characters than the limit."""
    if len(text) > limit:
        yield FieldError(path, f"At most {limit} characters.", "TooLong")


def filled(path: str, text: str, limit: int) -> Errors:
    """Name a text that is missing, or of more characters than the limit."""
    if not text:
        yield FieldError(path, "This must not be empty.", "Missing")
    yield from longer(path, text, limit)


def again(path: str, value: str, seen: set[str]) -> Errors:
    """Name a value that another one has as well; `seen` are those before it."""
    if value in seen:
        yield FieldError(path, "Another one has the same.", "Invalid")
    seen.add(value)


def linked(path: str, url: str) -> Errors:
    """Name what is no link to the web."""
    if not url.startswith(("https://", "http://")):
        yield FieldError(path, "A link starts with https://.", "Invalid")


def placed(location: Location) -> Errors:
    """Name the degrees of a place that is not on Earth."""
    if not -90 <= location.latitude <= 90:
        yield FieldError("body.location.latitude", "From -90 to 90 degrees.", "Invalid")
    if not -180 <= location.longitude <= 180:
        yield FieldError("body.location.longitude", "From -180 to 180 degrees.", "Invalid")
