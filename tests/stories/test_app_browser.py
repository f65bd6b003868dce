"""Real browsers converse through a real hub: with the business, with each other, after a reload, without a network."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from support.browser import browsing, why_not
from support.chatting import SENDER, Shop, Site
from support.documents import ROOT, named_blocks
from support.hub import running
from support.receiver import Receiver

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)
PAGE = ROOT / "docs" / "app-messaging-client.md"
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as found:
        yield found


@pytest.fixture
async def shop(tmp_path: Path, browser: Browser) -> AsyncIterator[Shop]:
    async with Receiver() as receiver, running(tmp_path) as hub:
        open_shop = Shop(hub, browser, receiver, tmp_path)
        await open_shop.open()
        yield open_shop


async def test_a_visitor_and_the_business_talk_and_the_webhooks_tell_it_all(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        who, where = await ann.who(), await ann.where()
        assert where == f"Customer_Services_{who}"
        message = await shop.send(who, "Hi, how can we help?")
        await ann.sees("Hi, how can we help?")
        await shop.heard(3)
        await ann.write("Hi there")
        await ann.stands("Hi there", "Sent")
        told = await shop.heard(4)
        assert [each["name"] for each in told] == [
            "message.sent",
            "message.delivered",
            "message.read",
            "message.inbound",
        ]
        sent, delivered, read, inbound = (each["payload"] for each in told)
        assert {each["id"] for each in (sent, delivered, read)} == {message}
        assert sent["details"]["additionalInfo"] == {"conversationId": where, "conversationMessageId": message}
        for each in (delivered, read):
            status = each["details"]["channelStatus"]
            assert (status["messageId"], status["profileId"], status["conversationId"]) == (message, who, where)
        assert (inbound["body"], inbound["from"], inbound["to"]) == (
            "Hi there",
            {"profileId": who},
            {"conversationId": where, "profileId": SENDER},
        )
        assert inbound["correlation"]["messageId"] == message
        # The business reads it, by the hub's doors.
        written = inbound["channelData"]["messageId"]
        path = f"/conversations/{where}/messages/statusupdates"
        for status, standing in (("delivered", "Delivered"), ("read", "Read")):
            await shop.ask("POST", path, [{"messageIds": [written], "status": status}])
            await ann.stands("Hi there", standing)
        assert ann.trouble == []


async def test_two_browsers_converse_while_one_reloads_and_one_goes_offline(shop: Shop) -> None:
    async with shop.visitor("ann") as ann, shop.visitor("ben") as ben:
        for each in (ann, ben):
            await each.come()
        await shop.room(await ann.who(), await ben.who())
        for each in (ann, ben):
            await each.come(conversation="room")
        await ann.write("Hello Ben")
        await ben.sees("Hello Ben")
        await ann.stands("Hello Ben", "Read")
        await ben.field.press_sequentially("Hello", delay=5)
        await expect(ann.chat.locator(".typists")).to_contain_text("is typing")
        await ben.write("Hello Ann")
        await expect(ann.chat.locator(".typists")).to_be_empty()
        await ann.sees("Hello Ben", "Hello Ann")
        await ben.stands("Hello Ann", "Read")

        # One reloads: what was said is there, and so is who they are.
        before = await ann.who()
        await ann.page.reload()
        await ann.launcher.click()
        await ann.is_live()
        assert await ann.who() == before
        await ann.sees("Hello Ben", "Hello Ann")
        await ann.stands("Hello Ben", "Read")

        # One goes offline, and both write.
        await ben.context.set_offline(True)
        await expect(ben.chat.get_by_role("status").first).to_contain_text("You are offline")
        await ben.write("Written in a tunnel")
        await ben.stands("Written in a tunnel", "Sending")
        await ann.write("Are you there?")
        await ann.write("Hello?")
        await ann.stands("Hello?", "Sent")
        await ben.context.set_offline(False)
        for each in (ann, ben):
            await each.sees("Hello Ben", "Hello Ann", "Are you there?", "Hello?", "Written in a tunnel")
        await ann.stands("Hello?", "Read")
        await ben.stands("Written in a tunnel", "Read")
        said = await shop.ask("GET", "/conversations/room/messages")
        assert len(said["messages"]) == 5
        assert (ann.trouble, ben.trouble) == ([], [])


async def test_a_page_that_is_closed_while_offline_sends_what_was_written_once_it_is_back(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        await ann.context.set_offline(True)
        await ann.write("Do not lose me")
        await ann.stands("Do not lose me", "Sending")
        await ann.page.close()
        await ann.context.set_offline(False)
        again = await ann.context.new_page()
        await again.goto(ann.url)
        told = await shop.heard(1)
        assert told[0]["payload"]["body"] == "Do not lose me"
        assert (
            len(
                (await shop.ask("GET", f"/conversations/{told[0]['payload']['to']['conversationId']}/messages"))[
                    "messages"
                ]
            )
            == 1
        )


async def test_a_hub_that_hangs_up_and_refuses_for_a_while_loses_and_doubles_nothing(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        who = await ann.who()
        # Each message is taken, but the answer to the first try of each is lost on the way.
        lost: set[str] = set()

        async def lose(route: Any) -> None:
            key = await route.request.header_value("idempotency-key")
            if route.request.method == "POST" and key not in lost:
                lost.add(key)
                await route.fetch()
                await route.abort()
            else:
                await route.continue_()

        await ann.page.route("**/messages", lose)
        for number in range(4):
            await ann.write(f"Number {number}")
        for number in range(4):
            await ann.stands(f"Number {number}", "Sent")
        await ann.sees(*(f"Number {number}" for number in range(4)))
        told = await shop.heard(4)
        assert [each["payload"]["body"] for each in told] == [f"Number {number}" for number in range(4)]
        assert len(lost) == 4
        await shop.send(who, "All here")
        await expect(ann.message("All here")).to_be_visible()


async def test_buttons_reactions_and_files_go_both_ways(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        who, where = await ann.who(), await ann.where()
        offered = {"actions": [{"label": "Yes, please", "kind": "reply", "payload": "yes"}]}
        parts = [
            {"type": "text/plain", "data": "May we call you?"},
            {"type": "application/x-hub-actions", "data": json.dumps(offered)},
        ]
        asked = {"to": {"profileId": who}, "customBody": {"appMessaging": {"parts": parts}}, "rules": ["appMessaging"]}
        message = (await shop.ask("POST", "/messages", asked))["messageId"]
        await ann.chat.get_by_role("button", name="Yes, please").click()
        await ann.stands("Yes, please", "Sent")
        # The business reacts to that, and the visitor to the question.
        said = (await shop.ask("GET", f"/conversations/{where}/messages"))["messages"]
        await shop.ask("POST", f"/conversations/{where}/messages/{said[-1]['id']}/reactions", {"emoji": "🙏"})
        await expect(ann.message("Yes, please").get_by_role("button", name="🙏 1")).to_be_visible()
        await ann.message("May we call you?").hover()
        await ann.message("May we call you?").get_by_role("button", name="React to the message").click()
        await ann.message("May we call you?").get_by_role("button", name="React with 👍").click()
        await expect(ann.message("May we call you?").get_by_role("button", name="👍 1")).to_have_attribute(
            "aria-pressed", "true"
        )
        # A picture goes up, and is shown to whoever may see it.
        await ann.chat.locator("input[type=file]").set_input_files(
            {"name": "pixel.png", "mimeType": "image/png", "buffer": PICTURE}
        )
        await ann.chat.get_by_role("button", name="Send").click()
        await expect(ann.chat.get_by_role("img", name="pixel.png")).to_be_visible()
        await expect(ann.messages.last.get_by_role("img", name="Sent", exact=True)).to_be_visible()
        [part] = (await shop.ask("GET", f"/conversations/{where}/messages"))["messages"][-1]["parts"]
        async with shop.hub.http.get(part["url"]) as answer:
            assert await answer.read() == PICTURE
        # What is forgotten by the page is there again when it is loaded anew.
        await ann.come()
        await expect(ann.message("May we call you?").get_by_role("button", name="👍 1")).to_be_visible()
        await expect(ann.chat.get_by_role("img", name="pixel.png")).to_have_js_property("naturalWidth", 1)
        clicks = [each for each in await shop.heard(5) if each["name"] == "interaction.click"]
        assert [each["payload"]["id"] for each in clicks] == [message]
        assert ann.trouble == []


async def test_what_people_write_is_text_and_never_more(shop: Shop) -> None:
    """The hub takes no such addresses; should it ever tell them, the chat knows better too."""
    offered = {"actions": [{"label": HOSTILE, "kind": "link", "url": "javascript:alert(1)"}]}
    parts = [
        {"type": "text/plain", "data": f"{HOSTILE} javascript:alert(1) https://shop.example/a?b=1."},
        {"type": "image/png", "url": "javascript:alert(1)", "name": HOSTILE},
        {"type": "image/png", "data": "no base64", "name": HOSTILE},
        {"type": "text/html", "url": "data:text/html,<script>1</script>", "name": "page.html"},
        {"type": "application/x-hub-actions", "data": json.dumps(offered)},
        {"type": "application/x-hub-action", "data": "[]"},
    ]

    async def rewrite(route: Any) -> None:
        answer = await route.fetch()
        told = await answer.json()
        told["messages"][0]["parts"] = parts
        await route.fulfill(response=answer, json=told)

    async with shop.visitor("ann") as ann:
        await ann.come()
        await ann.write(HOSTILE)
        await ann.stands(HOSTILE, "Sent")
        await ann.message(HOSTILE).get_by_text(HOSTILE, exact=True).wait_for()
        await ann.page.route("**/messages?*", rewrite)
        await ann.come()
        await expect(ann.messages.first).to_contain_text(HOSTILE)
        for button in await ann.messages.first.get_by_role("button", name="Download").all():
            await button.click()
        links = await ann.chat.locator("a").evaluate_all("all => all.map((each) => each.getAttribute('href'))")
        assert links == ["https://shop.example/a?b=1"]
        await expect(ann.chat.locator("img, script, iframe")).to_have_count(0)
        assert len(ann.context.pages) == 1
        assert await ann.page.title() == "A chat, to try out"


async def test_a_keyboard_is_enough(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.page.goto(ann.url)
        keys = ann.page.keyboard
        await ann.launcher.focus()
        await keys.press("Enter")
        await ann.is_live()
        await expect(ann.field).to_be_focused()
        await keys.type("One")
        await keys.press("Shift+Enter")
        await keys.type("Two")
        await keys.press("Enter")
        await ann.sees("One\nTwo")
        await keys.type("Three")
        await keys.press("Enter")
        await ann.stands("Three", "Sent")
        # From the field back to the messages, and up and down among them.
        await ann.messages.last.focus()
        for key, number in (("ArrowUp", 0), ("ArrowDown", 1), ("Home", 0), ("End", 1)):
            await keys.press(key)
            await expect(ann.messages.nth(number)).to_be_focused()
            assert await ann.chat.locator('.message[tabindex="0"]').count() == 1
        await keys.press("Tab")
        await keys.press("Enter")
        await expect(ann.messages.last.get_by_role("button", name="React with 👍")).to_be_focused()
        await keys.press("Escape")
        await expect(ann.messages.last.get_by_role("button", name="React to the message")).to_be_focused()
        await keys.press("Escape")
        await expect(ann.launcher).to_be_focused()
        await expect(ann.chat.get_by_role("dialog")).to_be_hidden()


async def test_what_comes_while_the_chat_is_closed_is_counted_and_read_only_when_it_is_seen(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        who = await ann.who()
        await ann.chat.get_by_role("button", name="Close chat").first.click()
        message = await shop.send(who, "Are you there?")
        await expect(ann.launcher).to_have_accessible_name("Open chat, 1 unread")
        await shop.heard(2)
        assert shop.of(message) == ["message.sent", "message.delivered"]
        await ann.launcher.click()
        await shop.heard(3)
        assert shop.of(message) == ["message.sent", "message.delivered", "message.read"]
        await ann.launcher.click()
        await expect(ann.launcher).to_have_accessible_name("Open chat")


@pytest.mark.parametrize(
    ("looks", "query"),
    [
        ({"color_scheme": "light"}, {}),
        ({"color_scheme": "dark"}, {"lang": "nl"}),
        ({"viewport": {"width": 390, "height": 780}, "has_touch": True}, {"lang": "de"}),
        ({"forced_colors": "active"}, {"dir": "rtl"}),
    ],
    ids=["light", "dark", "phone", "right-to-left"],
)
async def test_nobody_is_shut_out(shop: Shop, looks: dict[str, Any], query: dict[str, str]) -> None:
    async with shop.visitor("ann", reduced_motion="reduce", **looks) as ann:
        await ann.come(**query)
        await shop.send(await ann.who(), "Hello, https://shop.example/ is open")
        await ann.write("Thank you")
        await expect(ann.messages).to_have_count(2)
        await expect(ann.messages.last.locator(".icon-sent")).to_be_visible()
        # What looks for barriers brings a style of its own, which the page forbids.
        assert ann.trouble == []
        await ann.page.evaluate(AXE)
        found = await ann.page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
        assert len(found["passes"]) > 20
        await expect(ann.chat.get_by_role("log")).to_have_attribute("aria-live", "polite")


async def test_who_logs_out_in_one_tab_is_logged_out_in_the_other(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        other = await ann.context.new_page()
        await other.goto(ann.url)
        await expect(other.locator("#state")).to_have_text("live")
        assert await other.locator("#profile").inner_text() == await ann.who()
        before = await ann.who()
        await other.get_by_role("button", name="Begin anew as somebody else").click()
        await expect(ann.page.locator("#state")).to_have_text("refused")
        await other.locator("tidings-chat .launcher").click()
        await expect(other.locator("#profile")).not_to_be_empty()
        await expect(other.locator("#profile")).not_to_have_text(before)


async def test_where_no_socket_gets_through_a_stream_does(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.page.add_init_script(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose({})) } close() {} }"
        )
        await ann.come()
        await shop.send(await ann.who(), "By another way")
        await ann.sees("By another way")


async def test_a_page_of_another_site_made_as_the_docs_say_chats_and_no_other_site_may(
    tmp_path: Path, browser: Browser
) -> None:
    blocks = named_blocks(PAGE)
    signing: dict[str, Any] = {}
    exec(blocks["token.py"], signing)
    async with Receiver() as receiver, running(tmp_path) as hub, Site() as site, Site() as other:
        shop = Shop(hub, browser, receiver, tmp_path)
        await shop.open(origins=[site.url], secret="the-secret-of-your-channel-0123456789", example=False)
        chat = blocks["chat.js"].replace("https://hub.example", hub.base_url).replace("your-workspace", shop.space)
        for each in (site, other):
            each.files = {"/": ("text/html", blocks["page.html"]), "/chat.js": ("text/javascript", chat)}
            each.sign = lambda nonce: str(signing["chat_token"]("customer-7", nonce))
            each.policy = (
                f"default-src 'none'; script-src 'self' {hub.base_url}; style-src {hub.base_url}; img-src blob:; "
                f"connect-src 'self' {hub.base_url} {hub.base_url.replace('http', 'ws')}"
            )
        async with shop.visitor("ann") as ann:
            await ann.page.goto(site.url)
            await ann.launcher.click()
            await ann.write("Hello from the shop")
            await ann.stands("Hello from the shop", "Sent")
            await shop.send("customer-7", "Hello, customer")
            await ann.sees("Hello from the shop", "Hello, customer")
            told = await shop.heard(1)
            assert told[0]["payload"]["from"] == {"profileId": "customer-7"}
            assert [each for each in ann.trouble if "favicon" not in each and "404" not in each] == []
        async with shop.visitor("eve") as eve:
            await eve.page.goto(other.url)
            await eve.launcher.click()
            await expect(eve.chat.get_by_role("status").first).to_contain_text("Trying again")
            await expect(eve.messages).to_have_count(0)


async def test_a_hub_without_an_example_says_so_kindly(tmp_path: Path, browser: Browser) -> None:
    async with Receiver() as receiver, running(tmp_path) as hub:
        shop = Shop(hub, browser, receiver, tmp_path)
        await shop.open(example=False)
        async with shop.visitor("ann") as ann:
            await ann.page.goto(ann.url)
            await ann.launcher.click()
            await expect(ann.page.get_by_role("alert")).to_contain_text("There is no example here")
            assert await ann.page.locator("#profile").inner_text() == ""


async def test_many_messages_come_once_and_in_order_to_a_browser_that_is_cut_off_again_and_again(shop: Shop) -> None:
    async with shop.visitor("ann") as ann:
        await ann.come()
        who = await ann.who()
        texts = [f"Message {number:03}" for number in range(40)]

        async def send() -> None:
            for text in texts:
                await shop.send(who, text)

        sending = asyncio.create_task(send())
        for _ in range(6):
            await ann.context.set_offline(True)
            await asyncio.sleep(0.05)
            await ann.context.set_offline(False)
            await asyncio.sleep(0.15)
        await sending
        await ann.sees(*texts)
