"""What the providers of e-mail share: forms and mails are read as far as they go, and written as they are read."""

import base64
import tracemalloc

import pytest

from tidings.connectors.mail.files import File
from tidings.connectors.mail.forms import MULTIPART, URLENCODED, read_fields
from tidings.connectors.mail.mime import read_mime
from tidings.connectors.mail.words import as_json, milliseconds
from tidings.model.content import Content, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback
from tidings.rules.uploads import Upload, write_form

PARTS = f"{MULTIPART}; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'


def posted(body: bytes, content_type: str) -> Callback:
    return Callback(
        method="POST",
        url="https://hub.example.test/callbacks/7",
        headers={"content-type": content_type},
        body=body,
        received_at=1773500966000,
    )


def test_written_multipart_reads_back_as_it_was() -> None:
    pairs = [("subject", "Grüße\r\n--tidings-"), ("o:tag", "a"), ("o:tag", "b")]
    data = bytes(range(256)) * 3
    written = write_form(pairs, [("attachment", Upload("ä;b.bin", "application/octet-stream", data))])
    found = read_fields(posted(written[1], written[0]), "Acme")
    assert found.pairs == tuple((name, value.encode()) for name, value in pairs)
    assert found.files == (("attachment", File("ä;b.bin", data, "application/octet-stream")),)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", PART + b"--B--\r\n"),
        (PARTS, b""),
        (PARTS, PART),
        (PARTS, b"--B\r\nno end of the headers"),
        (PARTS, b"--B"),
        (PARTS, b"--Bx" + PART[3:] + b"--B--\r\n"),
        (PARTS, b"--B\r\nX: " + b"x" * 20_000 + b"\r\n\r\n1\r\n--B--\r\n"),
        (PARTS, PART * 2001 + b"--B--\r\n"),
        (URLENCODED, b"a=1&" * 2001),
        ("", b""),
        ("text/xml", b"<a/>"),
    ],
)
def test_broken_form_is_unreadable(content_type: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_fields(posted(body, content_type), "Acme")


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('filename="bill.pdf"', "bill.pdf"),
        ("filename=bill.pdf", "bill.pdf"),
        ("filename*=utf-8''gr%C3%BC%C3%9Fe.pdf", "grüße.pdf"),
        ('filename="grüße.pdf"', "grüße.pdf"),
        ('filename*0="a"; filename*1="b"', "ab"),
        ("filename*=unknown''a.pdf", "a.pdf"),
        ("filename*=raw-unicode-escape''%5Cud800", "?"),
    ],
)
def test_file_name_is_read_whichever_way_it_is_written(disposition: str, filename: str) -> None:
    head = f'--B\r\nContent-Disposition: form-data; name="f"; {disposition}\r\nContent-Type: text/plain\r\n\r\n'
    found = read_fields(posted(head.encode() + b"1\r\n--B--\r\n", PARTS), "Acme")
    assert found.files == (("f", File(filename, b"1", "text/plain")),)


@pytest.mark.parametrize("name", ["filename*=idna''%ff", f"filename*{'9' * 5000}*=a"])
def test_broken_file_name_is_none(name: str) -> None:
    body = f'--B\r\nContent-Disposition: form-data; name="f"; {name}\r\n\r\n1\r\n--B--\r\n'.encode()
    assert read_fields(posted(body, PARTS), "Acme").files == ()


def test_large_attachment_is_only_described() -> None:
    limit = 256 * 1024
    assert File("a", b"x" * limit, "t/t").media().data == base64.b64encode(b"x" * limit).decode()
    assert File("a", b"x" * (limit + 1), "t/t").media() == Media(type="t/t", name="a", size=limit + 1)


def test_large_form_is_read_without_copies_without_end() -> None:
    body = PART + b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"\r\n-" * 2_000_000
    tracemalloc.start()
    found = read_fields(posted(body + b"\r\n--B--\r\n", PARTS), "Acme")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.files[0][1].data) == 6_000_000
    assert peak < 60_000_000


def mail(*headers: str, body: str = "Hello") -> bytes:
    return "\r\n".join([*headers, "", body]).encode()


def test_mail_with_parts_without_end_keeps_its_headers() -> None:
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(3000))
    found = read_mime(("Subject: Deep\r\n" + nested + "\r\nHello").encode())
    assert (found.headers["subject"], found.content.title, found.content.text) == ("Deep", "Deep", "")


def test_mail_with_parts_too_deep_is_read_so_far() -> None:
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(30))
    raw = "Subject: Deep\r\n" + nested + "Content-Type: text/plain\r\n\r\nHello"
    assert read_mime(raw.encode()).content == Content(title="Deep")


def test_mail_within_mails_too_deep_is_only_named() -> None:
    nested = "Content-Type: message/rfc822\r\n\r\n" * 25 + "Hello"
    assert read_mime(nested.encode()).content == Content(media=(Media(type="message/rfc822", size=0),))


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (mail("Subject: =?nonsense?q?a?="), Content(title="=?nonsense?q?a?=", text="Hello")),
        (mail("Subject: =?utf-8?b?a?="), Content(title="=?utf-8?b?a?=", text="Hello")),
        (mail("Subject: Grüße", body="Grüße"), Content(title="Grüße", text="Grüße")),
        (mail("Content-Type: text/plain; charset=nonsense"), Content(text="Hello")),
        (mail("Content-Type: text/plain; charset=hex"), Content(text="Hello")),
        (
            mail("Content-Disposition: attachment; filename*=idna''%ff"),
            Content(text="Hello"),
        ),
        (
            mail("Content-Type: message/rfc822", body="Content-Type: message/rfc822\r\n\r\nSubject: In\r\n\r\nHi"),
            Content(
                media=(
                    Media(
                        type="message/rfc822",
                        data=base64.b64encode(b"Content-Type: message/rfc822\n\nSubject: In\n\nHi").decode(),
                        size=45,
                    ),
                )
            ),
        ),
        (
            mail("Content-Type: message/rfc822", body="Content-Type: text/plain; charset=\ufffd\r\n\r\nü\0"),
            Content(
                media=(
                    Media(
                        type="message/rfc822",
                        data=base64.b64encode("Content-Type: text/plain; charset=\ufffd\n\nü\0".encode()).decode(),
                        size=42,
                    ),
                )
            ),
        ),
    ],
)
def test_odd_mail_is_read_as_far_as_it_goes(raw: bytes, content: Content) -> None:
    assert read_mime(raw).content == content


def test_times_that_are_none_are_left_out() -> None:
    assert [milliseconds(at) for at in (None, -1.0, 1e300, 1773500966.123456)] == [None, None, None, 1773500966123]


def test_field_that_should_hold_json_may_hold_anything() -> None:
    assert [as_json(text, list) for text in ("[1]", "", "{", "{}", "[" * 100_000, '"\ud800"')] == [
        [1],
        [],
        [],
        [],
        [],
        [],
    ]
