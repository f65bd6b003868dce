"""The parts of a message beside its body: pictures, files, texts (`messageParts`)."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta, Struct

from tidings.dialects.omnichannel.names import inside
from tidings.model.content import Media
from tidings.model.errors import FieldError


class MessagePart(Struct, forbid_unknown_fields=True):
    """One part, by `url` or with its `data`; `channels` are the only ones it is for."""

    type: Annotated[str, Meta(min_length=1, max_length=255)]
    name: str = ""
    url: str = ""
    data: str = ""
    size: Annotated[int, Meta(ge=0)] | None = None
    channels: list[str] = []

    @property
    def mime(self) -> str:
        """The media type in lower case, without parameters."""
        return self.type.partition(";")[0].strip().lower()

    @property
    def platforms(self) -> tuple[str, ...]:
        """Our names of the only platforms it is for."""
        return tuple(inside(name) or name for name in self.channels)


def check_part(part: MessagePart, path: str) -> Iterator[FieldError]:
    """Name what is wrong with a part."""
    if bool(part.url) == bool(part.data):
        yield FieldError(path, "A part has either a url or data.", "source")
    if part.url and not part.url.lower().startswith(("https://", "http://")):
        yield FieldError(f"{path}.url", "The address of a part starts with https:// or http://.", "url")
    for index, name in enumerate(part.channels):
        if inside(name) is None:
            yield FieldError(f"{path}.channels[{index}]", "This is no name of a platform.", "platform")


def sort_parts(parts: Iterable[MessagePart]) -> tuple[list[MessagePart], list[MessagePart], list[MessagePart]]:
    """Tell the plain texts for everybody, the pages of HTML for e-mail, and all other parts apart."""
    texts: list[MessagePart] = []
    pages: list[MessagePart] = []
    files: list[MessagePart] = []
    for part in parts:
        if part.data and part.mime == "text/plain" and not part.channels:
            texts.append(part)
        elif part.data and part.mime == "text/html" and set(part.platforms) <= {"email"}:
            pages.append(part)
        else:
            files.append(part)
    return texts, pages, files


def media_of(part: MessagePart) -> Media:
    """Make a part the media it stands for."""
    return Media(type=part.type, url=part.url, data=part.data, name=part.name, size=part.size, platforms=part.platforms)
