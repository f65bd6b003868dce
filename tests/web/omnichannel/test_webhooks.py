"""Webhooks: set up, shown, replaced, dropped."""

from typing import Any

from standardwebhooks import Webhook

from support.receiver import Receiver
from support.tenant import Tenant
from tidings.dialects.omnichannel.names import EVENTS
from tidings.rules.signing import hmac_sha1_hex

SECRET = "a secret of some length"
HOOK: dict[str, Any] = {
    "name": "Ours",
    "url": "http://127.0.0.1:9/hook",
    "secret": SECRET,
    "subscriptions": [{"type": "message.*", "filters": [{"name": "channel", "value": "sms"}]}],
    "batch": False,
    "maxBatchSize": 10,
    "batchTimeout": 2,
}


async def test_a_webhook_is_set_up_and_its_key_shown_once(acme: Tenant) -> None:
    told = await acme.ask("POST", f"{acme.space}/webhooks", HOOK)
    assert told.status == 201
    key = told.body.pop("signingKey")
    assert key.startswith("whsec_")
    hook = {name: value for name, value in HOOK.items() if name != "secret"}
    created = told.body["_createdOn"]
    assert told.body == {
        **hook,
        "id": told.body["id"],
        "active": True,
        "_createdOn": created,
        "_updatedOn": created,
    }
    read = await acme.ask("GET", f"{acme.space}/webhooks/{told.body['id']}")
    assert (read.status, read.body, read.etag) == (200, told.body, told.etag)
    listed = await acme.ask("GET", "/cpaas/webhooks")
    assert (listed.status, listed.body) == (200, [told.body])
    assert "etag" in listed.headers


async def test_what_is_told_is_signed_with_both_keys(acme: Tenant) -> None:
    acme.come_to_the_present()
    await acme.channel("sms")
    async with Receiver() as receiver:
        told = await acme.ask("POST", "/cpaas/webhooks", {**HOOK, "url": receiver.url})
        send = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
        message = (await acme.ask("POST", "/cpaas/messages", send)).body["messageId"]
        await acme.ask("POST", f"/cpaas/messages/{message}/statuses/sent", {"channel": "sms"})
        (got,) = await receiver.wait_for(1)
    Webhook(told.body["signingKey"]).verify(got.body, got.headers)
    assert got.headers["x-comapi-signature"] == hmac_sha1_hex(SECRET, got.body)
    assert got.json["name"] == "message.sent"


async def test_an_idempotency_key_sets_up_one_webhook(acme: Tenant) -> None:
    first = await acme.ask("POST", "/cpaas/webhooks", HOOK, idempotency_key="w")
    again = await acme.ask("POST", "/cpaas/webhooks", HOOK, idempotency_key="w")
    assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
    assert again.headers["idempotency-replayed"] == "true"
    other = await acme.ask("POST", "/cpaas/webhooks", {**HOOK, "name": "x"}, idempotency_key="w")
    assert other.status == 409
    assert len((await acme.ask("GET", "/cpaas/webhooks")).body) == 1
    await acme.ask("DELETE", f"/cpaas/webhooks/{first.body['id']}")
    gone = await acme.ask("POST", "/cpaas/webhooks", HOOK, idempotency_key="w")
    assert gone.body == {name: value for name, value in first.body.items() if name != "signingKey"}


async def test_a_webhook_is_replaced_and_keeps_its_secret(acme: Tenant) -> None:
    made = await acme.ask("POST", "/cpaas/webhooks", HOOK)
    path = f"/cpaas/webhooks/{made.body['id']}"
    changed = {
        "url": "http://127.0.0.1:9/other",
        "subscriptions": [{"type": "interaciton.click"}],
        "active": False,
    }
    assert (await acme.ask("PUT", path, changed, if_match='"other"')).status == 412
    told = await acme.ask("PUT", path, changed, if_match=made.etag)
    assert told.status == 200
    assert told.body == {
        "id": made.body["id"],
        "name": "",
        "url": changed["url"],
        "subscriptions": [{"type": "interaciton.click", "filters": []}],
        "active": False,
        "batch": False,
        "maxBatchSize": 100,
        "batchTimeout": 5,
        "_createdOn": made.body["_createdOn"],
        "_updatedOn": told.body["_updatedOn"],
    }
    assert told.etag != made.etag
    read = await acme.ask("GET", path)
    assert (read.body, read.etag) == (told.body, told.etag)
    kept = acme.world.directory.subscriptions[made.body["id"]]
    assert kept.secret.reveal() == SECRET
    assert [key.secret.reveal() for key in kept.keys] == [made.body["signingKey"]]
    assert (await acme.ask("PUT", path, changed, if_match=made.etag)).status == 412
    await acme.ask("PUT", path, {**changed, "secret": "another secret altogether"})
    assert acme.world.directory.subscriptions[made.body["id"]].secret.reveal() == "another secret altogether"


