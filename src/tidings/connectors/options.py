"""What a client asks of one message on one platform only (`channelOptions`)."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from tidings.model.errors import FieldError

T = TypeVar("T")


def read_options(given: Mapping[str, Any], kind: type[T]) -> T:
    """Read a message's options; raises msgspec.ValidationError."""
    return msgspec.convert(dict(given), kind)


def misread(error: msgspec.ValidationError) -> FieldError:
    """Name the option that does not fit."""
    message, _, path = str(error).partition(" - at `$")
    return FieldError(f"options{path.rstrip('`')}", message, "Invalid")
