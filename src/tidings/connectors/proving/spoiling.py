"""Ways in which a callback may come spoiled: for proving that a connector is surprised by none of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from tidings.model.exchange import Callback, Reply

FORM = "application/x-www-form-urlencoded"
HUGE = 3 * 2**20
"""Octets of a body that is called huge."""

WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**18, 10**30, 1e300),
    *(
        "",
        "text",
        "\x00",
        "1e999",
        "NaN",
        "2026-99-99T99:99:99Z",
        "9999-12-31T23:59:59-12:00",
        "9" * 5000,
        "١",
        "http://[",
    ),
    *([], {}, [[]], [{}], [None], {"id": []}),
)
"""What stands where something else was meant."""

BAD_ITEMS: tuple[Any, ...] = (None, 17, "text", [], {})
"""What stands in a batch where an item was meant."""

STRANGE_BODIES = (
    b"",
    b" ",
    b"null",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[[]]",
    b"[{}]",
    b"[null]",
    b"\x00",
    b"\xff\xfe",
    b'{"a":"\\ud800"}',
    b'"\xed\xa0\x80"',
    b'{"a":1,"a":2}',
    b"NaN",
    b"=&=&%ZZ=%",
    b"--x\r\n\r\n--x--\r\n",
    b"<a/>",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":"' + b"x" * HUGE + b'"}',
    b"[" + b"{}," * 20_000 + b"0]",
    b"a=" + b"x" * HUGE,
    b"a=b&" * 20_000,
)
"""Bodies that no provider would write: empty, huge, deep, of other kinds; tried once for each media type it uses."""


def with_body(callback: Callback, body: bytes) -> Callback:
    """The same callback with another body."""
    return msgspec.structs.replace(callback, body=body)


def spoiled(callback: Callback) -> Iterator[Callback]:
    """Every spoiled version of a callback: cut off, wrongly typed, without a field, a header or its query."""
    for body in (*_cut(callback.body), *_wrongly_typed(callback)):
        yield with_body(callback, body)
    for name in callback.headers:
        rest = {other: value for other, value in callback.headers.items() if other != name}
        yield msgspec.structs.replace(callback, headers=rest)
        for value in ("", "text", "é\x00", "9" * 5000, ",=;"):
            yield msgspec.structs.replace(callback, headers={**rest, name: value})
    for query in ("", *_wrong_fields(callback.query)):
        yield msgspec.structs.replace(callback, url=_with_query(callback.url, query))


def strange_replies(reply: Reply) -> Iterator[Reply]:
    """Other replies that might come instead of one: of another status, wrongly typed, with odd waits."""
    for status in (100, 200, 204, 301, 400, 401, 404, 409, 429, 500, 503, 599):
        yield msgspec.structs.replace(reply, status=status)
        yield Reply(status=status)
    for body in _wrong_values(reply.body):
        yield msgspec.structs.replace(reply, body=body)
        yield msgspec.structs.replace(reply, body=body, status=400)
    for wait in filter(lambda wrong: isinstance(wrong, str), WRONG_VALUES):
        yield msgspec.structs.replace(reply, status=429, headers={"retry-after": wait})


def with_byte_changed(callback: Callback, fields: tuple[str, ...]) -> Iterator[Callback]:
    """The callback with one byte changed of what its signature covers.

    `fields` name the headers, parameters and body fields covered; without them it is the body (or, where that is
    empty, the query).
    """
    if not fields:
        if not callback.body:
            yield from _query_changed(callback, 0, len(callback.query))
        step = max(1, len(callback.body) // 60)
        for place in sorted({*range(0, len(callback.body), step), len(callback.body) - 1} - {-1}):
            yield with_body(callback, _flip(callback.body, place))
    for field in fields:
        yield from _field_changed(callback, field)


def with_bad_item(callback: Callback, place: tuple[Any, ...]) -> Iterator[tuple[Any, Callback]]:
    """The JSON callback with one bad item more in the array at `place`, and that item."""
    document = msgspec.json.decode(callback.body)
    items = at_place(document, place)
    swaps: tuple[Any, ...] = (None, 17, [], "text")
    spoilt = [put(items[0], where, wrong) for where in places(items[0]) if where for wrong in swaps]
    bad: Any
    for bad in (*BAD_ITEMS, *spoilt):
        for mixed in ([bad, *items], [*items, bad]):
            yield bad, with_body(callback, msgspec.json.encode(put(document, place, mixed)))


def places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys and indexes that lead to it; the value itself is `()`."""
    yield above
    keys: Iterable[Any] = ()
    if isinstance(document, dict):
        keys = document
    elif isinstance(document, list):
        keys = range(len(document))
    for key in keys:
        yield from places(document[key], (*above, key))


