"""The delivery log of a workspace: what became of telling, by whatever is asked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from support.receiver import Receiver
from support.stores import put
from support.tenant import Tenant

SEND = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
NOW = "2026-09-21T14:13:20"


async def webhook(tenant: Tenant, url: str, *events: str) -> str:
    """Subscribe in the omnichannel vocabulary; gives the id."""
    wanted = [{"type": each, "filters": []} for each in events or ("message.*",)]
    asked = {"name": url, "url": url, "secret": "sixteen letters!", "subscriptions": wanted}
    told = await tenant.ask("POST", f"{tenant.space}/webhooks", asked)
    assert told.status == 201, told
    await tenant.hub.hub.readers.settled()
    identifier: str = told.body["id"]
    return identifier


async def subscription(tenant: Tenant, url: str, event: str = "sms.outbound") -> str:
    """Subscribe in the channels vocabulary; gives the id."""
    asked = {"event": event, "url": url, "signingKey": "theirs"}
    made = await tenant.ask("POST", f"{tenant.place}/webhook-subscriptions", asked)
    assert made.status == 201, made
    await tenant.hub.hub.readers.settled()
    identifier: str = made.body["id"]
    return identifier


async def message(tenant: Tenant) -> str:
    identifier: str = (await tenant.ask("POST", f"{tenant.space}/messages", SEND)).body["messageId"]
    return identifier


async def log(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    """Read the log to its end, page after page."""
    asked = "&".join(f"{name.rstrip('_')}={value}" for name, value in query.items())
    found: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        told = await tenant.ask("GET", f"{tenant.place}/attempts?{asked}{token and f'&pageToken={token}'}")
        assert told.status == 200, told
        found += told.body["results"]
        token = told.body["nextPageToken"]
    return found


async def log_of(tenant: Tenant, number: int) -> list[dict[str, Any]]:
    """Wait until the log has so many entries."""
    for _ in range(300):
        found = await log(tenant)
        if len(found) >= number:
            return found
    raise AssertionError(found)


async def test_an_entry_says_everything_that_is_known_of_an_attempt(acme: Tenant) -> None:
    await acme.channel("sms")
    async with Receiver(lambda _: 503) as receiver:
        receiver.answer_headers = {"X-Reason": "closed", "Set-Cookie": "session=secret"}
        subscribed = await webhook(acme, receiver.url, "message.sentRequest")
        sent = await message(acme)
        (got,) = await receiver.wait_for(1)
        (entry,) = await log_of(acme, 1)
    headers = entry.pop("headers")
    assert (headers["x-reason"], "set-cookie" in headers) == ("closed", False)
    assert entry == {
        "subscriptionId": subscribed,
        "eventId": got.id,
        "event": "message.sentRequest",
        "messageId": sent,
        "attempt": 1,
        "attemptedAt": f"{NOW}.000Z",
        "tookMs": entry["tookMs"],
        "status": 503,
        "verdict": "retry",
        "class": "status",
        "error": "",
        "response": "",
    }


async def test_each_attempt_is_called_as_its_subscription_calls_it(acme: Tenant) -> None:
    await acme.channel("sms")
    async with Receiver() as receiver:
        one, two = await webhook(acme, receiver.url, "message.sentRequest"), await subscription(acme, receiver.url)
        await message(acme)
        await receiver.wait_for(2)
        entries = await log_of(acme, 2)
    assert {each["subscriptionId"]: each["event"] for each in entries} == {
        one: "message.sentRequest",
        two: "sms.outbound",
    }


async def test_an_endpoint_that_is_not_there_is_one_that_refused(acme: Tenant) -> None:
    await acme.channel("sms")
    await webhook(acme, "http://127.0.0.1:9/", "message.sentRequest")
    await message(acme)
    (entry,) = await log_of(acme, 1)
    assert {name: entry[name] for name in ("status", "verdict", "class", "error", "headers", "response")} == {
        "status": None,
        "verdict": "retry",
        "class": "refused",
        "error": "connect",
        "headers": {},
        "response": "",
    }


# -- filters ----------------------------------------------------------------------------------------------------------


class Tried(NamedTuple):
    """What there is in the log: by letter, the oldest attempt first."""

    subscriptions: Sequence[str]
    messages: Sequence[str]
    events: Sequence[str]
    letters: Mapping[tuple[str, str, int], str]

    def spelt(self, entries: Iterable[Mapping[str, Any]]) -> str:
        """Write a log as the letters of its attempts."""
        return "".join(self.letters[each["subscriptionId"], each["eventId"], each["attempt"]] for each in entries)


@pytest.fixture
async def tried(acme: Tenant) -> Tried:
    """Two subscriptions that want nothing of what happens, and attempts to tell them all the same, a second apart."""
    await acme.channel("sms")
    nowhere = "http://127.0.0.1:9/"
    subscriptions = [await webhook(acme, nowhere, "message.read"), await subscription(acme, nowhere, "sms.inbound")]
    messages = [await message(acme), await message(acme)]
    told = (await acme.ask("GET", f"{acme.place}/events")).body["results"]
    events = {each["position"]: each["id"] for each in told}
    first, second = events
    serials = [acme.world.directory.subscriptions[each].serial for each in subscriptions]
    now = acme.hub.clock.now()
    made = {
        "a": (0, first, 1, 204, "done", ""),
        "b": (0, second, 1, 503, "retry", ""),
        "c": (1, first, 1, 0, "retry", "timeout"),
        "d": (0, second, 2, 400, "refused", ""),
        "e": (1, second, 1, 0, "retry", "connect"),
        "f": (1, first, 2, 200, "done", ""),
    }
    rows = [
        (serials[which], position, number, now + 1000 * after, 5, status, verdict, error, b"{}", b"")
        for after, (which, position, number, status, verdict, error) in enumerate(made.values())
    ]
    await acme.world.store.write(put("put_attempt", *rows))
    letters = {
        (subscriptions[which], events[position], number): letter
        for letter, (which, position, number, *_) in made.items()
    }
    return Tried(subscriptions, messages, list(events.values()), letters)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "fedcba"),
        ({"limit": 1}, "fedcba"),
        ({"limit": 4}, "fedcba"),
        ({"verdict": "done"}, "fa"),
        ({"verdict": "retry"}, "ecb"),
        ({"verdict": "refused"}, "d"),
        ({"class": "status"}, "db"),
        ({"class": "refused"}, "e"),
        ({"class": "timeout"}, "c"),
        ({"class": "tls"}, ""),
        ({"class": "status", "verdict": "done"}, ""),
        ({"status": 204}, "a"),
        ({"status": 503}, "b"),
        ({"status": 503, "limit": 1}, "b"),
        ({"from": f"{NOW}.000Z"}, "fedcba"),
        ({"from": f"{NOW}.001Z", "to": "2026-09-21T14:13:24Z"}, "dcb"),
        ({"to": "2026-09-21T16:13:21%2B02:00"}, "a"),
        ({"from": "2026-09-22"}, ""),
        ({"verdict": "retry", "from": "2026-09-21T14:13:22Z"}, "ec"),
    ],
)
async def test_the_log_is_filtered_by_what_came_of_it(
    acme: Tenant, tried: Tried, query: dict[str, Any], found: str
) -> None:
    assert tried.spelt(await log(acme, **query)) == found


async def test_the_log_is_filtered_by_what_was_told_and_to_whom(acme: Tenant, tried: Tried) -> None:
    for named, found in zip(tried.subscriptions, ("dba", "fec"), strict=True):
        assert tried.spelt(await log(acme, subscription=named)) == found
    for kind, ids in (("messageId", tried.messages), ("eventId", tried.events)):
        for named, found in zip(ids, ("fca", "edb"), strict=True):
            assert tried.spelt(await log(acme, **{kind: named})) == found
            assert tried.spelt(await log(acme, **{kind: named, "limit": 1})) == found
    one, other = tried.subscriptions
    first, second = tried.messages
    assert tried.spelt(await log(acme, subscription=other, messageId=first, verdict="retry")) == "c"
    assert tried.spelt(await log(acme, subscription=one, eventId=tried.events[1], status=400)) == "d"
    assert await log(acme, messageId=first, eventId=tried.events[1]) == []
    assert tried.spelt(await log(acme, messageId=second, eventId=tried.events[1])) == "edb"


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_a_page_begins_where_the_last_one_ended_also_when_more_is_tried_meanwhile(
    acme: Tenant, tried: Tried, limit: int
) -> None:
    first = (await acme.ask("GET", f"{acme.place}/attempts?limit={limit}")).body
    serial = acme.world.directory.subscriptions[tried.subscriptions[0]].serial
    later = (serial, 1, 9, acme.hub.clock.now() + 10**6, 5, 204, "done", "", b"", b"")
    await acme.world.store.write(put("put_attempt", later))
    rest = await log(acme, pageToken=first["nextPageToken"])
    assert tried.spelt([*first["results"], *rest]) == "fedcba"


@pytest.mark.parametrize(
    ("query", "named", "code"),
    [
        ("verdict=maybe", "verdict", "unknown"),
        ("verdict=", "verdict", "unknown"),
        ("class=connect", "class", "unknown"),
        ("class=DNS", "class", "unknown"),
        ("status=99", "status", "range"),
        ("status=1000", "status", "range"),
        ("status=2e2", "status", "range"),
        ("from=yesterday", "from", "time"),
        ("to=", "to", "time"),
        ("to=2026-02-30", "to", "time"),
        ("from=9999999999999999999", "from", "time"),
        ("limit=0", "limit", "range"),
        ("pageToken=x", "pageToken", "token"),
        ("pageToken=1-2-3", "pageToken", "token"),
        ("pageToken=1-2-3-4-5", "pageToken", "token"),
        ("pageToken=" + "9" * 19 + "-1-1-1", "pageToken", "token"),
        ("pageToken=%D9%A1-1-1-1", "pageToken", "token"),
        ("verdict=%00", "verdict", "text"),
    ],
)
async def test_what_is_asked_wrongly_is_named(acme: Tenant, query: str, named: str, code: str) -> None:
    told = await acme.ask("GET", f"{acme.place}/attempts?{query}")
    assert (told.status, told.wrong) == (400, [(named, code)])


# -- tenants ----------------------------------------------------------------------------------------------------------


async def test_nobody_sees_what_another_tenant_was_told(acme: Tenant, stranger: Tenant, tried: Tried) -> None:
    await webhook(stranger, "http://127.0.0.1:9/")
    assert await log(stranger) == []
    for query in (
        f"subscription={tried.subscriptions[0]}",
        f"messageId={tried.messages[0]}",
        f"eventId={tried.events[0]}",
        "eventId=00000000-0000-7000-8000-000000000000",
        "eventId=ffffffff",
        "eventId=",
    ):
        told = await stranger.ask("GET", f"{stranger.place}/attempts?{query}")
        assert told.status == 404, query
    # A place in the log is no key to it.
    assert (await stranger.ask("GET", f"{stranger.place}/attempts?pageToken=9-9-9-9")).body["results"] == []
    assert (await stranger.ask("GET", f"{acme.place}/attempts")).status == 401


async def test_a_key_that_may_only_send_reads_no_log(acme: Tenant) -> None:
    key = await acme.key_with("send")
    assert (await acme.ask("GET", f"{acme.place}/attempts", key=key)).status == 403


async def test_what_was_told_of_a_forgotten_message_is_gone(acme: Tenant, tried: Tried) -> None:
    told = await acme.ask("DELETE", f"{acme.space}/messages/{tried.messages[0]}")
    assert told.status in (200, 202, 204)
    assert tried.spelt(await log(acme)) == "edb"
    for query in (f"messageId={tried.messages[0]}", f"eventId={tried.events[0]}"):
        assert (await acme.ask("GET", f"{acme.place}/attempts?{query}")).status == 404
