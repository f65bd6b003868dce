"""Which addresses of texts, cards and buttons give way, and what is then sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.model.content import Action, Card, Content
from tidings.model.links import Link, LinkKind, Tracking
from tidings.model.messages import Direction, Message
from tidings.rules.encoding import is_gsm7
from tidings.rules.links import (
    OCTETS,
    Doors,
    Wish,
    choose,
    lay_out,
    links_of,
    rewrite,
    shown_links,
    slug_of,
    tracking_on,
)
from tidings.rules.links.slugs import ALPHABET, LETTERS
from tidings.rules.links.sparing import SAYING_SO, ends_subscription, is_address, says_unsubscribe
from tidings.rules.links.text import addresses_in

DOORS = Doors("https://hub.example/u/", "https://go.example/")
SMS = Wish("on", email=False, buttons=True)
MARKED = Wish("marked", email=False, buttons=True)
MAIL = Wish("on", email=True, buttons=True)


def laid(content: Content, wish: Wish = SMS, *, opens: bool = True) -> Tracking:
    slugs = iter("abcdefgh")
    return lay_out(
        choose(content, wish, DOORS),
        "sms",
        "c1",
        base="https://go.example/",
        expires_at=9,
        opens=opens,
        slug=lambda: next(slugs),
    )


def sent(content: Content, wish: Wish = SMS) -> Content:
    return rewrite(content, laid(content, wish))


@pytest.mark.parametrize(
    ("text", "on", "marked"),
    [
        ("See https://shop.example/x.", "See https://go.example/a.", "See https://shop.example/x."),
        ("See @https://shop.example/x!", "See https://go.example/a!", "See https://go.example/a!"),
        ("(https://a.example/w_(x)) [http://b.example]", "(https://go.example/a) [https://go.example/b]", None),
        ("HTTPS://A.example\nhttps://b.example…", "https://go.example/a\nhttps://go.example/b…", None),
        ("“https://a.example/?q=1”, said he", "“https://go.example/a”, said he", None),
        ('<https://a.example> "https://b.example"', '<https://go.example/a> "https://go.example/b"', None),
        ("xhttps://a.example ann@https://b.example", "xhttps://a.example ann@https://go.example/a", None),
        ("https:// http://. www.a.example ftp://a.example mailto:a@b", None, None),
        ("请点击https://a.example/x。谢谢", "请点击https://go.example/a。谢谢", None),
        ("@https://a.example/{{id}} and @https://shop.example/unsubscribe",
         "https://a.example/{{id}} and https://shop.example/unsubscribe",
         "https://a.example/{{id}} and https://shop.example/unsubscribe"),
        ("https://hub.example/u/x https://go.example/abc https://shop.example/?opt-out=1", None, None),
        ("@ann @https://a.example", "@ann https://go.example/a", "@ann https://go.example/a"),
    ],
)  # fmt: skip
def test_addresses_of_a_text_give_way(text: str, on: str | None, marked: str | None) -> None:
    assert sent(Content(text=text)).text == (text if on is None else on)
    assert sent(Content(text=text), MARKED).text == (text if marked is None else marked)


def test_cards_and_buttons_give_way_where_nobody_else_tells_of_them() -> None:
    content = Content(
        text="none",
        actions=(Action("Go", "link", url="https://a.example"), Action("Yes", payload="y")),
        cards=(
            Card(text="https://b.example", actions=(Action("Buy", "link", url="https://c.example"),)),
            Card("Title https://not.example"),
        ),
    )
    got = sent(content)
    assert got.cards[0].text == "https://go.example/a"
    assert [each.url for each in got.actions] == ["https://go.example/b", ""]
    assert got.cards[0].actions[0].url == "https://go.example/c"
    assert got.cards[1] == content.cards[1]
    quiet = sent(content, Wish("on", email=False, buttons=False))
    assert quiet.actions == content.actions
    assert quiet.cards[0].text == "https://go.example/a"
    marked = Content(
        actions=(Action("Go", "link", url="@https://a.example"), Action("No", "link", url="https://b.example"))
    )
    assert [each.url for each in sent(marked, MARKED).actions] == ["https://go.example/a", "https://b.example"]
    (error,) = choose(Content(actions=(Action("Go", "link", url="javascript:x"),)), SMS, DOORS).errors
    assert "link of the button" in error.message


def test_a_mail_gives_way_in_both_its_parts_and_has_its_picture_last() -> None:
    content = Content(text="https://a.example", html='<p><a href="https://b.example">b</a></p>', headers={"X": "y"})
    got = sent(content, MAIL)
    assert got.text == "https://go.example/a"
    assert got.html == (
        '<p><a href="https://go.example/b">b</a></p>'
        '<img src="https://go.example/o/c.gif" width="1" height="1" alt="" style="border:0">'
    )
    assert rewrite(content, laid(content, MAIL, opens=False)).html == '<p><a href="https://go.example/b">b</a></p>'
    assert laid(Content(text="https://a.example"), MAIL).pixel == ""


def test_a_wrong_address_in_a_text_is_refused_and_named() -> None:
    (error,) = choose(Content(text="Look: https://ann@shop.example/"), SMS, DOORS).errors
    assert error.path == "body"
    assert error.message == (
        "A link of the text, 'https://ann@shop.example/', cannot be tracked: it has a user name or password before "
        "its host."
    )
    assert choose(Content(text="Look: https://ann@shop.example/"), MARKED, DOORS).errors == ()


def test_what_nothing_is_tracked_of_is_what_it_was() -> None:
    content = Content(text="Hello")
    assert sent(content) is content


def test_short_addresses_are_found_with_all_that_they_stand_for() -> None:
    content = Content(html='<a data-link-name="b" href="https://b.example">b</a>', text="@https://a.example")
    message = Message(
        id="m1", workspace="w1", direction=Direction.OUTGOING, created_at=1, tracking=(laid(content, MAIL),)
    )
    whole: dict[str, Any] = {"workspace": "w1", "message": "m1", "channel": "c1", "platform": "sms", "expires_at": 9}
    assert list(links_of(message)) == [
        Link(slug="a", kind=LinkKind.CLICK, url="https://a.example", **whole),
        Link(slug="b", kind=LinkKind.CLICK, url="https://b.example", name="b", **whole),
        Link(slug="c", kind=LinkKind.OPEN, **whole),
    ]
    assert shown_links(message.tracking) == [
        {"url": "https://a.example", "shortUrl": "https://go.example/a"},
        {"url": "https://b.example", "shortUrl": "https://go.example/b", "name": "b"},
    ]
    assert tracking_on(message, "sms", "c1") is message.tracking[0]
    assert tracking_on(message, "sms", "c2") is None


@given(st.text("ab @.,!?()[]{}:/htps\n'\"<>é。", max_size=40).map(lambda text: f"x https://shop.example/{text}"))
def test_whatever_the_text_nothing_else_of_it_changes(text: str) -> None:
    for each in addresses_in(text):
        assert text[each.start :].lower().startswith(("http://", "https://"))
        assert (text[each.start - 1 : each.start] == "@") >= each.marked
    tracking = laid(Content(text=text))
    got = rewrite(Content(text=text), tracking).text
    for edit in reversed(tracking.links):
        short = f"https://go.example/{edit.slug}" if edit.slug else ""
        at = edit.start + sum(
            (len(f"https://go.example/{each.slug}") if each.slug else 0) - (each.end - each.start)
            for each in tracking.links
            if each.start < edit.start
        )
        assert got[at : at + len(short)] == short
        got = got[:at] + text[edit.start : edit.end] + got[at + len(short) :]
    assert got == text


def test_slugs_are_short_and_plain_and_as_likely_as_each_other() -> None:
    assert slug_of(bytes(OCTETS)) == "2" * LETTERS
    assert slug_of((56**LETTERS - 1).to_bytes(OCTETS, "big")) == "Z" * LETTERS
    assert slug_of((56).to_bytes(OCTETS, "big")) == "23" + "2" * 8
    assert len(set(ALPHABET)) == 56
    assert set(ALPHABET).isdisjoint("0Oo1lI")
    assert is_gsm7(ALPHABET)


def test_an_end_of_a_subscription_is_known_by_its_words() -> None:
    for address in ("https://a.example/unsubscribe", "https://a.example/?OPT_OUT", "https://a.example/list-unsub/1"):
        assert ends_subscription(address)
    for address in ("https://a.example/unsubstantiated", "https://a.example/options/outdoor", "https://a.example/out"):
        assert not ends_subscription(address)
    assert all(says_unsubscribe(f"Klik: {each.upper()}!") for each in SAYING_SO if each.upper().casefold() == each)
    assert not says_unsubscribe("Subscribe")
    assert is_address(" www.bank.example ")
    assert not is_address("see https://bank.example")
