"""Where a short address may lead: to one http or https URL in printable ASCII, or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.links.targets import LONGEST, has_placeholder, target_of


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("https://shop.example", "https://shop.example"),
        ("  HTTPS://Shop.Example:0443/A?b=c#d \n", "https://shop.example:443/A?b=c#d"),
        ("https://shop.example:/x", "https://shop.example/x"),
        ('https://shop.example/a b?x=é|"<>^`#日', "https://shop.example/a%20b?x=%C3%A9%7C%22%3C%3E%5E%60#%E6%97%A5"),
        ("https://shop.example/?off=50%25&a[]=1;b='(x)*!", "https://shop.example/?off=50%25&a[]=1;b='(x)*!"),
        ("https://shop.example/?next=https://u@other.example", "https://shop.example/?next=https://u@other.example"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),
        ("https://under_score.shop.example./", "https://under_score.shop.example./"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://XN--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("https://ｓｈｏｐ.example/", "https://shop.example/"),
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/"),
        ("https://пример.com/", "https://xn--e1afmkfd.com/"),
        ("https://日本語テストabc.jp/", "https://xn--abc-4k4bocn0926g0ecl32k.jp/"),
        ("https://한국abc.kr/", "https://xn--abc-lt8lk11n.kr/"),
    ],
)
def test_a_target_is_written_so_that_it_can_lead_nowhere_else(written: str, target: str) -> None:
    assert target_of(written) == target
    assert target_of(target) == target


@pytest.mark.parametrize(
    "written",
    [
        *("mailto:ann@shop.example", "tel:+31", "sms:+31", "cid:part", "whatsapp://send?text=x", "ftp://shop.example/"),
        *("", "  ", "#", "#top", "{{url}}", "https://shop.example/{{ id }}", "https://shop.example/{id}", "*|URL|*"),
        *(
            "https://shop.example/%recipient.id%",
            "https://shop.example/?off=50%",
            "https://shop.example/<%x%>",
            "[[x]]",
        ),
    ],
)
def test_what_leads_to_no_page_or_is_not_filled_in_is_left_alone(written: str) -> None:
    assert target_of(written) is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("javascript:alert(1)", "scheme javascript"),
        ("Java\tScript:alert({x})", "scheme javascript"),
        ("\x01javascript:x", "scheme javascript"),
        ("data:text/html,x", "scheme data"),
        ("vbscript:x", "scheme vbscript"),
        ("file:///etc/passwd", "scheme file"),
        ("/path", "relative"),
        ("//evil.example", "relative"),
        ("www.shop.example", "relative"),
        ("a/b:c", "relative"),
        ("é:x", "relative"),
        ("\\\\evil.example", "relative"),
        ("https://shop.example/\r\nSet-Cookie: x", "control"),
        ("https://shop.example/\x00", "control"),
        ("https://shop.example/\x85", "control"),
        ("https://shop.example/\ud800", "control"),
        ("https://shop.example\\@evil.example", "backslash"),
        ("https:shop.example", "no host"),
        ("https:/shop.example", "no host"),
        ("https:///shop.example", "no host"),
        ("https://", "no host"),
        ("https://:80/", "no host"),
        ("https://?x", "no host"),
        ("https://ann@shop.example/", "user name"),
        ("https://shop.example:0/", "port"),
        ("https://shop.example:65536/", "port"),
        ("https://shop.example:٣/", "port"),
        ("https://shop.example:80:80/", "port"),
        ("https://a..b/", "no name"),
        (f"https://{'a' * 64}.example/", "no name"),
        (f"https://{'a.' * 127}example/", "no name"),
        ("https://sh%6Fp.example/", "no name"),
        ("https://shop example/", "no name"),
        ("https://xn--zz.example/", "domain name system"),
        ("https://😀.example/", "domain name system"),
        ("https://[::1/", "IPv6"),
        ("https://[zz]/", "IPv6"),
        ("https://[::1]x/", "IPv6"),
        ("https://[fe80::1%25eth0]/", "own network"),
        ("https://gооgle.com/", "mixes scripts"),
        ("https://xn--ggle-55da.com/", "mixes scripts"),
        ("https://shop.exаmple/", "mixes scripts"),
        ("https://аррӏе.com/", "looks like another"),
        ("https://xn--80ak6aa92e.com/", "looks like another"),
        ("https://shop.example/" + "x" * LONGEST, "characters"),
    ],
)
def test_everything_else_is_refused_and_it_is_said_why(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        target_of(written)


def test_names_wholly_of_one_script_are_fine_under_a_domain_of_that_script() -> None:
    assert target_of("https://аррӏе.рф/") == "https://xn--80ak6aa92e.xn--p1ai/"


@given(st.text(max_size=60).map(lambda text: f"https://{text}") | st.text(max_size=30))
def test_a_target_is_always_one_line_of_ascii_that_names_a_host(written: str) -> None:
    try:
        target = target_of(written)
    except UnicodeError:
        raise
    except ValueError:
        return
    if target is not None:
        assert target.isascii()
        assert target.isprintable()
        assert " " not in target
        assert target.startswith(("http://", "https://"))
        assert target_of(target) == target


def test_percent_encoding_is_no_placeholder() -> None:
    assert not has_placeholder("https://shop.example/%C3%A9%2F")
    assert has_placeholder("https://shop.example/%deal%")
