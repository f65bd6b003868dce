"""Subscriptions: set up, shown, changed, dropped; under the workspace and under the organization."""

from typing import Any

from support.receiver import Receiver
from support.tenant import Tenant
from support.visiting import ROOT

ASKED: dict[str, Any] = {
    "service": "channels",
    "event": "sms.outbound",
    "url": "http://127.0.0.1:9/hook",
    "signingKey": "a key of theirs",
    "eventFilters": [{"key": "messageStatus", "value": "delivered"}],
}


async def test_a_subscription_is_set_up_and_its_key_shown_once(acme: Tenant) -> None:
    told = await acme.ask("POST", f"{acme.place}/webhook-subscriptions", ASKED)
    assert told.status == 201
    assert told.body.pop("standardSigningKey").startswith("whsec_")
    created = told.body["createdAt"]
    assert told.body == {
        "id": told.body["id"],
        "service": "channels",
        "event": "sms.outbound",
        "url": "http://127.0.0.1:9/hook",
        "eventFilters": [{"key": "messageStatus", "value": "delivered"}],
        "status": "active",
        "createdAt": created,
        "updatedAt": created,
    }
    read = await acme.ask("GET", f"{acme.place}/webhook-subscriptions/{told.body['id']}")
    assert (read.status, read.body, read.etag) == (200, told.body, told.etag)


async def test_an_organization_is_an_account(acme: Tenant, stranger: Tenant) -> None:
    own = (await acme.ask("POST", "/organizations/1234/webhook-subscriptions", ASKED)).body["id"]
    for place in (acme.place, "/organizations/1234", f"/organizations/1234{acme.place}"):
        listed = await acme.ask("GET", f"{place}/webhook-subscriptions")
        assert (listed.status, [each["id"] for each in listed.body["results"]]) == (200, [own])
        assert (await acme.ask("GET", f"{place}/webhook-subscriptions/{own}")).status == 200
    root = ROOT
    by_root = await acme.ask("GET", f"/organizations/1234{acme.place}/webhook-subscriptions", key=root)
    assert [each["id"] for each in by_root.body["results"]] == [own]
    assert (await acme.ask("GET", "/organizations/1234/webhook-subscriptions", key=root)).status == 403
    for place in (
        "/organizations/99",
        f"/organizations/99{acme.place}",
        "/organizations/x",
        f"/organizations/{acme.id}",
    ):
        assert (await acme.ask("GET", f"{place}/webhook-subscriptions")).status == 401
    assert (await stranger.ask("GET", f"/organizations/1234{acme.place}/webhook-subscriptions")).status == 401
    assert (await stranger.ask("GET", "/organizations/1234/webhook-subscriptions")).status == 401
    assert (await stranger.ask("GET", "/organizations/99/webhook-subscriptions")).body["results"] == []
    assert (await acme.ask("GET", "/organizations/99/webhook-subscriptions", key=root)).status == 403


