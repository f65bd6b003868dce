"""Links that are tracked: chosen when a message is taken, on disk with it, the same at every try."""

from typing import Any, ClassVar

import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.flows import Flow, Tiny, flowing
from support.receiver import Receiver
from support.stores import write
from support.waiting import until
from tidings.assemble import link_base
from tidings.connectors.connector import Capabilities, Outgoing
from tidings.flow.accept import accept, prepare
from tidings.flow.erase import delete, redact
from tidings.flow.facts import Promise
from tidings.flow.followed import FRESH, REMEMBERED, Followed
from tidings.flow.handover import outgoing_of
from tidings.flow.links import find_link
from tidings.flow.sweep import EXPIRED_KEPT, sweep_old
from tidings.model.content import Content
from tidings.model.drafts import Addressee
from tidings.model.errors import Misconfigured, Refused
from tidings.model.links import Link, LinkKind, Tracking
from tidings.model.messages import Hop, Message, Route
from tidings.rules.links.slugs import LETTERS
from tidings.store.log import decode_message

BASE = "http://127.0.0.1/l/"
SHOP = "https://shop.example/track/42"
DAY = 86_400_000
ANN = Addressee(addresses={"phonenumber": "+31612345678", "emailaddress": "ann@example.com"})
HTML = f'<body><a href="{SHOP}" data-link-name="parcel">Your parcel</a></body>'


class Tracker(Tiny):
    """A provider that tracks links itself."""

    name = "tracker"
    capabilities: ClassVar[dict[str, Capabilities]] = dict.fromkeys(
        Tiny.platforms, Capabilities(sends=frozenset({"text", "html"}), tracks_links=True)
    )


async def taken(flow: Flow, *routes: Route, content: Content | None = None, asked: str = "on", **more: Any) -> Message:
    """Take a message whose links are to be tracked, and read it back."""
    said = content or Content(text=f"Look: {SHOP}")
    draft = flow.draft(*routes, content=said, track_links=asked, to=(ANN,), **more)
    message = await flow.take(draft)
    return decode_message((await flow.stored("messages_of", messages=[message]))[0][1])


def seen(message: Message, platform: str = "sms", channel: str = "c1") -> Outgoing:
    """What the connector sees."""
    return outgoing_of(message, Hop(0, platform, channel, "x"), 1)


