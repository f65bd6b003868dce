"""The HTML of mails stays as it is outside the addresses that give way, and another program reads the same tree."""

from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tidings.model.content import Content
from tidings.rules.links import Choice, Doors, Wish, choose, lay_out, rewrite
from tidings.rules.links.html import CLIPPED, read_html
from tidings.rules.links.rewriting import PIXEL
from tidings.rules.links.tags import end_of, value_at
from tidings.rules.links.targets import target_of

MAILS = sorted((Path(__file__).parent / "mails").glob("*.html"))
"""In the manner of real ones. What leads to `/track/` gives way there, and nothing else."""
DOORS = Doors("https://hub.example/u/", "https://go.example/")
LISTED = {"list-unsubscribe": "<mailto:leave@shop.example>, <https://shop.example/left/listed>"}
HREF = (None, "href")
PICTURE = PIXEL.format("https://go.example/o/slug0.gif")


def chosen(html: str, asked: Any = "on") -> Choice:
    wish = Wish(asked, email=True, buttons=True)
    return choose(Content(html=html, headers=LISTED), wish, DOORS)


def rewritten(html: str, choice: Choice, *, opens: bool = False) -> str:
    slugs = (f"slug{number}" for number in range(10_000))
    laid = lay_out(
        choice, "email", "c1", base="https://go.example/", expires_at=1, opens=opens, slug=lambda: next(slugs)
    )
    return rewrite(Content(html=html), laid).html


def pieces(html: str) -> list[dict[str, Any]]:
    """What another program reads, piece by piece."""
    return list(html5lib.getTreeWalker("etree")(html5lib.parse(html)))


def hrefs(html: str) -> set[str]:
    """The links that another program finds."""
    links = (each["data"] for each in pieces(html) if each.get("name") in ("a", "area") and "data" in each)
    return {each[HREF] for each in links if HREF in each}


def check(html: str) -> Choice:
    """Check that nothing has changed but addresses, and those to what they were chosen for."""
    choice = chosen(html)
    result = rewritten(html, choice)
    back = result
    for number, each in reversed(list(enumerate(choice.found))):
        back = back.replace(f"https://go.example/slug{number}", html[each.start : each.end])
    assert back == html
    before, after = pieces(html), pieces(result)
    assert len(before) == len(after)
    for was, now in zip(before, after, strict=True):
        if was != now:
            short = now["data"][HREF]
            assert choice.found[int(short.removeprefix("https://go.example/slug"))].url == target_of(was["data"][HREF])
            assert {**was, "data": {**was["data"], HREF: short}} == {**now, "data": dict(now["data"])}
            assert was["name"] in ("a", "area")
    return choice


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: str(path.stem))
def test_of_a_mail_the_links_to_be_tracked_give_way_and_nothing_else(mail: Path) -> None:
    html = mail.read_bytes().decode()
    choice = check(html)
    assert choice.errors == ()
    wanted = {target_of(each) for each in hrefs(html) if "/track/" in each}
    assert {each.url for each in choice.found} == wanted
    assert len(choice.found) == len(wanted)


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: str(path.stem))
def test_a_picture_is_all_that_opens_add(mail: Path) -> None:
    html = mail.read_bytes().decode()
    choice = chosen(html)
    at = choice.picture_at
    if mail.stem == "amp":
        assert at is None
        return
    assert at is not None
    nothing = Choice((), at)
    result = rewritten(html, nothing, opens=True)
    assert result == html[:at] + PICTURE + html[at:]
    assert rewritten(html, nothing) == html
    pictures = [each for each in pieces(result) if each.get("name") == "img" and "/o/" in each["data"][(None, "src")]]
    # A mail that is cut off within a tag has it there, and so nowhere.
    assert len(pictures) == (mail.stem != "cut_off")


_CHUNKS = st.sampled_from(
    [
        *('<a href="https://shop.example/1">', "<a href=https://shop.example/2 >", "<A HREF='https://shop.example/3'>"),
        *('<a\nclass=x href = "https://shop.example/&amp;4"title=y>', '<area href="https://shop.example/5"/>', "</a>"),
        *('<a href="mailto:a@b">', "<a href>", "<a href=>", '<a x="y>" href="https://shop.example/6" href=z>', "<a>"),
        *("<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<table>", "<tr>", "<td>", "</table>", "<br/>", "<ul><li>"),
        *("<!-- <a href=https://shop.example/7> -->", "<![endif]>", "<!>", "</>", "<?x?>", "<!doctype html>", "<html>"),
        *("<style><a href=https://shop.example/8></style>", "<title></a></title>", "<textarea><a></textarea>"),
        *("<body>", "</body>", "</html>", "<head>", "</head>", " ", "\r\n", "é😀", "&amp;", "&lt;a&gt;", "a < b", "<3"),
        *("<svg>", "</svg>", "<font>", "<form>", "<center>", "<h1>", "</h1>", "{{ x }}", "<img src=y>", "<", "text"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_CHUNKS, max_size=25).map("".join))
def test_whatever_the_html_nothing_changes_but_addresses(html: str) -> None:
    try:
        pieces(html)
    except AssertionError:
        # The other program has faults of its own: `<table><svg><html>` is too much for it.
        reject()
    choice = check(html)
    assert {each.url for each in choice.found} == {
        target_of(each) for each in hrefs(html) if each.startswith("https://shop.example/")
    }


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("<a hreHREF='\"=/> \n\t&;xhttps:s.e-!\0"), max_size=80))
def test_no_html_breaks_the_reading(html: str) -> None:
    read = read_html(html)
    assert read is not None
    assert all(html[each.start : each.end] and "href" in each.attributes for each in read.anchors)


