"""Files: uploaded within bounds, and had by whom they are for."""

from urllib.parse import urlsplit

import pytest

from support.appdoors import Space, space_at
from support.visiting import Visiting

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


async def test_a_file_is_uploaded_by_a_form_and_had_by_its_address(space: Space) -> None:
    token = await space.token("ann")
    files = {"file": ("C:\\cats\\a cat.png", PNG, "image/png")}
    answer = await space("POST", "/content?folder=cats", token, files=files)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert {name: told[name] for name in ("type", "size", "folder", "name")} == {
        "type": "image/png",
        "size": len(PNG),
        "folder": "cats",
        "name": "a cat.png",
    }
    url = urlsplit(told["url"])
    assert f"{url.scheme}://{url.netloc}" == "https://hub.example.test"
    had = await space.visit("GET", f"{url.path}?{url.query}", key=None)
    assert had.content == PNG
    assert had.headers["content-type"] == "image/png"
    assert had.headers["content-disposition"] == "inline; filename*=UTF-8''a%20cat.png"
    assert had.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert had.headers["x-content-type-options"] == "nosniff"


async def test_a_file_is_uploaded_as_it_is(space: Space) -> None:
    headers = {"content-type": "application/pdf"}
    answer = await space("POST", "/content?name=a.pdf", await space.token("ann"), content=b"%PDF", headers=headers)
    url = urlsplit(answer.json()["url"])
    had = await space.visit("GET", f"{url.path}?{url.query}", key=None)
    assert had.headers["content-disposition"] == "attachment; filename*=UTF-8''a.pdf"


async def test_a_file_is_closed_to_whoever_does_not_have_its_key(space: Space, visit: Visiting) -> None:
    ann, mallory = await space.token("ann"), await space.token("mallory")
    told = (await space("POST", "/content", ann, files={"file": ("a.png", PNG, "image/png")})).json()
    path = f"/content/{told['id']}"
    assert (await space("GET", path, ann)).status_code == 200
    assert (await space("GET", path)).status_code == 200
    assert (await space("GET", path, mallory)).status_code == 404
    assert (await space("GET", path, None)).status_code == 401
    assert (await space("GET", f"{path}?key=x", None)).status_code == 401
    assert (await space("GET", "/content/none", ann)).status_code == 404
    neighbour = await space_at(visit, "Neighbour")
    key = urlsplit(told["url"]).query
    assert (await neighbour("GET", f"{path}?{key}", None)).status_code == 404
    assert (await neighbour("GET", path)).status_code == 404


@pytest.mark.parametrize(
    ("kind", "octets", "status"),
    [
        ("image/png", 1000, 201),
        ("image/png", 1001, 413),
        ("image/png", 30_000, 413),
        ("image/png", 0, 400),
        ("image/svg+xml", 10, 415),
        ("text/html", 10, 415),
        ("audio/ogg; codecs=opus", 10, 201),
        ("", 10, 415),
    ],
)
async def test_files_have_their_bounds(visit: Visiting, kind: str, octets: int, status: int) -> None:
    space = await space_at(visit, fileLimit=1000)
    headers = {"content-type": kind} if kind else {}
    answer = await space("POST", "/content", await space.token("ann"), content=b"x" * octets, headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"no form", "multipart/form-data; boundary=b"),
        (b"no form", "multipart/form-data"),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_a_form_without_a_file_is_refused(space: Space, body: bytes, kind: str) -> None:
    answer = await space("POST", "/content", await space.token("ann"), content=body, headers={"content-type": kind})
    assert answer.status_code == 400