async def test_a_link_is_on_disk_with_its_message_and_found_after_a_restart(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await flow.channel()
        message = await taken(flow)
        (tracking,) = message.tracking
        (tracked,) = tracking.links
        assert seen(message).content.text == f"Look: {BASE}{tracked.slug}"
        assert len(tracked.slug) == LETTERS
        expected = Link(
            slug=tracked.slug,
            kind=LinkKind.CLICK,
            workspace="w1",
            message=message.id,
            channel="c1",
            platform="sms",
            url=SHOP,
            expires_at=message.created_at + 90 * DAY,
        )
        assert await find_link(flow.world, tracked.slug) == expected
        assert await find_link(flow.world, "nothing") is None
    async with flowing(database_url) as flow:
        assert await find_link(flow.world, tracked.slug) == expected
        # Once it was read, nobody reads it again for a while; not even where it is there no more.
        await write(flow.world.store, "drop_links", messages=[message.id])
        assert await find_link(flow.world, tracked.slug) == expected


async def test_what_a_provider_gets_is_the_same_at_every_try(sqlite_url: str) -> None:
    async with Receiver(lambda got: 200 if got.json["tries"] else 503) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        await taken(flow)
        first = (await provider.wait_for(1))[0]
        await until(lambda: not flow.sender()._under_way)
        flow.clock.move(10_000)
        second = (await provider.wait_for(2))[1]
        assert first.json["text"] == second.json["text"]
        assert first.json["text"].startswith(f"Look: {BASE}")


async def test_nothing_is_tracked_that_nobody_asks_for(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        for asked in ("", "off"):
            message = await taken(flow, asked=asked)
            assert message.tracking == ()
            assert seen(message).content.text == f"Look: {SHOP}"
            assert seen(message).track_links == asked


async def test_marked_links_are_ours_whoever_tracks_the_others(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        flow.world.connectors = {**flow.world.connectors, "tracker": Tracker}
        await flow.channel(connector="tracker")
        message = await taken(flow, content=Content(text=f"Look: @{SHOP} or {SHOP}"), asked="marked")
        slug = message.tracking[0].links[1].slug
        assert seen(message).content.text == f"Look: {BASE}{slug} or {SHOP}"
        assert seen(message).track_links == "off"


async def test_links_are_tracked_by_the_provider_or_by_us_and_never_by_both(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        flow.world.connectors = {**flow.world.connectors, "tracker": Tracker}
        for id_, connector, links in (
            ("theirs", "tracker", ""),
            ("ours", "tracker", "hub"),
            ("plain", "tiny", ""),
            ("left", "tiny", "provider"),
        ):
            await flow.channel(id_=id_, connector=connector, links=links)
            message = await taken(flow, Route("sms", id_))
            outgoing = seen(message, channel=id_)
            by_hub = id_ in ("ours", "plain")
            assert (outgoing.track_links, BASE in outgoing.content.text) == (("off", True) if by_hub else ("on", False))


async def test_each_channel_of_a_message_has_links_of_its_own(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        await flow.channel(id_="c2", platform="email")
        content = Content(title="Parcel", text=f"Look: {SHOP}", html=HTML)
        message = await taken(flow, Route("sms"), Route("email"), Route("email", "c2"), Route("viber"), content=content)
        sms, email = message.tracking
        assert (sms.platform, email.platform) == ("sms", "email")
        assert [each.place for each in email.links] == ["text", "html"]
        assert not sms.pixel
        mail = seen(message, "email", "c2").content
        assert f'<a href="{BASE}{email.links[1].slug}" data-link-name="parcel">' in mail.html
        assert f'<img src="{BASE}o/{email.pixel}.gif"' in mail.html
        opened = await find_link(flow.world, email.pixel)
        assert opened is not None
        assert (opened.kind, opened.url, opened.expires_at) == (LinkKind.OPEN, "", message.created_at + 365 * DAY)
        named = await find_link(flow.world, email.links[1].slug)
        assert named is not None
        assert named.name == "parcel"


async def test_a_workspace_may_wish_to_hear_of_no_opens(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        flow.workspace = replace(flow.workspace, track_opens=False)
        await flow.channel(platform="email")
        message = await taken(flow, Route("email"), content=Content(html=HTML))
        assert message.tracking[0].pixel == ""
        assert "<img" not in seen(message, "email").content.html


async def test_a_body_in_a_platforms_own_language_stays_as_it_is(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        native = Content(text=f"Look: {SHOP}", native={"sms": Raw(b"{}")})
        message = await taken(flow, content=native)
        assert message.tracking == (
            Tracking(platform="sms", channel="c1", base=BASE, expires_at=message.created_at + 90 * DAY),
        )
        assert seen(message).content == native
        assert seen(message).track_links == "off"


async def test_what_is_judged_is_what_is_sent(sqlite_url: str) -> None:
    """An address in letters no sms has may be sent, for its short one has them."""
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        options = {"sms": {"allowUnicode": False}}
        for asked, fine in (("on", True), ("off", False)):
            draft = flow.draft(text="Look: https://shop.example/日本", track_links=asked, options=options)
            taking = await prepare(flow.world, flow.workspace, draft)
            assert (taking.plans[0].refusal is None) is fine


async def test_a_link_that_may_not_be_tracked_is_refused_and_nothing_is_taken(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        await flow.channel(id_="c2", platform="email")
        for routes, content in (
            ((Route("sms"),), Content(text="https://ann@shop.example")),
            ((Route("email"),), Content(html='<a href="javascript:x">x</a>')),
        ):
            with pytest.raises(Refused) as refused:
                await prepare(
                    flow.world, flow.workspace, flow.draft(*routes, content=content, track_links="on", to=(ANN,))
                )
            assert [(each.path, each.code) for each in refused.value.errors] == [("body", "link")]
            await prepare(flow.world, flow.workspace, flow.draft(*routes, content=content, to=(ANN,)))
        assert await flow.stored("last_position") == [(0,)]


async def test_a_channel_whose_connector_is_gone_tracks_nothing(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(connector="nobody's")
        taking = await prepare(flow.world, flow.workspace, flow.draft(text=SHOP, track_links="on"))
        assert taking.message.tracking == ()


async def test_redaction_takes_the_links_away_and_deletion_leaves_them(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await flow.channel()
        redacted, deleted = await taken(flow), await taken(flow)
        slugs = [each.tracking[0].links[0].slug for each in (redacted, deleted)]
        assert all([await find_link(flow.world, slug) for slug in slugs])
        assert await redact(flow.world, "w1", redacted.id)
        assert await delete(flow.world, "w1", deleted.id)
        assert [await find_link(flow.world, slug) is None for slug in slugs] == [True, False]
        (row,) = await flow.stored("messages_of", messages=[redacted.id])
        assert decode_message(row[1]).tracking == ()
        assert SHOP.encode() not in bytes(row[1])


async def test_a_link_that_has_expired_is_found_for_a_while_and_then_forgotten(database_url: str) -> None:
    async with flowing(database_url, link_days=1.0) as flow:
        await flow.channel()
        message = await taken(flow)
        slug = message.tracking[0].links[0].slug
        for later, found in ((DAY + 1, True), (EXPIRED_KEPT - FRESH, True), (2 * FRESH, False)):
            flow.clock.move(later)
            await sweep_old(flow.world)
            assert (await find_link(flow.world, slug) is not None) is found


async def test_an_answer_that_was_given_before_makes_no_new_links(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        promise = Promise("w1", "key", "print", 201, b"{}")
        for found in (True, False):
            taking = await prepare(flow.world, flow.workspace, flow.draft(text=SHOP, track_links="on"))
            await accept(flow.world, [taking], promise)
            slug = taking.message.tracking[0].links[0].slug
            assert (await find_link(flow.world, slug) is not None) is found


def test_the_memory_of_links_is_bounded_and_fresh() -> None:
    followed = Followed()
    for number in range(REMEMBERED + 1):
        followed.keep(
            Link(
                slug=str(number),
                kind=LinkKind.CLICK,
                workspace="w",
                message="m",
                channel="c",
                platform="sms",
                expires_at=1,
            ),
            5,
        )
    assert followed.get("0", 5) is None
    assert followed.get("1", 5 + FRESH - 1) is not None
    assert followed.get("1", 5 + FRESH) is None
    assert followed.get("1", 4) is None
    followed.forget("m")
    assert followed.get("1", 5) is None


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://go.example", "https://go.example"),
        ("https://go.example/", "https://go.example"),
        ("https://Example.com/a/b/", "https://example.com/a/b"),
    ],
)
def test_short_addresses_begin_with_a_host_or_a_path_below_one(url: str, base: str) -> None:
    assert link_base(url) == base


@pytest.mark.parametrize(
    "url",
    ["go.example", "https://go.example/?x", "https://go.example/#x", "mailto:x", "https://a@b", "https://x/a&b", '"'],
)
def test_short_addresses_begin_with_nothing_else(url: str) -> None:
    with pytest.raises(Misconfigured, match="TIDINGS_LINK_URL"):
        link_base(url)
