import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.nesting import DEEPEST, is_too_deep

JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_the_bound_is_exact(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    assert not is_too_deep(opening * DEEPEST + b"1" + closing * DEEPEST)
    assert is_too_deep(opening * (DEEPEST + 1) + b"1" + closing * (DEEPEST + 1))


def test_width_is_no_depth_and_brackets_in_texts_are_none() -> None:
    assert not is_too_deep(b"[" + b",".join([b"[]"] * 1000) + b"]")
    assert not is_too_deep(msgspec.json.encode(["[" * 1000, '{"[\\' * 100]))


def test_a_text_that_never_ends_is_no_json_and_takes_no_time() -> None:
    assert is_too_deep(b'"' + b"[\\\\" * 200_000)


@given(JSON)
def test_what_is_shallow_passes(value: object) -> None:
    padding: list[object] = [[]] * (DEEPEST + 1)
    body = msgspec.json.encode([value, *padding])
    assert is_too_deep(body) == (depth([value]) > DEEPEST)