async def test_a_webhook_is_dropped(acme: Tenant) -> None:
    made = await acme.ask("POST", "/cpaas/webhooks", HOOK)
    path = f"/cpaas/webhooks/{made.body['id']}"
    assert (await acme.ask("DELETE", path, if_match='"other"')).status == 412
    gone = await acme.ask("DELETE", path, if_match=made.etag)
    assert (gone.status, gone.body) == (204, None)
    for method, body in (("GET", None), ("PUT", HOOK), ("DELETE", None)):
        assert (await acme.ask(method, path, body)).status == 404
    assert (await acme.ask("GET", "/cpaas/webhooks")).body == []


async def test_nobody_else_comes_to_a_webhook(acme: Tenant, stranger: Tenant) -> None:
    made = await acme.ask("POST", "/cpaas/webhooks", HOOK)
    reader = await acme.key_with("read", "send")
    for method, body in (("GET", None), ("PUT", HOOK), ("DELETE", None)):
        below = f"webhooks/{made.body['id']}"
        assert (await stranger.ask(method, f"/cpaas/{below}", body)).status == 404
        assert (await stranger.ask(method, f"{acme.space}/{below}", body)).status == 401
        if body is not None:
            assert (await acme.ask(method, f"/cpaas/{below}", body, key=reader)).status == 403
    assert (await acme.ask("POST", "/cpaas/webhooks", HOOK, key=reader)).status == 403
    assert (await stranger.ask("GET", "/cpaas/webhooks")).body == []
    in_the_other_words = await acme.ask("GET", f"{acme.place}/webhook-subscriptions/{made.body['id']}")
    assert in_the_other_words.status == 404


async def test_a_webhook_that_does_not_fit_changes_nothing(acme: Tenant) -> None:
    made = await acme.ask("POST", "/cpaas/webhooks", HOOK)
    cases: list[tuple[Any, list[tuple[str, str]]]] = [
        ({**HOOK, "url": "ftp://example.com"}, [("url", "url")]),
        ({**HOOK, "secret": "short"}, [("secret", "too-short")]),
        ({**HOOK, "subscriptions": []}, [("subscriptions", "type")]),
        ({**HOOK, "subscriptions": [{"type": "message.gone"}]}, [("subscriptions[0].type", "unknown")]),
        ({**HOOK, "maxBatchSize": 501}, [("maxBatchSize", "type")]),
        ({**HOOK, "batchTimeout": 0}, [("batchTimeout", "type")]),
        ({**HOOK, "retries": 1}, [("retries", "unknown")]),
        (b"{}", [("url", "required")]),
        (b"\x1f\x8b", [("", "json")]),
    ]
    for body, wrong in cases:
        for method, path in (("POST", "/cpaas/webhooks"), ("PUT", f"/cpaas/webhooks/{made.body['id']}")):
            told = await acme.ask(method, path, body)
            assert (told.status, told.wrong) == (400, wrong)
    del made.body["signingKey"]
    assert (await acme.ask("GET", "/cpaas/webhooks")).body == [made.body]


async def test_the_events_there_are(acme: Tenant) -> None:
    told = await acme.ask("GET", f"{acme.space}/webhooks/availableevents")
    assert told.status == 200
    assert {each["type"]: each["description"] for each in told.body} == EVENTS
    assert {"channel", "messageId"} <= set(told.body[0]["filters"])
