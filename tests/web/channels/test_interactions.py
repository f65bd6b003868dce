"""What people did with a message, listed and counted in the channels vocabulary."""

from typing import Any

import msgspec

from support.deeds import PERSON, channel, deed, once, report
from support.interactions import Listed, misfits
from support.tenant import Tenant

NOW = "2026-09-21T14:13:20.000Z"
SHOP = "https://shop.example/"


async def sent(acme: Tenant, by: str, **more: Any) -> str:
    """Send a message over a channel; gives its id."""
    contacts = [{"identifierKey": "phonenumber", "identifierValue": PERSON}]
    asked = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hi"}}, **more}
    told = await acme.ask("POST", f"{acme.place}/channels/{by}/messages", asked)
    assert told.status == 202
    message: str = told.body["id"]
    return message


async def test_interactions_are_listed_as_published_with_their_context(acme: Tenant) -> None:
    by = await channel(acme, "whatsapp")
    context = {"id": "c-7", "type": "campaign", "tags": ["spring"]}
    message = await sent(acme, by, context=context, tags=["a"])
    await report(
        acme,
        by,
        deed("1", message, "clicked", url=f"{SHOP}a", linkName="A"),
        deed("2", message, "clicked", payload="yes"),
        deed("3", message, "reaction", emoji="👍", action="react"),
        deed("4", message, "reaction", emoji="👍", action="unreact"),
        deed("5", message, "delete-request"),
        deed("6", message, "unsubscribe-request", details="STOP"),
    )
    listed = (await acme.ask("GET", f"{acme.place}/channels/{by}/messages/{message}/interactions")).body["results"]
    assert [misfits(msgspec.convert(each, Listed)) for each in listed] == [[]] * 6
    assert [each["context"] for each in listed] == [context] * 6
    assert [(each["type"], each["metadata"], each["details"]) for each in listed] == [
        ("clicked", {"link": {"name": "A", "url": f"{SHOP}a"}, "prefetched": False}, ""),
        ("clicked", {"button": {"payload": "yes"}, "prefetched": False}, ""),
        ("reaction", {"reaction": {"emoji": "👍", "action": "react"}}, ""),
        ("reaction", {"reaction": {"emoji": "👍", "action": "unreact"}}, ""),
        ("delete-request", {}, ""),
        ("unsubscribe-request", {}, "STOP"),
    ]


async def test_counts_stand_beside_the_list_and_in_the_message(acme: Tenant) -> None:
    by = await channel(acme, "sms")
    message, untouched = await sent(acme, by), await sent(acme, by)
    place = f"{acme.place}/channels/{by}/messages"
    done = [
        deed("1", message, "clicked", url=f"{SHOP}a", linkName="A"),
        deed("2", message, "clicked", url=f"{SHOP}a", linkName="A", prefetched=True),
        deed("3", message, "opened"),
    ]
    await report(acme, by, *done)
    await report(acme, by, *done)
    counts = {
        "opened": once(NOW),
        "clicked": once(NOW, machine=1),
        "links": [{"url": f"{SHOP}a", "name": "A", **once(NOW, machine=1)}],
    }
    page = (await acme.ask("GET", f"{place}/{message}/interactions?limit=1")).body
    assert (len(page["results"]), page["counts"]) == (1, counts)
    read = await acme.ask("GET", f"{place}/{message}")
    assert read.body["counts"] == counts
    by_id = {each["id"]: each for each in (await acme.ask("GET", place)).body["results"]}
    assert by_id[message] == read.body
    assert "counts" not in by_id[untouched]
    assert "counts" not in (await acme.ask("GET", f"{place}/{untouched}")).body
    assert (await acme.ask("GET", f"{place}/{untouched}/interactions")).body == {"results": []}


async def test_an_etag_changes_with_what_people_do(acme: Tenant) -> None:
    by = await channel(acme, "sms")
    place = f"{acme.place}/channels/{by}/messages/{await sent(acme, by)}"
    before = (await acme.ask("GET", place)).etag
    await report(acme, by, deed("1", place.rpartition("/")[2], "clicked", url=SHOP))
    assert (await acme.ask("GET", place)).etag != before


