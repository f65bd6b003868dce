import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.addresses import address, country_of, country_refusal, email, invalid_request, phone


@pytest.mark.parametrize(
    ("text", "number", "country"),
    [
        ("+447123123123", "+447123123123", "GB"),
        ("447123123123", "+447123123123", "GB"),
        ("00447123123123", "+447123123123", "GB"),
        (" 0044 7123-123.123 ", "+447123123123", "GB"),
        ("+44 (0)7123 123123", "+447123123123", "GB"),
        ("\u202a+44\u00a07123\u2011123123\u202c", "+447123123123", "GB"),
        ("+3511111111", "+3511111111", "PT"),
        ("+3111111111", "+3111111111", "NL"),
        ("+590690000000", "+590690000000", "GP"),
        ("+46790000000", "+46790000000", "SE"),
        ("48500000000", "+48500000000", "PL"),
        ("44123123123", "+44123123123", "GB"),
        ("17123123123", "+17123123123", "US"),
        ("770950354877", "+770950354877", "KZ"),
        ("+15005550006", "+15005550006", "US"),
        ("+1 (416) 555-0000", "+14165550000", "CA"),
        ("+1 555 123 4567", "+15551234567", "US"),
        ("+39 06 1234567", "+39061234567", "IT"),
        ("+311111", "+311111", "NL"),
        ("+80012345678", "+80012345678", ""),
        ("+999123456", "+999123456", ""),
        ("+210123456789012", "+210123456789012", ""),
    ],
)
def test_a_phone_number_is_written_one_way(text: str, number: str, country: str) -> None:
    assert (phone(text), country_of(number), country_of(number[1:])) == (number, country, country)
    assert phone(number) == number


def phone_refusal(text: str) -> str:
    with pytest.raises(ValueError) as refused:
        phone(text)
    return str(refused.value)


@pytest.mark.parametrize("text", ["07123123123", "+0447123123123", "000447123123123"])
def test_a_phone_number_has_a_country_code(text: str) -> None:
    assert phone_refusal(text) == f"{text!r} has no country code: write the phone number as +441234567890."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "+44712",
        "12345",
        "+1234567890123456",
        "++447123123123",
        "447123123123+",
        "+44x7123123123",
        "Acme",
        "+44\n7123123123",
        "+44７123123123",
        "+44712312\x003123",
        "\ud800",
        "+447123123123;ext=1",
    ],
)
def test_a_phone_number_is_plus_and_digits(text: str) -> None:
    assert phone_refusal(text) == f"{text!r} is no phone number: write + and 6 to 15 digits, as +441234567890."


@pytest.mark.parametrize("text", ["1" * 41, "1" * 1_000_000])
def test_a_phone_number_has_its_limits(text: str) -> None:
    assert phone_refusal(text) == "A phone number has at most 15 digits."


@pytest.mark.parametrize(
    "number", ["", "+", "Acme", "+0123456789", "12345", "+44 7123 123123", "+١٢٣٤٥٦٧", "4" * 10**6]
)
def test_what_is_no_number_has_no_country(number: str) -> None:
    assert country_of(number) == ""


@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
def test_every_number_of_the_right_shape_passes_and_stays(number: str) -> None:
    written = phone(number)
    assert phone(written) == written
    assert phone(written[1:]) == written
    assert len(country_of(written)) in {0, 2}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.Lovelace+tag@Example.COM ", "Ada.Lovelace+tag@example.com"),
        ("!#$%&'*+/=?^_`{|}~-@a.example", "!#$%&'*+/=?^_`{|}~-@a.example"),
        ('"ada lovelace"@example.com', '"ada lovelace"@example.com'),
        (r'"a@b\"c"@example.com', r'"a@b\"c"@example.com'),
        ("root@localhost", "root@localhost"),
        ("grün@Bücher.Example", "grün@bücher.example"),
        ("a@straße.example", "a@straße.example"),
        ("a@ＥＸＡＭＰＬＥ．com", "a@example.com"),
        ("a@उदाहरण.परीक्षा", "a@उदाहरण.परीक्षा"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
        (f"a@{'b' * 63}.example", f"a@{'b' * 63}.example"),
    ],
)
def test_an_email_address_is_written_one_way(text: str, written: str) -> None:
    assert (email(text), email(written)) == (written, written)


