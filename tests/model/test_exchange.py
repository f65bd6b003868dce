"""Calls, replies and callbacks, also where the other side sends nonsense."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tidings.model.exchange import Answer, Call, Callback, Reply, as_raw, encode_raw, retry_after, same_origin

NOW = 1_700_000_000_000


def callback(url: str = "https://hub.test/callbacks/c", **headers: str) -> Callback:
    return Callback(method="POST", url=url, headers=headers, body=b"", received_at=NOW)


def test_a_post_of_json() -> None:
    assert Call.post("https://a.test/", json={"ü": [1, None]}, x_api_key="k") == Call(
        method="POST",
        url="https://a.test/",
        headers={"content-type": "application/json", "x-api-key": "k"},
        body='{"ü":[1,null]}'.encode(),
    )


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ({"a": "1 &", "b": ["x", "y"]}, b"a=1+%26&b=x&b=y"),
        ([("a", "1"), ("a", "ü")], b"a=1&a=%C3%BC"),
        ({}, b""),
    ],
)
def test_a_post_of_a_form(form: object, body: bytes) -> None:
    assert Call.post("https://a.test/", form=form, authorization="Basic x") == Call(
        method="POST",
        url="https://a.test/",
        headers={"content-type": "application/x-www-form-urlencoded", "authorization": "Basic x"},
        body=body,
    )


def test_a_content_type_of_ones_own_stands() -> None:
    assert Call.post("u", json=1, content_type="application/vnd.a+json").headers == {
        "content-type": "application/vnd.a+json"
    }


def test_a_get() -> None:
    assert Call.get("https://a.test/", follow=True, x_api_key="k") == Call(
        method="GET", url="https://a.test/", headers={"x-api-key": "k"}, follow=True
    )


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (204, True), (299, True), (199, False), (300, False), (500, False)]
)
def test_a_reply_is_ok_with_a_2xx(status: int, ok: bool) -> None:
    assert Reply(status=status).ok is ok


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.test/x", "https://a.test/y?z", True),
        ("https://a.test", "http://a.test", False),
        ("https://a.test", "https://b.test", False),
        ("https://a.test", "https://a.test:8443", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


# -- Retry-After --------------------------------------------------------------------------------------------------

DATE = int(datetime(2023, 11, 14, 22, 15, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(params=["UTC", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own zone, which must not matter."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", 120_000),
        (" 0 ", 0),
        ("99999999999", 99_999_999_999_000),
        ("Tue, 14 Nov 2023 22:15:00 GMT", DATE - NOW),
        ("Tuesday, 14-Nov-23 22:15:00 GMT", DATE - NOW),
        ("Tue Nov 14 22:15:00 2023", DATE - NOW),
        ("Tue, 14 Nov 2023 23:15:00 +0100", DATE - NOW),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("999999999999", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("\x00", None),
        ("Tue, 99 Nov 2023 22:15:00 GMT", None),
        ("Tue, 14 Nov 99999 22:15:00 GMT", None),
        ("Tue, 14 Nov 2023 22:15:00 +99999999999", None),
    ],
)
@pytest.mark.usefixtures("zone")
def test_how_long_to_wait(value: str, wait: int | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == wait
    reply = Reply(status=429, headers={"retry-after": value})
    assert reply.retry_after(NOW) == (None if wait is None else wait / 1000)


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after({}, NOW) is None
    assert Reply(status=429).retry_after(NOW) is None


@given(st.text())
def test_no_header_is_too_odd(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOW)
    assert wait is None or wait >= 0


# -- raw ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"{}", b" [1, 2.50] ", b"null", b'"\\u0000"', b'{"a":1,"a":2}', b"1"])
def test_json_is_kept_as_it_came(body: bytes) -> None:
    assert as_raw(body, status=200) == Raw(body)
    assert Reply(status=200, body=body).raw == Raw(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        (b'{"a":', '{"a":'),
        (b'{"a":1}{"b":2}', '{"a":1}{"b":2}'),
        (b"NaN", "NaN"),
        (b"1e999", "1e999"),
        (b"1" * 5000, "1" * 5000),
        (b'"\\ud800"', '"\\ud800"'),
        (b'"\xed\xa0\x80"', '"\ufffd\ufffd\ufffd"'),
        (b"\xff\x00", "\ufffd\x00"),
        (b"\xef\xbb\xbf{}", "\ufeff{}"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_what_is_no_json_is_kept_as_text(body: bytes, text: str) -> None:
    kept = Reply(status=502, body=body).raw
    assert json.loads(bytes(kept)) == {"status": 502, "body": text}


@given(st.binary(), st.dictionaries(st.sampled_from(["status", "why"]), st.integers()))
def test_whatever_is_kept_is_json(body: bytes, otherwise: dict[str, int]) -> None:
    kept = as_raw(body, **otherwise)
    assert kept == Raw(body) or msgspec.json.decode(kept) == {**otherwise, "body": body.decode("utf-8", "replace")}
    msgspec.json.decode(kept)


def test_a_value_is_kept_as_json() -> None:
    assert encode_raw({"a": [1, "ü", None]}) == Raw('{"a":[1,"ü",null]}'.encode())


# -- callbacks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "query", "arguments"),
    [
        ("https://hub.test/c", "", {}),
        ("https://hub.test/c?", "", {}),
        ("https://hub.test/c?a=1&b=&a=2&c", "a=1&b=&a=2&c", {"a": "1", "b": "", "c": ""}),
        ("https://hub.test/c?a=%C3%BC+x#b=2", "a=%C3%BC+x", {"a": "ü x"}),
        ("https://hub.test/c?a=?b", "a=?b", {"a": "?b"}),
        ("https://hub.test/c?a=%FF%00%", "a=%FF%00%", {"a": "\ufffd\x00%"}),
        ("https://hub.test/c?" + "a&" * 1001, "a&" * 1001, {}),
    ],
)
def test_the_query_of_a_callback(url: str, query: str, arguments: dict[str, str]) -> None:
    assert callback(url).query == query
    assert callback(url).arguments == arguments


@given(st.text())
def test_no_query_is_too_odd(query: str) -> None:
    given_ = callback(f"https://hub.test/c?{query}").arguments
    assert all(isinstance(value, str) for value in given_.values())


@pytest.mark.parametrize(
    ("given_", "kind"),
    [
        ("application/json", "application/json"),
        ("Application/JSON ; charset=utf-8", "application/json"),
        (";", ""),
        ("", ""),
    ],
)
def test_the_media_type_of_a_callback(given_: str, kind: str) -> None:
    assert callback(**{"content-type": given_}).content_type == kind


def test_a_callback_without_a_media_type() -> None:
    assert callback().content_type == ""


def test_the_usual_answer_to_a_callback_is_an_empty_200() -> None:
    assert Answer() == Answer(status=200, body=b"", content_type="text/plain")
