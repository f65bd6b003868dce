"""The strict reading of a client's JSON."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from tidings.dialects.reading import DEEPEST, MOST_ERRORS, check_tree, explain, is_clean, is_web_address, read_json
from tidings.model.errors import FieldError, Refused


class Item(Struct, forbid_unknown_fields=True):
    size: int
    names: list[str] = []


class Order(Struct):
    items: list[Item]
    notes: dict[str, str] = {}


def errors(body: bytes, kind: Any = Order, status: int = 400) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        read_json(body, kind, status=status)
    assert refused.value.status == status
    return [(error.path, error.code) for error in refused.value.errors]


def test_what_fits_is_read() -> None:
    assert read_json(b'{"items":[{"size":1,"names":["\xc3\xa9"]}],"more":{}}', Order) == Order([Item(1, ["é"])])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ("", "json")),
        (b"{", ("", "json")),
        (b"{} {}", ("", "json")),
        (b'{"items":NaN}', ("", "json")),
        (b'{"items":1e999}', ("", "json")),
        (b'"\xff"', ("", "json")),
        (b'"\xed\xa0\x80"', ("", "json")),
        (b'"\\ud800"', ("", "json")),
        (b'"\\udc00"', ("", "json")),
        (b'"\x00"', ("", "json")),
        (b"[" * 100_000, ("", "too-deep")),
        (b"[]", ("", "type")),
        (b"{}", ("items", "required")),
        (b'{"items":[{"size":"1"}]}', ("items[0].size", "type")),
        (b'{"items":[{"size":true}]}', ("items[0].size", "type")),
        (b'{"items":[{"size":1.5}]}', ("items[0].size", "type")),
        (b'{"items":[{}]}', ("items[0].size", "required")),
        (b'{"items":[{"size":1,"siez":2}]}', ("items[0].siez", "unknown")),
        (b'{"items":[],"notes":{"a":1}}', ("notes[...]", "type")),
    ],
)
def test_what_does_not_fit_is_named(body: bytes, expected: tuple[str, str]) -> None:
    assert errors(body, status=422) == [expected]


def test_a_nul_is_refused_wherever_it_stands() -> None:
    body = b'{"items":[],"notes":{"a":"\\u0000","b\\u0000":"","c":"fine"},"more":1}'
    assert sorted(errors(body)) == [("notes", "text"), ("notes.a", "text")]
    assert errors(b'"\\u0000"', str) == [("", "text")]
    assert errors(b'["\\u0000"]', list[str]) == [("[0]", "text")]


def test_the_escape_of_an_escape_is_no_nul() -> None:
    assert read_json(b'"\\\\u0000"', str) == "\\u0000"


@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_so_many_levels_and_no_more(start: bytes, end: bytes) -> None:
    def nested(levels: int) -> bytes:
        return start * levels + (b"1" if end == b"}" else b"") + end * levels

    assert read_json(nested(DEEPEST), object)
    ((path, code),) = errors(nested(DEEPEST + 1), object)
    assert (path, code) == ("[0]" * DEEPEST if end == b"]" else ".".join("a" * DEEPEST), "too-deep")


def test_only_so_many_errors_are_told() -> None:
    assert len(check_tree(["\0"] * 1000)) == MOST_ERRORS


def test_what_text_is_clean() -> None:
    assert [is_clean(text) for text in ("", "a", "é", "😀", "a\0", "é\0", "\ud800", "a\udfff")] == [True] * 4 + [
        False
    ] * 4


def test_a_misfit_in_a_part_of_a_request_is_named_from_the_top() -> None:
    def explained(value: Any, under: str) -> FieldError:
        with pytest.raises(msgspec.ValidationError) as misfit:
            msgspec.convert(value, Item)
        return explain(misfit.value, under=under)

    assert explained({"size": "1"}, "items[2]") == FieldError("items[2].size", "Expected `int`, got `str`.", "type")
    assert explained({}, "items[2]") == FieldError("items[2].size", "This field is required.", "required")
    assert explained([], "") == FieldError("", "Expected `object`, got `array`.", "type")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://site", True),
        ("https://acme.example/hook?x=1&y=%20", True),
        ("https://acme.example:8443/", True),
        ("http://[::1]:8080/hook", True),
        ("https://acme.example:0/", False),
        ("https://acme.example:99999/", False),
        ("https://acme.example:x/", False),
        ("http://[::1/hook", False),
        ("https://user:secret@acme.example/", False),
        ("https://acme.example/#part", False),
        ("https://acme.example/a b", False),
        ("https://acme.example/\n", False),
        ("https://acmé.example/", False),
        ("https:///hook", False),
        ("//acme.example/hook", False),
        ("ftp://acme.example/", False),
        ("acme.example", False),
        ("", False),
        ("https://acme.example/" + "a" * 2048, False),
    ],
)
def test_what_is_a_web_address(text: str, expected: bool) -> None:
    assert is_web_address(text) is expected


@given(st.binary(max_size=60) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(msgspec.json.encode))
def test_hostile_bytes_are_read_or_refused(body: bytes) -> None:
    refused = None
    try:
        read_json(body, Order)
    except Refused as error:
        refused = error
    assert refused is None or (refused.status == 400 and refused.errors)