LONG_DOMAIN = ".".join(["d" * 60] * 4)


def email_refusal(text: str) -> str:
    with pytest.raises(ValueError) as refused:
        email(text)
    return str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["a@b.example\r\nBcc: c@d.example", "a@b.example\n", "a\x00@b.example", "\ud800@b.example", "a\u2028@b.example"],
)
def test_an_email_address_has_no_control_characters(text: str) -> None:
    assert email_refusal(text) == "An e-mail address holds no line breaks or control characters."


@pytest.mark.parametrize("text", ["", "ada.example.com", "x" * 1000])
def test_an_email_address_has_an_at_sign(text: str) -> None:
    assert email_refusal(text) == f"{text[:80]!r} is no e-mail address: it has no @."


@pytest.mark.parametrize(
    "text", [f"{'a' * 65}@b.example", f"{'ü' * 33}@b.example", f"{'a' * 11}@{LONG_DOMAIN}", "a@" + "b." * 1_000_000]
)
def test_an_email_address_has_its_limits(text: str) -> None:
    assert email_refusal(text) == "An e-mail address has at most 254 octets, 64 of them before the @."


@pytest.mark.parametrize(
    "local", ["", ".a", "a.", "a..b", "a b", "a@b", "Ada <a", '"a', '"a"b', 'a"b"', "a,b", '"\u00e9"', "a(x)"]
)
def test_not_everything_can_stand_before_the_at_sign(local: str) -> None:
    text = f"{local}@b.example"
    assert email_refusal(text) == f"{text!r} is no e-mail address: {local!r} cannot stand before the @."


@pytest.mark.parametrize(
    "domain",
    [
        "",
        ".",
        "b.",
        ".b",
        "b..example",
        "-b.example",
        "b-.example",
        "b_c.example",
        "b c.example",
        "[192.0.2.1]",
        "b.example>",
        "b。example",
        f"{'b' * 64}.example",
        "ü" * 62,
        "ب1b.example",
    ],
)
def test_not_everything_is_a_domain(domain: str) -> None:
    text = f"a@{domain}"
    assert email_refusal(text) == f"{text!r} is no e-mail address: {domain!r} is no domain."


@given(st.text() | st.emails())
def test_any_text_is_an_email_address_or_refused(text: str) -> None:
    try:
        written = email(text)
    except ValueError:
        return
    assert email(written) == written
    assert not {"\r", "\n", "\x00"} & set(written)


@pytest.mark.parametrize(
    ("key", "text", "written"),
    [
        ("phonenumber", "0044 7123 123123", "+447123123123"),
        ("emailaddress", "a@B.example", "a@b.example"),
        ("facebookuserid", " 1234 ", "1234"),
        ("identifier", "x" * 255, "x" * 255),
        ("telegramuserid", "Жа 1", "Жа 1"),
    ],
)
def test_an_address_is_written_as_its_key_asks(key: str, text: str, written: str) -> None:
    assert address(key, text) == written


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("phonenumber", "Acme", "'Acme' is no phone number: write + and 6 to 15 digits, as +441234567890."),
        ("emailaddress", "Acme", "'Acme' is no e-mail address: it has no @."),
        ("lineuserid", "", "An address is not empty."),
        ("lineuserid", " \u00a0", "An address is not empty."),
        ("lineuserid", "x" * 256, "An address has at most 255 characters."),
        ("lineuserid", "U1\n", "An address holds no control characters."),
        ("lineuserid", "U\x00", "An address holds no control characters."),
        ("lineuserid", "U\x85", "An address holds no control characters."),
        ("lineuserid", "U\ud800", "An address holds no control characters."),
    ],
)
def test_an_address_that_cannot_be_is_refused(key: str, text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        address(key, text)
    assert str(refused.value) == why


def test_the_published_words_on_a_country_that_is_not_allowed() -> None:
    refused = country_refusal("48500000000", "PL", "mms", ["US", "CA"])
    assert invalid_request([refused]) == (
        "Invalid request:\r\n1) Not allowed to send message to 48500000000 (PL) for mms channel. "
        "Allowed country codes are: US,CA (paramName: phoneNumberCountryCode)"
    )


def test_everything_wrong_with_a_request_is_numbered() -> None:
    assert invalid_request(["one", "two"]) == "Invalid request:\r\n1) one\r\n2) two"
