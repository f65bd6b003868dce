"""Reading the parameters of a call, which may come as JSON, as a form, or as a form with files."""

import json
from typing import Any

from aiohttp import web
from msgspec import Struct

from tidings.simulators.telegram.answers import Wrong

_STRUCTURED = frozenset(
    {
        *("reply_markup", "reply_parameters", "link_preview_options", "media", "entities", "caption_entities"),
        *("options", "reaction", "allowed_updates"),
    }
)
"""Parameters that are JSON within a form's field."""
_NUMBERS = frozenset(
    ("message_id", "message_thread_id", "latitude", "longitude", "offset", "limit", "timeout", "from_chat_id")
)
_FLAGS = frozenset(("disable_notification", "protect_content", "allow_paid_broadcast", "drop_pending_updates"))


class Parameters(Struct):
    """A call's parameters, as JSON has them, and the files that came along, by the name of their part."""

    values: dict[str, Any]
    files: dict[str, tuple[str, bytes]]
    """Type and octets."""

    def __getitem__(self, name: str) -> Any:
        """Give a parameter; raises Wrong where it is missing."""
        value = self.values.get(name)
        if value in (None, ""):
            raise Wrong(f"Bad Request: parameter {name!r} is required")
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Give a parameter, or something else where it is missing."""
        return self.values.get(name, default)


async def read_parameters(request: web.Request) -> Parameters:
    """Read the parameters of a call; raises Wrong."""
    values: dict[str, Any] = {name: _typed(name, text) for name, text in request.query.items()}
    if request.content_type == "application/json":
        try:
            given = json.loads(await request.read() or b"{}")
        except ValueError as error:
            raise Wrong("Bad Request: can't parse JSON object") from error
        if not isinstance(given, dict):
            raise Wrong("Bad Request: expected an object")
        return Parameters({**values, **given}, {})
    files: dict[str, tuple[str, bytes]] = {}
    for name, field in (await request.post()).items():
        if isinstance(field, web.FileField):
            files[name] = (field.content_type, field.file.read())
        elif isinstance(field, str):
            values[name] = _typed(name, field)
    return Parameters(values, files)


def _typed(name: str, text: str) -> Any:
    """Read a form's field as what it stands for."""
    try:
        if name in _STRUCTURED or name in _NUMBERS:
            return json.loads(text)
    except ValueError as error:
        raise Wrong(f"Bad Request: can't parse {name} JSON object") from error
    if name in _FLAGS:
        return text.lower() in ("true", "1")
    is_number = name in ("chat_id", "user_id") and text.removeprefix("-").isdecimal()
    return int(text) if is_number else text