async def test_subscriptions_are_listed_page_by_page(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    made = [(await acme.ask("POST", place, ASKED)).body["id"] for _ in range(3)]
    first = (await acme.ask("GET", f"{place}?limit=2")).body
    second = (await acme.ask("GET", f"{place}?limit=2&pageToken={first['nextPageToken']}")).body
    assert [each["id"] for page in (first, second) for each in page["results"]] == made
    assert second["nextPageToken"] is None


async def test_a_subscription_is_changed(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    made = await acme.ask("POST", place, ASKED)
    path = f"{place}/{made.body['id']}"
    assert (await acme.ask("PATCH", path, {"status": "inactive"}, if_match='"other"')).status == 412
    told = await acme.ask("PATCH", path, {"status": "inactive", "eventFilters": None}, if_match=made.etag)
    del made.body["standardSigningKey"]
    assert told.status == 200
    assert told.body == {
        **made.body,
        "status": "inactive",
        "eventFilters": [],
        "updatedAt": told.body["updatedAt"],
    }
    read = await acme.ask("GET", path)
    assert (read.body, read.etag) == (told.body, told.etag)
    kept = acme.world.directory.subscriptions[made.body["id"]]
    assert (kept.secret.reveal(), kept.revision) == ("a key of theirs", 1)
    await acme.ask("PATCH", path, {"signingKey": "another"})
    assert acme.world.directory.subscriptions[made.body["id"]].secret.reveal() == "another"


async def test_a_subscription_is_dropped(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    made = await acme.ask("POST", place, ASKED)
    path = f"{place}/{made.body['id']}"
    assert (await acme.ask("DELETE", path, if_match='"other"')).status == 412
    gone = await acme.ask("DELETE", path, if_match=made.etag)
    assert (gone.status, gone.body) == (204, None)
    for method, below, body in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("GET", "/logs", None),
        ("POST", "/test", None),
    ):
        assert (await acme.ask(method, path + below, body)).status == 404


async def test_nobody_else_comes_to_a_subscription(acme: Tenant, stranger: Tenant) -> None:
    made = (await acme.ask("POST", f"{acme.place}/webhook-subscriptions", ASKED)).body["id"]
    reader = await acme.key_with("read", "send")
    below = f"webhook-subscriptions/{made}"
    for method, further, body, scope in (
        ("GET", "", None, "read"),
        ("PATCH", "", {}, "manage"),
        ("DELETE", "", None, "manage"),
        ("GET", "/logs", None, "read"),
        ("POST", "/test", None, "manage"),
    ):
        assert (await stranger.ask(method, f"{stranger.place}/{below}{further}", body)).status == 404
        assert (await stranger.ask(method, f"{acme.place}/{below}{further}", body)).status == 401
        if scope == "manage":
            assert (await acme.ask(method, f"{acme.place}/{below}{further}", body, key=reader)).status == 403
    assert (await acme.ask("POST", f"{acme.place}/webhook-subscriptions", ASKED, key=reader)).status == 403
    in_the_other_words = await acme.ask("GET", f"{acme.space}/webhooks/{made}")
    assert in_the_other_words.status == 404


async def test_what_does_not_fit_is_refused_and_changes_nothing(acme: Tenant, stranger: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    mine, theirs = await acme.channel("sms"), await stranger.channel("sms")
    made = (await acme.ask("POST", place, ASKED)).body
    one, other = {"key": "channelId", "value": mine}, {"key": "channelId", "value": theirs}
    value = "eventFilters[0].value"
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"event": "sms.lost"}, [("event", "unknown")]),
        ({"service": "conversations"}, [("service", "unknown")]),
        ({"url": "http://user@example.com"}, [("url", "invalid")]),
        ({"status": "asleep"}, [("status", "unknown")]),
        ({"retries": 1}, [("retries", "unknown")]),
        ({"eventFilters": [{"key": "messageStatus", "value": "lost"}]}, [(value, "unknown")]),
        ({"eventFilters": [{"key": "colour", "value": "red"}]}, [("eventFilters[0].key", "unknown")]),
        ({"eventFilters": [{"key": "interactionType", "value": "read"}]}, [("eventFilters[0].key", "misplaced")]),
        ({"eventFilters": [one, one]}, [("eventFilters[1].key", "repeated")]),
        ({"eventFilters": [other]}, [(value, "unknown")]),
        ({"eventFilters": [{"key": "channelId", "value": "none"}]}, [(value, "unknown")]),
        ({"eventFilters": 7}, [("eventFilters", "type")]),
    ]
    for changes, wrong in cases:
        for method, path, body in (("POST", place, {**ASKED, **changes}), ("PATCH", f"{place}/{made['id']}", changes)):
            told = await acme.ask(method, path, body)
            assert (told.status, told.wrong) == (422, wrong)
    for spoilt in (b"", b"[", b'{"url": "\\u0000"}', b"[]"):
        assert (await acme.ask("POST", place, spoilt)).status == 422
    del made["standardSigningKey"]
    assert (await acme.ask("GET", place)).body["results"] == [made]
    good = await acme.ask("POST", place, {**ASKED, "eventFilters": [one]})
    assert (good.status, good.body["eventFilters"]) == (201, [one])


async def test_a_filter_on_a_channel_that_is_gone_stays(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    channel = await acme.channel("sms")
    filters = [{"key": "channelId", "value": channel}]
    made = (await acme.ask("POST", place, {**ASKED, "eventFilters": filters})).body["id"]
    await acme.ask("DELETE", f"{acme.place}/channels/{channel}")
    told = await acme.ask("PATCH", f"{place}/{made}", {"status": "inactive"})
    assert (told.status, told.body["eventFilters"]) == (200, filters)


async def test_a_platform_of_ones_own_has_events(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    body = {**ASKED, "event": "pager.outbound", "eventFilters": []}
    assert (await acme.ask("POST", place, body)).status == 422
    await acme.channel("pager")
    assert (await acme.ask("POST", place, body)).status == 201


async def test_an_idempotency_key_subscribes_once(acme: Tenant) -> None:
    place = f"{acme.place}/webhook-subscriptions"
    first = await acme.ask("POST", place, ASKED, idempotency_key="s")
    again = await acme.ask("POST", place, ASKED, idempotency_key="s")
    assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await acme.ask("POST", place, {**ASKED, "event": "rcs.outbound"}, idempotency_key="s")).status == 409
    assert len((await acme.ask("GET", place)).body["results"]) == 1


async def test_what_is_subscribed_to_is_told(acme: Tenant) -> None:
    channel = await acme.channel("sms")
    async with Receiver() as receiver:
        await acme.ask("POST", "/organizations/1234/webhook-subscriptions", {**ASKED, "url": receiver.url})
        contacts = [{"identifierValue": "+31612345678"}]
        send = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hi"}}}
        message = (await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", send)).body["id"]
        await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/delivered", {"channel": "sms"})
        (got,) = await receiver.wait_for(1)
    assert (got.json["event"], got.json["payload"]["id"], got.json["payload"]["status"]) == (
        "sms.outbound",
        message,
        "delivered",
    )
