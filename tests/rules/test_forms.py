from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.forms import form_fields


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_what_was_written_is_read(pairs: list[tuple[str, str]]) -> None:
    encodable = [(name, value) for name, value in pairs if (name + value).isprintable()]
    assert list(form_fields(urlencode(encodable).encode())) == encodable


@given(st.binary())
def test_any_body_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    text = body.decode("utf-8", "surrogateescape")
    assert list(form_fields(body)) == parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def test_too_many_fields_are_refused() -> None:
    assert len(form_fields(b"&".join([b"a=1"] * 1000))) == 1000
    with pytest.raises(ValueError, match="more than 1000"):
        form_fields(b"&".join([b"a=1"] * 1001))