def test_links_have_the_names_that_the_client_gives_them() -> None:
    choice = chosen('<a data-link-name=" Shop &amp; more " href="https://shop.example">x</a><a href=https://b.example>')
    assert [(each.url, each.name) for each in choice.found] == [
        ("https://shop.example", "Shop & more"),
        ("https://b.example", ""),
    ]


def test_of_marked_links_only_those_that_ask_for_it_are_tracked_and_opens_are_not() -> None:
    html = '<a href="https://a.example" data-track="on">a</a><a href="https://b.example">b</a>'
    choice = chosen(html, "marked")
    assert [each.url for each in choice.found] == ["https://a.example"]
    assert choice.picture_at is None


@pytest.mark.parametrize(
    "href",
    [
        *(
            "javascript:alert(1)",
            "JAVASCRIPT&colon;alert(1)",
            " jav&#9;ascript:x",
            "&#1;javascript:x",
            "data:text/html,x",
        ),
        *("vbscript:x", "/relative", "relative", "//evil.example/x", "?q", "https:evil.example", "https:///x"),
        *(
            "https://shop.example\\@evil.example",
            "https://ann:secret@shop.example",
            "https://shop.example@evil.example",
        ),
        *(
            "https://shop.example/&#13;&#10;Set-Cookie:x",
            "https://g&#1086;&#1086;gle.com",
            "https://xn--80ak6aa92e.com",
        ),
        *("https://shop.example:99999/", "https://a..b/", "https://sh%6fp.example/", "https://[::1", "https://[zz]/"),
    ],
)
def test_a_link_that_may_lead_elsewhere_is_refused_and_named(href: str) -> None:
    choice = chosen(f'<p><a href="{href}">x</a><a href="https://shop.example/fine">y</a>')
    (error,) = choice.errors
    assert (error.path, error.code) == ("body", "link")
    assert "link of the HTML" in error.message
    assert [each.url for each in choice.found] == ["https://shop.example/fine"]


def test_what_is_wrong_with_a_spared_link_is_heard_of_too() -> None:
    (error,) = chosen('<a href="/unsubscribe-me-1">Unsubscribe</a>').errors
    assert "relative" in error.message


def test_too_many_links_are_refused_and_so_are_many_wrong_ones_at_once() -> None:
    (error,) = chosen('<a href="https://shop.example">x</a>' * 1001).errors
    assert "1000 are the most" in error.message
    assert len(chosen('<a href="/x">x</a>' * 50).errors) == 20


def test_html_that_would_take_long_to_be_read_is_refused_unread() -> None:
    choice = chosen("<p><b><i><a href=https://shop.example>" * 5001)
    (error,) = choice.errors
    assert "more than 20000 tags" in error.message
    assert (choice.found, choice.picture_at) == ((), None)


def test_long_addresses_are_told_of_shortly() -> None:
    (error,) = chosen(f'<a href="/{"x" * 5000}">x</a>').errors
    assert len(error.message) < 300


def test_a_link_without_any_text_is_looked_at_no_further_than_is_needed() -> None:
    deep = "<svg>" + '<a href="https://shop.example/x">' * 900 + "unsubscribe"
    assert len(chosen(deep).found) > 600


def test_the_picture_goes_to_the_top_of_a_mail_that_will_be_clipped() -> None:
    html = f'<html><BODY class="a>b" x>{"é" * (CLIPPED // 2)}</body></html>'
    choice = chosen(html.replace("</body>", '<a href="https://shop.example">x</a></body>'))
    assert choice.picture_at == html.index(">é") + 1
    both = rewritten(html.replace("</body>", '<a href="https://shop.example">x</a></body>'), choice, opens=True)
    assert both == (
        html.replace(">é", f">{PIXEL.format('https://go.example/o/slug1.gif')}é", 1).replace(
            "</body>", '<a href="https://go.example/slug0">x</a></body>'
        )
    )


def test_the_picture_goes_before_the_end_of_the_body_that_is_written_last() -> None:
    for html, before in (
        ("<body>x</body></html>", "</body>"),
        ("<BODY>x</BODY>İ", "</BODY>"),
        ("<body>x</body><!--[if mso]></body><![endif]-->", "</body><!--"),
        ("<body>x<!-- </body>", ""),
        ("<!--" + "</body>" * 20, ""),
        ("no body", ""),
    ):
        at = chosen(html).picture_at
        assert at is not None
        assert html[at:].startswith(before) if before else at == len(html)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ('<a href="x">', "x"),
        ("<a href='x' href=y>", "x"),
        ("<a\thref\n=\r\nx>", "x"),
        ("<a href=x/>", "x/"),
        ('<a =href="y" href="x">', "x"),
        ("<a/href=x>", "x"),
        ('<a title="href=y" HREF=x>', "x"),
        ("<a hrefs=y xhref=z>", None),
        ("<a href>", None),
        ("<a href=>", None),
        ("<a href=''>", ""),
        ('<a href="x', None),
        ("<a", None),
        ("<a ", None),
    ],
)
def test_an_attribute_is_found_where_it_is_written(tag: str, value: str | None) -> None:
    for before, after in (("", ""), ("é<p>", " href=no>")):
        span = value_at(before + tag + after, len(before), "href")
        if value is None and after and not tag.endswith(">"):
            continue
        assert (span and (before + tag)[slice(*span)]) == value


def test_a_tag_ends_where_it_is_closed() -> None:
    for tag in ("<body>", '<body class="a>b" >', "<body x=y/>", "<body / >", "<body x>"):
        assert end_of(f"é{tag}>rest", 1) == 1 + len(tag)
    assert end_of("<body", 0) == len("<body")
