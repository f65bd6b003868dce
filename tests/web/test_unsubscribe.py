"""Unsubscribe links: a page for people, one click for mail programs, and nothing for those who make links up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.hub import Running, running
from tidings.model.secrets import Secret
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

    def __init__(self, hub: Running, workspace: str, message: str, channel: str) -> None:
        self.channel = channel
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
        channel = await hub.channel(workspace, "email", "smtp", SETTINGS)
        body = {"to": {"email": "ada@example.com"}, "rules": ["email"], "body": "Hello"}
        made = await hub.ask("POST", f"/apispaces/{workspace}/messages", body, expect=201)
        yield Linked(hub, workspace, made["messageId"], channel["id"])


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


async def test_a_link_that_is_not_ours_leads_nowhere_and_names_nobody(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        forged = [
            write_token(Unsubscribing(link.workspace, link.message, "ada@example.com"), "another-key"),
            write_token(Unsubscribing("elsewhere", link.message, "ada@example.com"), KEY),
            link.token[:-1] + ("A" if link.token[-1] != "A" else "B"),
        ]
        for token in forged:
            for method, body in (("GET", b""), ("HEAD", b""), ("POST", CLICK)):
                status, page, headers = await link.visit(method, token, body, **FORM)
                assert (status, "location" in headers) == (404, False)
                assert "ada" not in page
                assert "<form" not in page
        assert await link.heard() == []


@pytest.mark.parametrize("token", ["x", "x.y", "%3Cscript%3E", "A" * 2000])
async def test_what_is_no_token_leads_nowhere(tmp_path: Path, token: str) -> None:
    async with linked(tmp_path) as link:
        status, page, _ = await link.visit("GET", token)
        assert (status, "script" in page, "<b>" in page) == (404, False, False)


async def test_an_address_that_is_none_is_not_shown(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        token = write_token(Unsubscribing(link.workspace, link.message, "<script>@x"), KEY)
        status, page, _ = await link.visit("GET", token)
        assert (status, "script" in page) == (200, False)
        assert "to you." in page


def ours(link: Linked, address: str = "ada@example.com", **more: str) -> str:
    """Make a token of the hub's own."""
    keys = link.hub.world.directory.unsubscribe_keys
    named = {"workspace": link.workspace, "message": link.message, "address": address, "channel": link.channel, **more}
    return write_token(Unsubscribing(**named), keys[0].reveal())


async def test_the_page_says_who_will_write_to_whom_no_more(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        for token in (link.token, ours(link)):
            page = (await link.visit("GET", token))[1]
            assert "<b>shop@hub.example</b> will send no more e-mails of this kind to <b>ada@example.com</b>." in page
            done = (await link.visit("POST", token, CLICK, **FORM))[1]
            assert "<b>shop@hub.example</b> has been told to send no more e-mails" in done


async def test_a_sender_is_shown_by_name_and_a_forgotten_message_by_its_workspace(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        body = {
            "to": {"email": "ada@example.com"},
            "rules": ["email"],
            "body": "Hello",
            "channelOptions": {"email": {"from": '"The <b>Shop</b> & \u202ecnys" <news@hub.example>'}},
        }
        made = await link.hub.ask("POST", f"/apispaces/{link.workspace}/messages", body, expect=201)
        page = (await link.visit("GET", ours(link, message=made["messageId"])))[1]
        assert "<b>The &lt;b&gt;Shop&lt;/b&gt; &amp;  cnys</b> (news@hub.example)" in page
        assert "<b>Acme</b> will send" in (await link.visit("GET", ours(link, message="forgotten")))[1]


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl", "Afmelden?"),
        ("de", "de", "Abmelden?"),
        ("fr-CA", "fr", "Se désabonner ?"),
        ("es;q=0.9, en;q=0.1", "es", "¿Darse de baja?"),
        ("ja, *;q=0.1", "en", "Unsubscribe?"),
        ("nl;q=0, de;q=much, fr;q=2, en;level=1", "en", "Unsubscribe?"),
        ("", "en", "Unsubscribe?"),
    ],
)
async def test_the_page_is_in_the_readers_language(tmp_path: Path, accepted: str, language: str, title: str) -> None:
    async with linked(tmp_path) as link:
        _, page, headers = await link.visit("GET", ours(link), accept_language=accepted)
        assert f'<html lang="{language}">' in page
        assert f"<h1>{title}</h1>" in page
        assert headers["content-language"] == language
        assert headers["vary"] == "accept-language"


async def test_the_hubs_own_link_unsubscribes_once_and_keeps_nobodys_browser(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        for _ in range(2):
            await link.visit("POST", ours(link), CLICK, **FORM, user_agent="Telltale/1.0")
        assert await link.heard() == ["unsubscribe-request"]
        life = await link.hub.ask("GET", f"/workspaces/{link.workspace}/messages/{link.message}")
        assert "one-click" in str(life)
        assert "Telltale" not in str(life)


async def test_a_workspace_may_keep_whose_browser_it_was(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        await link.hub.ask("PATCH", f"/workspaces/{link.workspace}", {"keepClients": True})
        await link.visit("POST", ours(link), CLICK, **FORM, user_agent="Telltale/1.0")
        life = await link.hub.ask("GET", f"/workspaces/{link.workspace}/messages/{link.message}")
        assert "Telltale" in str(life)


@pytest.mark.parametrize("gone", ["the message", "the channel"])
async def test_who_unsubscribes_late_is_written_to_no_more_all_the_same(tmp_path: Path, gone: str) -> None:
    async with linked(tmp_path) as link:
        token = ours(link, **({"message": "forgotten"} if gone == "the message" else {"channel": "gone"}))
        assert (await link.visit("POST", token, CLICK, **FORM))[0] == 200
        body = {"to": {"email": "ada@example.com"}, "rules": ["email"], "body": "Hello again"}
        made = await link.hub.ask("POST", f"/apispaces/{link.workspace}/messages", body, expect=201)
        shown = await link.hub.ask("GET", f"/workspaces/{link.workspace}/messages/{made['messageId']}")
        assert (shown["stage"], shown["reason"]["cause"]) == ("failed", "opted-out")


async def test_a_link_of_a_workspace_that_is_gone_is_answered_kindly(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        token = ours(link, workspace="gone")
        assert (await link.visit("POST", token, CLICK, **FORM))[0] == 200
        assert await link.heard() == []


async def test_links_work_on_when_the_hub_has_a_new_key(tmp_path: Path) -> None:
    async with linked(tmp_path) as link:
        token, directory = ours(link), link.hub.world.directory
        await directory.change(lambda: directory.add_unsubscribe_key(Secret("a newer key")))
        await directory.change(directory.reseal)
        assert directory.unsubscribe_keys[0].reveal() == "a newer key"
        assert ours(link) != token
        for each in (token, ours(link)):
            assert (await link.visit("GET", each))[0] == 200
        await link.visit("POST", token, CLICK, **FORM)
        assert await link.heard() == ["unsubscribe-request"]
