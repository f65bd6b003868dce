"""The doors that short addresses lead to: where one is sent, what is told of it, and what leads nowhere."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from support.following import TARGET, Followed, followed
from support.waiting import until
from tidings.model.errors import Misconfigured
from tidings.model.links import Link
from tidings.settings import Settings
from tidings.web.linkhost import LinkHost

NOBODY = "9.9.9.9"
"""An address of everybody's internet."""


async def test_a_click_is_sent_on_and_told_in_both_vocabularies(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(f"See {TARGET}.")
        hub.story.clock.skip(60)
        answer = await hub.visit(link)
        assert (answer.status, answer.headers["location"], answer.body) == (302, TARGET, b"")
        assert answer.headers.getall("cache-control") == ["no-store, private"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
        [told] = await hub.clicks(1)
        assert told["id"] == hub.message
        assert (told["url"], told["shortUrl"], told["prefetched"]) == (TARGET, link, False)
        assert "userAgent" not in told
        [shown] = hub.story.subscriber.bodies("sms.interaction")
        assert shown["payload"]["type"] == "clicked"
        assert shown["payload"]["metadata"] == {"link": {"name": "", "url": TARGET}, "prefetched": False}
        assert hub.counted("human") == 1


async def test_every_click_is_told_once(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(60)
        answers = await asyncio.gather(*(hub.visit(link) for _ in range(40)))
        assert {each.status for each in answers} == {302}
        assert len(await hub.clicks(40)) == 40


async def test_a_head_is_answered_alike_and_told_as_a_machines(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(60)
        answer = await hub.visit(link, "HEAD")
        assert (answer.status, answer.headers["location"]) == (302, TARGET)
        [told] = await hub.clicks(1)
        assert told["prefetched"] is True
        [shown] = hub.story.subscriber.bodies("sms.interaction")
        assert shown["payload"]["details"] == "head"
        assert (hub.counted("human"), hub.counted("prefetched")) == (0, 1)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_nothing_else_can_be_done_with_a_link(tmp_path: Path, method: str) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        answer = await hub.visit(link, method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/l/aaaaaaaaaa",
        "/l/{slug}x",
        "/l/{slug}%0d%0aLocation:%20https:%2f%2fevil.example",
        "/l/{slug}%00",
        "/l/{slug}/..%2f",
        "/l/%2f%2fevil.example",
        "/l/https:%2f%2fevil.example",
        "/l/\\evil.example",
        "/l/x",
        "/l/" + "a" * 500,
        "/l/o/{slug}.gif",
        "/l/o/{slug}",
    ],
)
async def test_what_is_no_link_leads_nowhere(tmp_path: Path, path: str) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        slug = link.rpartition("/")[2]
        status, head, body = await raw(hub, path.replace("{slug}", slug))
        assert status == 404
        assert b"location" not in head.lower()
        assert b"evil" not in body
        await hub.story.quiet()
        assert hub.story.subscriber.bodies("interaction.click") == []


async def test_what_a_visitor_says_does_not_change_where_they_go(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        asked = f"{link}?url=https://evil.example&to=//evil.example"
        answer = await hub.visit(asked, host="evil.example", x_forwarded_host="evil.example")
        assert (answer.status, answer.headers["location"]) == (302, TARGET)


async def test_a_target_that_no_header_can_hold_leads_nowhere(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        known = hub.world.links.last(await slug_of(hub, link))
        assert isinstance(known, Link)
        for url in ("https://a.example/\r\nX: 1", "https://a.example\\@evil", "javascript:alert(1)", "//evil", ""):
            hub.world.links.keep(replace(known, url=url), hub.world.clock.now())
            answer = await hub.visit(link)
            assert (answer.status, "location" in answer.headers) == (404, False)


async def test_a_link_that_has_expired_says_so_kindly(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(91 * 86_400)
        answer = await hub.visit(link, accept_language="nl-NL, en;q=0.5")
        assert (answer.status, "location" in answer.headers) == (410, False)
        assert "Deze link is verlopen" in answer.body.decode()
        assert answer.headers["content-language"] == "nl"
        assert answer.headers.getall("cache-control") == ["no-store, private"]


async def test_links_stand_at_the_root_of_a_host_of_their_own(tmp_path: Path) -> None:
    async with followed(tmp_path, link_url="https://go.example") as hub:
        [link] = await hub.send(TARGET)
        slug = link.removeprefix("https://go.example/")
        here = hub.story.at_work.base_url
        answer = await hub.visit(f"{here}/{slug}", host="GO.example")
        assert (answer.status, answer.headers["location"]) == (302, TARGET)
        assert (await hub.visit(f"{here}/{slug}")).status == 404
        assert (await hub.visit(f"{here}/healthz", host="go.example")).status == 200
        assert (await hub.visit(f"{here}/{slug}/more/of/it", host="go.example")).status == 404
        hub.story.clock.skip(10)
        assert (await hub.clicks(1))[0]["shortUrl"] == link


def test_a_path_before_the_slugs_is_known() -> None:
    host = LinkHost.of(Settings(public_url="https://hub.example", link_url="https://example.com/go"))
    assert host is not None
    asked = [(b"host", b"example.com")]
    assert host.below(asked, "/go/abc") == "/l/abc"
    assert host.below(asked, "/gone/abc") is None
    assert host.below([], "/go/abc") is None
    assert LinkHost.of(Settings(public_url="https://hub.example", link_url="https://hub.example/l")) is None


async def test_who_guesses_is_asked_to_wait_but_not_who_follows_a_known_link(tmp_path: Path) -> None:
    async with followed(tmp_path, trusted_proxies="127.0.0.0/8") as hub:
        [link] = await hub.send(TARGET)
        guesses = [await guess(hub, number, NOBODY) for number in range(61)]
        assert guesses == [404] * 60 + [429]
        assert await guess(hub, 99, "8.8.8.8") == 404
        # It was never looked up here, and is not for somebody who guesses.
        waiting = await hub.visit(link, x_forwarded_for=NOBODY)
        assert (waiting.status, waiting.headers["retry-after"]) == (429, "60")
        assert (await hub.visit(link, x_forwarded_for="8.8.8.8")).status == 302
        assert (await hub.visit(link, x_forwarded_for=NOBODY)).status == 302
        hub.story.clock.skip(61)
        assert await guess(hub, 100, NOBODY) == 404


async def test_nobody_is_asked_to_wait_for_what_others_do_behind_the_same_proxy(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        assert {await guess(hub, number, NOBODY) for number in range(70)} == {404}


async def test_of_who_asks_not_to_be_tracked_nothing_is_told(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(60)
        assert (await hub.visit(link, dnt="1")).headers["location"] == TARGET
        assert (await hub.visit(link, sec_gpc="1")).headers["location"] == TARGET
        assert hub.counted("untracked") == 2
        await hub.visit(link, dnt="0")
        assert len(await hub.clicks(1)) == 1


async def test_a_workspace_may_track_all_the_same_and_keep_who_it_was(tmp_path: Path) -> None:
    async with followed(tmp_path, trusted_proxies="127.0.0.1") as hub:
        path = f"/workspaces/{hub.story.workspace}"
        changed = await hub.story.ask("PATCH", path, {"doNotTrack": "ignore", "keepClients": True})
        assert (changed["doNotTrack"], changed["keepClients"]) == ("ignore", True)
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(60)
        await hub.visit(link, dnt="1", x_forwarded_for=NOBODY)
        [told] = await hub.clicks(1)
        assert told["userAgent"].startswith("Mozilla/5.0")
        assert NOBODY in str(await hub.story.life(hub.message))


async def test_else_nothing_of_who_it_was_is_kept_anywhere(tmp_path: Path) -> None:
    async with followed(tmp_path, trusted_proxies="127.0.0.1", click_stall=60.0) as hub:
        [link] = await hub.send(TARGET)
        await hub.visit(link, x_forwarded_for=NOBODY, user_agent="Mozilla/5.0 Telltale/1.0")
        hub.story.clock.skip(61)
        await hub.clicks(1)
        written = b"".join(file.read_bytes() for file in (tmp_path / "var").iterdir())
        assert hub.message.encode() in written
        assert (b"Telltale" in written, NOBODY.encode() in written) == (False, False)


async def test_a_crowd_from_one_network_is_seen_only_together_with_something_else(tmp_path: Path) -> None:
    async with followed(tmp_path, trusted_proxies="127.0.0.1") as hub:
        links = [(await hub.send(TARGET))[0] for _ in range(4)]
        hub.story.clock.skip(60)
        for number, link in enumerate(links):
            agent, last = "Mozilla/5.0 (X11) Firefox/140.0", number == 3
            await hub.visit(link, as_is=last, x_forwarded_for=f"9.9.9.{number + 1}", user_agent=agent)
        told = await hub.clicks(4)
        assert [each["prefetched"] for each in told] == [False, False, False, True]
        assert hub.story.subscriber.bodies("sms.interaction")[-1]["payload"]["details"] == "no-language, crowd"


async def test_without_the_database_a_known_link_leads_on_and_an_unknown_one_asks_for_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as hub:
        known, cold = await hub.send(f"{TARGET} https://shop.example/two")
        await hub.visit(known)
        await hub.clicks(1)
        hub.story.clock.skip(600)

        database = hub.world.store.database
        read = database.read

        async def refuse(*_: Any) -> None:
            raise OSError("the disk is away")

        async def refuse_links(transaction: Any) -> Any:
            # Others who read would be counted as broken.
            return await (refuse() if transaction.__name__ == "_link" else read(transaction))

        with monkeypatch.context() as broken:
            broken.setattr(database, "read", refuse_links)
            broken.setattr(database, "commit", refuse)
            answer = await hub.visit(known)
            assert (answer.status, answer.headers["location"]) == (302, TARGET)
            assert hub.counted("unrecorded") == 1
            answer = await hub.visit(cold)
            assert (answer.status, answer.headers["retry-after"]) == (503, "60")
            assert hub.counted("unanswered") == 1
        assert (await hub.visit(cold)).headers["location"] == "https://shop.example/two"
        assert len(await hub.clicks(2)) == 2


async def test_nobody_waits_for_a_disk_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.clicks.following.PATIENCE", 0.05)
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        hub.story.clock.skip(60)
        commit, go_on = hub.world.store.database.commit, asyncio.Event()

        async def slowly() -> None:
            await go_on.wait()
            await commit()

        monkeypatch.setattr(hub.world.store.database, "commit", slowly)
        assert (await hub.visit(link)).headers["location"] == TARGET
        assert hub.counted("unrecorded") == 1
        go_on.set()
        # It was on its way to the disk all the same.
        assert len(await hub.clicks(1)) == 1


async def test_a_link_of_a_workspace_that_is_gone_leads_on_and_is_told_nobody(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        [link] = await hub.send(TARGET)
        await hub.story.quiet()
        await hub.story.ask("DELETE", f"/workspaces/{hub.story.workspace}", expect=204)
        assert (await hub.visit(link)).headers["location"] == TARGET
        assert hub.counted("gone") == 1
        # What a story looks at in its end is there once more.
        again = hub.world.directory
        hub.story.workspace = (await hub.story.at_work.workspace())[0]
        await until(lambda: hub.story.workspace in again.workspaces)


async def slug_of(hub: Followed, link: str) -> str:
    """Follow a link once, so that it is known."""
    await hub.visit(link)
    return link.rpartition("/")[2]


async def guess(hub: Followed, number: int, address: str) -> int:
    """Ask for a link that does not exist."""
    url = f"{hub.story.at_work.base_url}/l/guess{number:04d}"
    return (await hub.visit(url, x_forwarded_for=address)).status


async def raw(hub: Followed, path: str) -> tuple[int, bytes, bytes]:
    """Ask for a path exactly as it stands, which no client library would do."""
    host, _, port = hub.story.at_work.base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


async def test_only_mail_has_unsubscribe_links(tmp_path: Path) -> None:
    async with followed(tmp_path) as hub:
        channels = f"/workspaces/{hub.story.workspace}/channels"
        sms = hub.story.channels["twilio"]
        assert sms["listUnsubscribe"] is False
        refused = await hub.story.ask("PATCH", f"{channels}/{sms['id']}", {"listUnsubscribe": True}, expect=422)
        assert [each["path"] for each in refused["errors"]] == ["listUnsubscribe"]


async def test_proxies_that_are_no_networks_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="TIDINGS_TRUSTED_PROXIES"):
        async with followed(tmp_path, trusted_proxies="the balancer"):
            raise AssertionError("the hub started")
