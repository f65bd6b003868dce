"""Start tags, as they are written: where the value of an attribute stands.

The library that reads the HTML says where a tag begins and what it means. Where within it a value stands is read here,
as https://html.spec.whatwg.org/multipage/parsing.html#before-attribute-name-state and the states after it say.
"""

from collections.abc import Iterator
from typing import Final

_SPACE: Final = " \t\n\r\f"


def value_at(html: str, tag: int, name: str) -> tuple[int, int] | None:
    """Find the first attribute of a name, and where its value begins and ends, without quotes.

    `tag` is where the tag begins. None where the attribute is not there or has no value.
    """
    return next((value for called, value, _ in _attributes(html, tag) if called == name), None)


def end_of(html: str, tag: int) -> int:
    """Find where a start tag ends, after its `>`."""
    end = _name_end(html, tag)
    for _, _, end in _attributes(html, tag):  # noqa: B007 - the last one's
        pass
    return min(_over(html, end, _SPACE + "/") + 1, len(html))


def _attributes(html: str, tag: int) -> Iterator[tuple[str, tuple[int, int] | None, int]]:
    """Read the attributes of a start tag: name, where the value stands, and where to read on."""
    at = _name_end(html, tag)
    while (at := _over(html, at, _SPACE + "/")) < len(html) and html[at] != ">":
        begun = at
        at = _until(html, at + 1, _SPACE + "/>=")
        name, value = html[begun:at].lower(), None
        after = _over(html, at, _SPACE)
        if html.startswith("=", after):
            value, at = _value(html, _over(html, after + 1, _SPACE))
        yield name, value, at


def _name_end(html: str, tag: int) -> int:
    return _until(html, tag + 1, _SPACE + "/>")


def _value(html: str, at: int) -> tuple[tuple[int, int] | None, int]:
    """Read a value; give where it stands, and where to read on."""
    quote = html[at : at + 1]
    if quote in ("'", '"') and quote:
        end = html.find(quote, at + 1)
        return ((at + 1, end), end + 1) if end >= 0 else (None, len(html))
    end = _until(html, at, _SPACE + ">")
    return ((at, end), end) if end > at else (None, end)


def _over(html: str, at: int, these: str) -> int:
    """Go over characters that are one of these."""
    while at < len(html) and html[at] in these:
        at += 1
    return at


def _until(html: str, at: int, until: str) -> int:
    """Go on to the first character that is one of those."""
    while at < len(html) and html[at] not in until:
        at += 1
    return at