def at_place(document: Any, place: tuple[Any, ...]) -> Any:
    """What stands at a place of a JSON value."""
    for key in place:
        document = document[key]
    return document


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The JSON value with another value at a place."""
    if not place:
        return value
    changed = document.copy()
    changed[place[0]] = put(document[place[0]], place[1:], value)
    return changed


def as_json(body: bytes) -> Any:
    """A body's JSON value; None where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _cut(body: bytes) -> Iterator[bytes]:
    step = max(1, len(body) // 40)
    for length in range(0, len(body), step):
        yield body[:length]
    yield body + body
    yield body + b"\x00"


def _wrongly_typed(callback: Callback) -> Iterator[bytes]:
    if callback.content_type == FORM:
        yield from (query.encode() for query in _wrong_fields(callback.body.decode("latin-1")))
    else:
        yield from _wrong_values(callback.body)


def _wrong_values(body: bytes) -> Iterator[bytes]:
    """Write a JSON body with every value of it wrong, one after the other, and with every field left out."""
    document = as_json(body)
    if document is None:
        return
    for place in places(document):
        for wrong in WRONG_VALUES:
            yield msgspec.json.encode(put(document, place, wrong))
        if place and isinstance(place[-1], str):
            holder = at_place(document, place[:-1])
            without = {key: value for key, value in holder.items() if key != place[-1]}
            yield msgspec.json.encode(put(document, place[:-1], without))


def _wrong_fields(query: str) -> Iterator[str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    for index, (name, _) in enumerate(pairs):
        before, after = pairs[:index], pairs[index + 1 :]
        yield urlencode([*before, *after])
        for wrong in WRONG_VALUES:
            value = wrong if isinstance(wrong, str) else msgspec.json.encode(wrong)
            yield urlencode([*before, (name, value), *after])
        yield urlencode([*pairs, (name, "again")])


def _with_query(url: str, query: str) -> str:
    return f"{url.partition('?')[0]}{'?' if query else ''}{query}"


def _flip(text: bytes, place: int) -> bytes:
    return text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]


def _query_changed(callback: Callback, start: int, end: int) -> Iterator[Callback]:
    query = callback.query.encode()
    for place in range(start, end):
        yield msgspec.structs.replace(callback, url=_with_query(callback.url, _flip(query, place).decode()))


def _field_changed(callback: Callback, field: str) -> Iterator[Callback]:
    headers: Mapping[str, str] = callback.headers
    if field.lower() in headers:
        value = headers[field.lower()].encode()
        for place in range(len(value)):
            changed = {**headers, field.lower(): _flip(value, place).decode()}
            yield msgspec.structs.replace(callback, headers=changed)
    name = re.escape(field)
    if found := re.search(rf"(?:^|&){name}=([^&]+)", callback.query):
        yield from _query_changed(callback, *found.span(1))
    # As a string of a JSON object, a field of a form, a part of a multipart form.
    pattern = rf'(?:"{name}"\s*:\s*"|(?:^|&){name}=|name="{name}"\r?\n\r?\n)([^"&\r\n]+)'
    for match in re.finditer(pattern.encode(), callback.body):
        for place in range(*match.span(1)):
            yield with_body(callback, _flip(callback.body, place))
