"""The fields of a callback: in the query of a GET, in a form, or in a JSON object, as the account is set.

One reading serves the proof and the meaning, so that nothing is read that was not proven.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.url_token import PARAMETER
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback, as_raw, encode_raw
from tidings.rules.forms import form_fields

FORM: Final = "application/x-www-form-urlencoded"


class Fields(Struct, frozen=True):
    """What a callback says, by name, and as it is kept."""

    values: Mapping[str, Any]
    raw: Raw

    def word(self, name: str) -> str:
        """Give a text or a whole number as text; empty where there is neither."""
        return word(self.values.get(name))


def word(value: Any) -> str:
    """Write a text or a whole number as text; empty where it is neither."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def is_json(callback: Callback) -> bool:
    """Whether a callback's fields are a JSON object."""
    return callback.method != "GET" and callback.content_type != FORM


def fields_of(callback: Callback) -> Fields:
    """Read a callback's fields; raises Unreadable where there are none."""
    if is_json(callback):
        try:
            values = msgspec.json.decode(callback.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable("the body is no JSON object") from error
        return Fields(values, as_raw(callback.body))
    pairs = pairs_of(callback)
    values = {_written(name): _written(value) for name, value in pairs.items()}
    return Fields(values, encode_raw(values))


def pairs_of(callback: Callback) -> dict[str, str]:
    """Read form fields, their octets that are no UTF-8 as surrogates; raises Unreadable."""
    body = callback.query.encode("utf-8", "surrogatepass") if callback.method == "GET" else callback.body
    try:
        given = form_fields(body)
    except ValueError as error:
        raise Unreadable("there are too many fields") from error
    pairs = {name: value for name, value in given if callback.method != "GET" or name != PARAMETER}
    if not pairs:
        raise Unreadable("there are no fields")
    return pairs


def _written(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
