"""What people did with a message, shown and listed in the omnichannel vocabulary's words."""

from typing import Any

import msgspec

from support.deeds import PERSON, channel, deed, once, report
from support.interactions import Deed
from support.tenant import Tenant
from tidings.web.omnichannel.messages import SHOWN

NOW = "2026-09-21T14:13:20.000Z"
SHOP = "https://shop.example/"


async def sent(acme: Tenant, **more: Any) -> str:
    """Send a message; gives its id."""
    asked = {"to": {"phoneNumber": PERSON}, "rules": ["whatsApp"], "body": "Hello", **more}
    told = await acme.ask("POST", f"{acme.space}/messages", asked)
    assert told.status == 201
    message: str = told.body["messageId"]
    return message


async def test_interactions_are_shown_with_the_message_and_in_a_list(acme: Tenant) -> None:
    by = await channel(acme, "whatsapp")
    message = await sent(acme)
    untouched = await acme.ask("GET", f"{acme.space}/messages/{message}")
    assert {"interactions", "counts"} & untouched.body.keys() == set()
    await report(
        acme,
        by,
        deed("1", message, "clicked", url=f"{SHOP}a", linkName="A", userAgent="Firefox", prefetched=True),
        deed("2", message, "clicked", payload="yes"),
        deed("3", message, "reaction", emoji="👍", action="unreact"),
        deed("4", message, "unsubscribe-request", details="STOP"),
    )
    page = (await acme.ask("GET", f"{acme.space}/messages/{message}/interactions")).body
    common = {"messageId": message, "channel": "whatsApp", "occurredOn": NOW, "prefetched": False}
    expected = [
        {
            **common,
            "type": "clicked",
            "prefetched": True,
            "url": f"{SHOP}a",
            "linkName": "A",
            "userAgent": "Firefox",
        },
        {**common, "type": "clicked", "button": {"payload": "yes"}},
        {**common, "type": "reaction", "reaction": {"emoji": "👍", "action": "unreact"}},
        {**common, "type": "unsubscribe-request", "details": "STOP"},
    ]
    counts = {
        "clicked": once(NOW, machine=1),
        "unsubscribe-request": once(NOW),
        "unreaction": once(NOW),
        "links": [{"url": f"{SHOP}a", "name": "A", **once(NOW, human=0, machine=1)}],
    }
    assert [msgspec.convert(each, Deed).type for each in page["results"]] == [each["type"] for each in expected]
    assert [{name: each[name] for name in each if name != "id"} for each in page["results"]] == expected
    assert page["counts"] == counts
    assert "nextPageToken" not in page
    read = await acme.ask("GET", f"{acme.space}/messages/{message}")
    assert (read.body["interactions"], read.body["counts"]) == (page["results"][::-1], counts)
    assert read.etag != untouched.etag
    under_the_key = await acme.ask("GET", f"/cpaas/messages/{message}/interactions")
    assert under_the_key.body == page
    events = (await acme.ask("GET", f"{acme.place}/events?dialect=omnichannel&messageId={message}")).body["results"]
    clicks = [each["eventId"] for each in events if each["name"] == "interaction.click"]
    assert clicks == [each["id"] for each in page["results"] if each["type"] == "clicked"]


async def test_only_the_newest_are_shown_with_the_message(acme: Tenant) -> None:
    by = await channel(acme, "whatsapp")
    message = await sent(acme)
    more = SHOWN + 5
    await report(acme, by, *(deed(str(n), message, "clicked", url=f"{SHOP}{n}") for n in range(more)))
    read = (await acme.ask("GET", f"{acme.space}/messages/{message}")).body
    assert [each["url"] for each in read["interactions"]] == [f"{SHOP}{n}" for n in range(more)][
        : more - SHOWN - 1 : -1
    ]
    assert read["counts"]["clicked"]["human"] == more
    seen: list[str] = []
    query = "limit=10"
    while query:
        page = (await acme.ask("GET", f"{acme.space}/messages/{message}/interactions?{query}")).body
        seen += [each["url"] for each in page["results"]]
        query = f"limit=10&pageToken={page['nextPageToken']}" if "nextPageToken" in page else ""
    assert seen == [f"{SHOP}{n}" for n in range(more)]


async def test_a_list_of_messages_counts_and_leaves_the_interactions_to_each(acme: Tenant) -> None:
    by = await channel(acme, "whatsapp")
    message, untouched = await sent(acme), await sent(acme)
    await report(acme, by, deed("1", message, "clicked", url=SHOP))
    listed = {each["messageId"]: each for each in (await acme.ask("GET", f"{acme.space}/messages")).body}
    assert listed[message]["counts"]["clicked"] == once(NOW)
    assert "interactions" not in listed[message]
    assert "counts" not in listed[untouched]


async def test_nobody_else_sees_what_was_done(acme: Tenant, stranger: Tenant) -> None:
    await channel(acme, "whatsapp")
    below = f"messages/{await sent(acme)}/interactions"
    assert (await acme.ask("GET", f"{acme.space}/{below}")).body == {"results": []}
    assert (await stranger.ask("GET", f"{acme.space}/{below}")).status == 401
    assert (await stranger.ask("GET", f"{stranger.space}/{below}")).status == 404
    assert (await stranger.ask("GET", f"/cpaas/{below}")).status == 404
    assert (await acme.ask("GET", f"{acme.space}/messages/unknown/interactions")).status == 404
    sender = await acme.key_with("send")
    assert (await acme.ask("GET", f"{acme.space}/{below}", key=sender)).status == 403
    for query, wrong in (("limit=0", "limit"), ("pageToken=x", "pageToken"), ("pageToken=1e9", "pageToken")):
        told = await acme.ask("GET", f"{acme.space}/{below}?{query}")
        assert (told.status, [each["path"] for each in told.body["errors"]]) == (400, [wrong])
