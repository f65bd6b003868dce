"""A person with a real browser opens a mail, follows a link in it and unsubscribes; both vocabularies tell it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from playwright.async_api import BrowserContext, Page, expect

from support.attaching import attach
from support.browser import browsing, looked_at, someone, why_not
from support.stories import Story, telling
from tidings.simulators.smtp import Smtp

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "Chromium is there")

SETTINGS: Mapping[str, Any] = {
    "starttls": False,
    "sender": "Shop <shop@hub.example>",
    "domain": "hub.example",
    "returnPathKey": "a-return-path-key",
}
PERSON: Mapping[str, Any] = {
    "locale": "nl-NL",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
}
"""Without a window, Chromium says so in its agent, and is believed."""
HTML = """<!doctype html><html><body>
<h1>Your order</h1>
<p><a href="{shop}/track/42?order=7#where" data-link-name="track">Where is it?</a> <a href="{shop}/two">Two</a>
<a href="{shop}/three">Three</a> <a href="mailto:us@shop.example">Write to us</a></p>
</body></html>"""


CONTRAST = """element => {
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0)
  const colours = each => getComputedStyle(each)
  let behind = element
  while (colours(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement
  const [low, high] = [colours(element).color, colours(behind).backgroundColor].map(light).sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}"""
"""The contrast of an element's text (WCAG 2.2, relative luminance)."""


class Shop:
    """Where the links lead: what was asked for there, and whence its visitors said that they came."""

    def __init__(self) -> None:
        self.visits: list[tuple[str, str]] = []
        self.url = ""

    async def show(self, request: web.Request) -> web.Response:
        self.visits.append((request.path_qs, request.headers.get("referer", "")))
        return web.Response(text="<!doctype html><title>The shop</title><h1>Your parcel</h1>", content_type="text/html")


class Mail(NamedTuple):
    """A mail as the mail server got it, and all around it."""

    story: Story
    shop: Shop
    message: str
    html: str
    unsubscribe: str
    """The link of its head."""


@asynccontextmanager
async def shop_open() -> AsyncIterator[Shop]:
    shop, app = Shop(), web.Application()
    app.router.add_get("/{path:.*}", shop.show)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()


@asynccontextmanager
async def mailed(tmp_path: Path) -> AsyncIterator[Mail]:
    """Send a mail with links that are tracked; a minute later it is to be read."""
    async with telling(tmp_path, "email", mail_port=0) as story, shop_open() as shop:
        simulator = await attach(story, Smtp, "email", SETTINGS)
        simulator.mail_door = f"127.0.0.1:{story.at_work.hub.mail.port}"
        channel = f"/workspaces/{story.workspace}/channels/{story.channels['smtp']['id']}"
        assert (await story.ask("PATCH", channel, {"listUnsubscribe": True}))["listUnsubscribe"] is True
        body = {"type": "html", "html": {"text": "Your order", "html": HTML.format(shop=shop.url)}}
        more = {"meta": {"email": {"subject": "Your order"}}, "enableLinkTracking": True}
        message = await story.send_by("smtp", "emailaddress", "ada@example.com", body, **more)
        await story.hears_of("message.sent")
        mail = message_from_bytes(simulator.taken[0]["mail"].encode(), policy=policy.default)
        page = mail.get_body(("html",))
        assert page is not None
        story.clock.skip(60)
        link = str(mail["List-Unsubscribe"]).strip("<>")
        yield Mail(story, shop, message, page.get_content(), link)


async def shown(context: BrowserContext, mail: Mail) -> Page:
    """Open the mail, as a mail program on the web shows it; its pictures are there when this returns."""
    page = await context.new_page()
    await page.set_content(mail.html, wait_until="load")
    return page


async def test_a_person_opens_a_mail_clicks_and_unsubscribes(tmp_path: Path) -> None:
    async with mailed(tmp_path) as mail, browsing() as browser, someone(browser, **PERSON) as ada:
        page = await shown(ada, mail)
        async with looked_at(page, tmp_path / "failed.png"):
            assert await page.locator("img").evaluate("image => image.complete && image.naturalWidth") == 1
            await page.get_by_role("link", name="Where is it?").click()
            await expect(page.get_by_role("heading")).to_have_text("Your parcel")
            assert page.url == f"{mail.shop.url}/track/42?order=7#where"
            # The shop does not hear which mail they came from.
            assert mail.shop.visits[0] == ("/track/42?order=7", "")

            await page.goto(mail.unsubscribe)
            await expect(page.get_by_role("heading")).to_have_text("Afmelden?")
            await expect(page.get_by_role("main")).to_contain_text("Shop (shop@hub.example)")
            await expect(page.get_by_role("main")).to_contain_text("ada@example.com")
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("button", name="Afmelden")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("heading")).to_have_text("U bent afgemeld")
            assert await page.evaluate("document.documentElement.lang") == "nl"
            assert await ada.cookies() == []

        story = mail.story
        # That somebody unsubscribed is told at once; clicks and opens of mail wait for what else is done.
        await story.hears_of("email.interaction")
        assert story.subscriber.told["email.interaction"] == ["unsubscribe-request"]
        story.clock.skip(16)
        await story.hears_of("email.interaction", 3)
        await story.quiet()
        told = story.subscriber.told
        assert told["omnichannel"][-3:] == ["message.delivered", "message.read", "interaction.click"]
        assert told["email.interaction"] == ["unsubscribe-request", "opened", "clicked"]
        by_type = {each["payload"]["type"]: each["payload"] for each in story.subscriber.bodies("email.interaction")}
        assert {each["messageId"] for each in by_type.values()} == {mail.message}
        target = f"{mail.shop.url}/track/42?order=7#where"
        assert by_type["clicked"]["metadata"] == {"link": {"name": "track", "url": target}, "prefetched": False}
        assert by_type["opened"]["metadata"] == {"prefetched": False}
        (click,) = story.subscriber.bodies("interaction.click")
        assert (click["payload"]["url"], click["payload"]["linkName"]) == (target, "track")
        assert click["payload"]["shortUrl"].startswith(f"{story.at_work.base_url}/l/")