async def test_pages_are_full_and_stay_in_order_while_more_is_done(acme: Tenant) -> None:
    by = await channel(acme, "email")
    contacts = [{"identifierKey": "emailaddress", "identifierValue": "ada@example.com"}]
    message = await sent(acme, by, receiver={"contacts": contacts})
    # The first open proves that the mail was read, which this vocabulary has no interaction for.
    await report(acme, by, *(deed(str(n), message, "opened") for n in range(3)))
    place = f"{acme.place}/channels/{by}/messages/{message}/interactions"
    first = (await acme.ask("GET", f"{place}?limit=2")).body
    await report(acme, by, *(deed(str(n), message, "opened") for n in range(3, 5)))
    second = (await acme.ask("GET", f"{place}?limit=2&pageToken={first['nextPageToken']}")).body
    third = (await acme.ask("GET", f"{place}?limit=2&pageToken={second['nextPageToken']}")).body
    ids = [each["id"] for page in (first, second, third) for each in page["results"]]
    whole = (await acme.ask("GET", place)).body["results"]
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert "nextPageToken" not in third
    assert ids == [each["id"] for each in whole]
    assert len(set(ids)) == 5
    again = (await acme.ask("GET", f"{place}?limit=2")).body
    assert [each["id"] for each in again["results"]] == ids[:2]
    for query, wrong in (("limit=0", "limit"), ("limit=1001", "limit"), ("pageToken=-1", "pageToken")):
        told = await acme.ask("GET", f"{place}?{query}")
        assert (told.status, [each["path"] for each in told.body["errors"]]) == (400, [wrong])


async def test_nobody_sees_what_was_done_with_others_messages(acme: Tenant, stranger: Tenant) -> None:
    by, other = await channel(acme, "sms"), await channel(acme, "viber")
    theirs = await channel(stranger, "sms")
    message = await sent(acme, by)
    await report(acme, by, deed("1", message, "clicked", url=SHOP))
    for asker, path, status in (
        (acme, f"{acme.place}/channels/{by}", 200),
        (acme, f"{acme.place}/channels/{other}", 404),
        (acme, f"{acme.place}/channels/unknown", 404),
        (stranger, f"{acme.place}/channels/{by}", 401),
        (stranger, f"{stranger.place}/channels/{by}", 404),
        (stranger, f"{stranger.place}/channels/{theirs}", 404),
    ):
        assert (await asker.ask("GET", f"{path}/messages/{message}/interactions")).status == status
    assert (await acme.ask("GET", f"{acme.place}/channels/{by}/messages/unknown/interactions")).status == 404
    # A provider's report names messages of its own channel only: another tenant's is parked.
    await report(stranger, theirs, deed("1", message, "clicked", url=SHOP))
    page = (await acme.ask("GET", f"{acme.place}/channels/{by}/messages/{message}/interactions")).body
    assert page["counts"]["clicked"]["human"] == 1


async def test_redaction_leaves_that_it_was_done_and_how_often(acme: Tenant) -> None:
    by = await channel(acme, "whatsapp")
    message = await sent(acme, by, context={"id": "between-us"})
    marks = {"url": f"{SHOP}between-us", "linkName": "between us", "payload": "between-us", "userAgent": "between-us"}
    await report(
        acme,
        by,
        deed("1", message, "clicked", **marks),
        deed("2", message, "reaction", emoji="👍", action="react", details="between-us"),
    )
    redacted = await acme.ask("PATCH", f"{acme.space}/messages/{message}", {"redact": True})
    await report(acme, by, deed("3", message, "clicked", prefetched=True, **marks))
    places = (
        f"{acme.place}/channels/{by}/messages/{message}/interactions",
        f"{acme.place}/channels/{by}/messages/{message}",
        f"{acme.space}/messages/{message}/interactions",
        f"{acme.space}/messages/{message}",
        f"{acme.place}/messages/{message}",
        f"{acme.place}/events",
        f"{acme.place}/events?dialect=channels",
        f"{acme.place}/events?dialect=omnichannel",
    )
    for place in places:
        text = msgspec.json.encode((await acme.ask("GET", place)).body).decode()
        assert ("between" in text, "👍" in text, "shop.example" in text) == (False, False, False), place
    page = (await acme.ask("GET", places[0])).body
    assert [(each["type"], each["metadata"], each["context"]) for each in page["results"]] == [
        ("clicked", {"prefetched": False}, {}),
        ("reaction", {"reaction": {"emoji": "", "action": "react"}}, {}),
        ("clicked", {"prefetched": True}, {}),
    ]
    counts = {"clicked": once(NOW, machine=1), "reaction": once(NOW), "links": []}
    assert page["counts"] == counts
    assert redacted.body["counts"] == {**counts, "clicked": once(NOW)}
