"""Files that are sent along."""

from email.parser import BytesParser
from email.policy import HTTP

import pytest

from tidings.model.content import Media
from tidings.rules.uploads import Upload, octets_of, type_of, write_form


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        (Media(type="Image/PNG; q=1", url="https://example.com/a.jpg"), "image/png"),
        (Media(name="A.PDF", url="https://example.com/a.jpg"), "application/pdf"),
        (Media(url="https://example.com/a.jpeg?x=.png#y.gif"), "image/jpeg"),
        (Media(url="https://example.com/a"), "application/octet-stream"),
        (Media(), "application/octet-stream"),
        (Media(type="image", name="a.png"), "application/octet-stream"),
        (Media(type="text/plain\r\nX: y"), "application/octet-stream"),
        (Media(type="image/*"), "image/*"),
    ],
)
def test_type_is_as_told_or_as_the_name_ends(media: Media, kind: str) -> None:
    assert type_of(media) == kind


def test_a_text_is_its_own_octets_and_anything_else_is_base64() -> None:
    assert octets_of(Media(type="text/csv", data="é;1")) == "é;1".encode()
    assert octets_of(Media(type="application/json", data="{}")) == b"{}"
    assert octets_of(Media(type="image/png", data="aGVsbG8=")) == b"hello"
    for wrong in ("aGVsbG8", "aGV sbG8=", "?"):
        with pytest.raises(ValueError, match=r"padding|base64|alphabet|Excess|Only"):
            octets_of(Media(type="image/png", data=wrong))


def test_form_is_read_as_it_was_written() -> None:
    files = [("photo", Upload('a"\r\nb.png', "image/png", b"\x00\r\n--tidings\r\n")), ("x", Upload("y", "", b""))]
    content_type, body = write_form([("chat_id", "5"), ("text", "Ação\r\n")], files)
    read = BytesParser(policy=HTTP).parsebytes(b"Content-Type: %b\r\n\r\n%b" % (content_type.encode(), body))
    told = [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in read.iter_parts()
    ]
    assert told == [
        ("chat_id", None, b"5"),
        ("text", None, "Ação\r\n".encode()),
        ("photo", "a%22%0D%0Ab.png", b"\x00\r\n--tidings\r\n"),
        ("x", "y", b""),
    ]


def test_form_is_the_same_whenever_it_is_written() -> None:
    one, two = (write_form([("a", "b")], [("c", Upload("d", "e", data))]) for data in (b"f", b"g"))
    assert one == write_form([("a", "b")], [("c", Upload("d", "e", b"f"))])
    assert one[0] != two[0]