async def test_a_browser_that_follows_every_link_at_once_is_told_as_a_machine(tmp_path: Path) -> None:
    async with mailed(tmp_path) as mail, browsing() as browser, someone(browser, **PERSON) as gateway:
        page = await shown(gateway, mail)
        links = await page.locator("a[href^=http]").evaluate_all("links => links.map(link => link.href)")
        assert len(links) == 3
        for link in links:
            await page.goto(link)
        mail.story.clock.skip(20)
        await mail.story.hears_of("interaction.click", 3)
        clicks = [each["payload"] for each in mail.story.subscriber.bodies("interaction.click")]
        assert [each["prefetched"] for each in clicks] == [True] * 3
        by_type = [each["payload"] for each in mail.story.subscriber.bodies("email.interaction")]
        assert [each["details"] for each in by_type if each["type"] == "clicked"] == ["burst"] * 3


async def test_what_chromium_prefetches_is_no_click(tmp_path: Path) -> None:
    async with mailed(tmp_path) as mail, browsing() as browser, someone(browser, **PERSON) as somebody:
        page = await shown(somebody, mail)
        link = str(await page.get_by_role("link", name="Where is it?").get_attribute("href"))
        # Prefetching wants a page with an origin.
        await page.goto(mail.shop.url)
        hint = (
            "url => document.head.append(Object.assign(document.createElement('link'), {rel: 'prefetch', href: url}))"
        )
        async with page.expect_event("requestfinished", lambda request: request.url.startswith(mail.shop.url)):
            await page.evaluate(hint, link)
        mail.story.clock.skip(20)
        click = await mail.story.hears_of("interaction.click")
        assert click["payload"]["prefetched"] is True
        assert mail.story.subscriber.told["omnichannel"].count("message.read") == 1, "the picture was loaded"


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_the_unsubscribe_page_needs_no_script_and_can_be_read(tmp_path: Path, look: str) -> None:
    visitor = {**PERSON, "color_scheme": look, "java_script_enabled": False, "viewport": {"width": 360, "height": 640}}
    async with mailed(tmp_path) as mail, browsing() as browser, someone(browser, **visitor) as ada:
        page, asked = await ada.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(mail.unsubscribe)
        await page.screenshot(path=tmp_path / f"{look}.png", full_page=True)
        contrasts = [await page.locator(each).first.evaluate(CONTRAST) for each in ("h1", "p", "small", "button")]
        assert min(contrasts) >= 4.5, contrasts
        await page.get_by_role("button").click()
        await expect(page.get_by_role("heading")).to_have_text("U bent afgemeld")
        # Nobody else hears of it, not even for a picture.
        assert set(asked) <= {mail.unsubscribe, f"{mail.story.at_work.base_url}/favicon.ico"}
        await mail.story.hears_of("email.interaction")
