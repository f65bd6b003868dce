"""Unsubscribe links: a page for people, one click for mail programs, and nothing for those who make links up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.hub import Running, running
from tidings.rules.unsubscribing import Unsubscribing, write_token

KEY = "an-unsubscribe-key"
SETTINGS = {
    "baseUrl": "smtp://127.0.0.1:9",
    "starttls": False,
    "sender": "shop@hub.example",
    "domain": "hub.example",
    "returnPathKey": "a-return-path-key",
    "unsubscribeKey": KEY,
}
CLICK = b"List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Linked:
    """A hub, and a message with a link in it."""

    def __init__(self, hub: Running, workspace: str, message: str) -> None:
        self.hub = hub
        self.workspace = workspace
        self.message = message
        self.token = write_token(Unsubscribing(workspace, message, "ada@example.com"), KEY)

    async def visit(self, method: str, token: str, body: bytes = b"", **headers: str) -> tuple[int, str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.hub.base_url}/u/{token}"
        async with self.hub.http.request(method, url, data=body, headers=named, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers

    async def heard(self) -> list[str]:
        """What the log says of interactions."""
        path = f"/workspaces/{self.workspace}/events?types=email.interaction"
        return [each["payload"]["type"] for each in (await self.hub.ask("GET", path + "&dialect=channels"))["results"]]


@asynccontextmanager
async def linked(tmp_path: Path) -> AsyncIterator[Linked]:
    async with running(tmp_path) as hub:
        workspace, _ = await hub.workspace()
        await hub.channel(workspace, "email", "smtp", SETTINGS)
        body = {"to": {"email": "ada@example.com"}, "rules": ["email"], "body": "Hello"}
        made = await hub.ask("POST", f"/apispaces/{workspace}/messages", body, expect=201)
        yield Linked(hub, workspace, made["messageId"])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, CLICK),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        ),
    ],
    ids=["urlencoded", "multipart"],
)
async def test_one_click_unsubscribes_once(tmp_path: Path, headers: dict[str, str], body: bytes) -> None:
    async with linked(tmp_path) as link:
        for _ in range(2):
            status, page, _ = await link.visit("POST", link.token, body, **headers)
            assert (status, "You are unsubscribed" in page) == (200, True)
        assert await link.heard() == ["unsubscribe-request"]


async def test_to_look_at_a_link_changes_nothing(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        for method in ("GET", "HEAD"):
            status, page, headers = await link.visit(method, link.token)
            assert status == 200
        assert "Unsubscribe" in (await link.visit("GET", link.token))[1]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["content-type"].startswith("text/html")
        assert await link.heard() == []
        del page


async def test_the_button_on_the_page_does_what_a_click_does(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        page = (await link.visit("GET", link.token))[1]
        assert 'name="List-Unsubscribe" value="One-Click"' in page
        assert "ada@example.com" in page
        await link.visit("POST", link.token, CLICK, **FORM)
        assert await link.heard() == ["unsubscribe-request"]


async def test_a_post_that_says_something_else_only_shows_the_page(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        for headers, body in ((FORM, b"List-Unsubscribe=no"), ({"content-type": "text/plain"}, CLICK), (FORM, b"")):
            status, page, _ = await link.visit("POST", link.token, body, **headers)
            assert (status, "<form" in page) == (200, True)
        assert await link.heard() == []


async def test_a_link_that_is_not_ours_looks_the_same_and_does_nothing(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        forged = [
            write_token(Unsubscribing(link.workspace, link.message, "ada@example.com"), "another-key"),
            write_token(Unsubscribing("elsewhere", link.message, "ada@example.com"), KEY),
            link.token[:-1] + ("A" if link.token[-1] != "A" else "B"),
        ]
        good = await link.visit("GET", link.token)
        for token in forged:
            assert (await link.visit("GET", token))[:2] == good[:2]
            status, page, _ = await link.visit("POST", token, CLICK, **FORM)
            assert (status, "You are unsubscribed" in page) == (200, True)
        assert await link.heard() == []


@pytest.mark.parametrize("token", ["x", "x.y", "%3Cscript%3E", "A" * 2000])
async def test_what_is_no_token_shows_a_page_that_names_nobody(tmp_path: Path, token: str) -> None:
    async with linked(tmp_path) as link:
        status, page, _ = await link.visit("GET", token)
        assert (status, "script" in page, "<b>" in page) == (200, False, False)


async def test_an_address_that_is_none_is_not_shown(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        token = write_token(Unsubscribing("w", "m", "<script>@x"), KEY)
        assert "script" not in (await link.visit("GET", token))[1]
