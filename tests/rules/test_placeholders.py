import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.placeholders import UnknownField, fill

PROFILE = {
    "firstName": "Ada",
    "trick": "{{profile.firstName}}",
    "address.city": "Łódź",
    "empty": "",
    "slash": r"\1\g<0>",
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hi {{profile.firstName}}!", "Hi Ada!"),
        ("{{ profile.firstName }}{{\tprofile.firstName\n}}", "AdaAda"),
        ("{{profile.address.city}}", "Łódź"),
        ("{{profile.empty}}.", "."),
        ("{{profile.trick}}", "{{profile.firstName}}"),
        ("{{profile.slash}}", r"\1\g<0>"),
        ("{{{profile.firstName}}}", "{Ada}"),
        ("{{ other }} {{profile}} {{profile.}} {{profile.first name}}", None),
        ("{{profile.firstName}", None),
        ("{profile.firstName} {} }}", None),
        ("", None),
    ],
)
def test_values_stand_where_the_text_names_them(text: str, filled: str | None) -> None:
    assert fill(text, PROFILE) == (text if filled is None else filled)


def test_a_field_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownField) as unknown:
        fill("{{profile.firstName}} {{profile.lastName}}", PROFILE)
    assert (unknown.value.name, isinstance(unknown.value, KeyError)) == ("lastName", True)


def test_a_text_without_placeholders_is_the_same_object() -> None:
    text = "no braces {here}"
    assert fill(text, {}) is text


@given(st.text(), st.text(st.characters(exclude_characters="{}")), st.text(st.characters(exclude_characters="{}")))
def test_a_value_is_taken_literally(value: str, before: str, after: str) -> None:
    assert fill(f"{before}{{{{profile.x}}}}{after}", {"x": value}) == before + value + after


def test_many_open_braces_take_no_long_time() -> None:
    text = "{{ profile." * 50_000 + "{{" * 50_000 + " " * 100_000
    assert fill(text, {}) == text
