"""Signing keys of subscriptions: listed, made, rotated, taken away, published."""

from base64 import b64encode
from typing import Any

import pytest
from jwt import PyJWK
from standardwebhooks import Webhook

from support.keys import proves_v1a
from support.receiver import Receiver
from support.tenant import Tenant
from tidings.flow.look import answered
from tidings.rules.rotation import MOST_KEYS

HOUR = 3_600_000
OWN = "whsec_" + b64encode(b"a key that somebody brings along").decode()
OWN_PAIR = "whsk_" + b64encode(b"s" * 32).decode()


async def webhook(acme: Tenant, url: str = "http://127.0.0.1:9/hook") -> tuple[str, str, str]:
    """Set an omnichannel webhook up; gives its id, its first key, and the place of its keys."""
    asked = {"url": url, "subscriptions": [{"type": "message.*"}]}
    made = (await acme.ask("POST", f"{acme.space}/webhooks", asked)).body
    return made["id"], made["signingKey"], f"{acme.place}/subscriptions/{made['id']}/keys"


async def listed(acme: Tenant, place: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await acme.ask("GET", place)).body["results"]
    return results


async def test_the_first_key_is_listed_without_its_secret(acme: Tenant) -> None:
    id_, key, place = await webhook(acme)
    told = await acme.ask("GET", place)
    created = "2026-09-21T14:13:20.000Z"
    first = {"id": id_, "kind": "hmac", "createdAt": created, "expiresAt": None, "publicKey": None}
    assert (told.status, told.body) == (200, {"results": [first], "nextPageToken": None})
    assert key not in str(told)


async def test_a_subscription_of_the_channels_vocabulary_has_keys_too(acme: Tenant) -> None:
    asked = {"event": "sms.outbound", "url": "http://127.0.0.1:9/hook", "signingKey": "theirs"}
    made = (await acme.ask("POST", f"{acme.place}/webhook-subscriptions", asked)).body
    place = f"{acme.place}/subscriptions/{made['id']}/keys"
    rotated = await acme.ask("POST", place, {})
    assert rotated.status == 201
    assert [each["id"] for each in await listed(acme, place)] == [made["id"], rotated.body["id"]]


async def test_a_key_is_rotated_with_an_overlap_of_a_day(acme: Tenant) -> None:
    id_, first, place = await webhook(acme)
    acme.hub.clock.move(HOUR + 700)
    made = await acme.ask("POST", place, {})
    assert made.status == 201
    secret = made.body.pop("secret")
    assert secret.startswith("whsec_")
    assert secret != first
    assert made.body == {
        "id": made.body["id"],
        "kind": "hmac",
        "createdAt": "2026-09-21T15:13:20.700Z",
        "expiresAt": None,
        "publicKey": None,
    }
    old, new = await listed(acme, place)
    assert new == made.body
    assert (old["id"], old["expiresAt"]) == (id_, "2026-09-22T15:13:20.000Z")


async def test_a_pair_is_added_beside_the_other_kind_and_its_public_key_is_shown(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    made = (await acme.ask("POST", place, {"kind": "ed25519"})).body
    assert made["secret"].startswith("whsk_")
    assert made["publicKey"].startswith("whpk_")
    assert [(each["id"], each["expiresAt"]) for each in await listed(acme, place)] == [(id_, None), (made["id"], None)]
    brought = (await acme.ask("POST", place, {"kind": "ed25519", "secret": OWN_PAIR, "overlapHours": 1.5})).body
    assert brought["secret"] == OWN_PAIR
    ends = {each["id"]: each["expiresAt"] for each in await listed(acme, place)}
    assert ends == {id_: None, made["id"]: "2026-09-21T15:43:20.000Z", brought["id"]: None}


async def test_only_the_keys_that_are_named_are_replaced(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    beside = (await acme.ask("POST", place, {"replaces": []})).body["id"]
    third = (await acme.ask("POST", place, {"kind": "ed25519", "replaces": [id_]})).body["id"]
    ends = {each["id"]: each["expiresAt"] is not None for each in await listed(acme, place)}
    assert ends == {id_: True, beside: False, third: False}


async def test_what_is_told_is_signed_by_every_key(acme: Tenant) -> None:
    acme.come_to_the_present()
    await acme.channel("sms")
    async with Receiver() as receiver:
        _, first, place = await webhook(acme, receiver.url)
        second = (await acme.ask("POST", place, {"secret": OWN})).body["secret"]
        pair = (await acme.ask("POST", place, {"kind": "ed25519"})).body
        send = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
        message = (await acme.ask("POST", f"{acme.space}/messages", send)).body["messageId"]
        await acme.hub.hub.readers.settled()
        await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/sent", {"channel": "sms"})
        (got,) = await receiver.wait_for(1)
    assert second == OWN
    for key in (first, second):
        Webhook(key).verify(got.body, got.headers)
    assert proves_v1a(pair["publicKey"], got.headers, got.body)
    assert [each.partition(",")[0] for each in got.headers["webhook-signature"].split(" ")] == ["v1", "v1", "v1a"]


async def test_the_same_key_again_takes_its_own_place(acme: Tenant) -> None:
    _, first, place = await webhook(acme)
    made = (await acme.ask("POST", place, {"secret": first})).body
    assert [(each["id"], each["expiresAt"]) for each in await listed(acme, place)] == [(made["id"], None)]


async def test_an_idempotency_key_makes_one_key_and_shows_it_again(acme: Tenant) -> None:
    _, _, place = await webhook(acme)
    first = await acme.ask("POST", place, {}, idempotency_key="k")
    again = await acme.ask("POST", place, {}, idempotency_key="k")
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await acme.ask("POST", place, {"kind": "ed25519"}, idempotency_key="k")).status == 409
    assert len(await listed(acme, place)) == 2
    another = (await acme.ask("POST", place, {})).body["id"]
    await acme.ask("DELETE", f"{place}/{first.body['id']}")
    gone = await acme.ask("POST", place, {}, idempotency_key="k")
    assert gone.body == {name: value for name, value in first.body.items() if name != "secret"}
    assert another in [each["id"] for each in await listed(acme, place)]


async def test_a_repeated_creation_shows_the_first_key_for_as_long_as_it_is_there(acme: Tenant) -> None:
    asked = {"url": "http://127.0.0.1:9/hook", "subscriptions": [{"type": "message.*"}]}
    made = (await acme.ask("POST", f"{acme.space}/webhooks", asked, idempotency_key="w")).body
    place = f"{acme.place}/subscriptions/{made['id']}/keys"
    await acme.ask("POST", place, {})
    again = await acme.ask("POST", f"{acme.space}/webhooks", asked, idempotency_key="w")
    assert again.body == made
    await acme.ask("DELETE", f"{place}/{made['id']}")
    again = await acme.ask("POST", f"{acme.space}/webhooks", asked, idempotency_key="w")
    assert again.body == {name: value for name, value in made.items() if name != "signingKey"}


async def test_a_key_is_taken_away_unless_it_is_the_last_that_goes_on(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    refused = await acme.ask("DELETE", f"{place}/{id_}")
    assert (refused.status, refused.body["type"]) == (409, "urn:tidings:problem:last-key")
    new = (await acme.ask("POST", place, {})).body["id"]
    assert (await acme.ask("DELETE", f"{place}/{new}")).status == 409
    stale = await acme.ask("DELETE", f"{place}/{id_}", if_match='"another"')
    assert stale.status == 412
    etag = (await acme.ask("GET", place)).etag
    gone = await acme.ask("DELETE", f"{place}/{id_}", if_match=etag)
    assert (gone.status, gone.body) == (204, None)
    assert [each["id"] for each in await listed(acme, place)] == [new]
    assert (await acme.ask("DELETE", f"{place}/{id_}")).status == 404


async def test_keys_survive_a_change_of_the_subscription(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    await acme.ask("POST", place, {"kind": "ed25519"})
    before = await listed(acme, place)
    changed = {"url": "http://127.0.0.1:9/other", "subscriptions": [{"type": "message.sent"}]}
    assert (await acme.ask("PUT", f"{acme.space}/webhooks/{id_}", changed)).status == 200
    assert await listed(acme, place) == before


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"kind": "rsa"}, "kind"),
        ({"secret": "whsec_short"}, "secret"),
        ({"secret": OWN_PAIR}, "secret"),
        ({"kind": "ed25519", "secret": OWN}, "secret"),
        ({"secret": "whsec_" + "A" * 200}, "secret"),
        ({"secret": "whsec_\0"}, "secret"),
        ({"secret": None}, "secret"),
        ({"overlapHours": -1}, "overlapHours"),
        ({"overlapHours": 8761}, "overlapHours"),
        ({"overlapHours": "24"}, "overlapHours"),
        ({"replaces": "all"}, "replaces"),
        ({"replaces": ["gone"]}, "replaces[0]"),
        ({"expiresAt": None}, "expiresAt"),
        (b'{"secret": "whsec_\xed\xa0\x80"}', ""),
        (b"[" * 100_000, ""),
        (b"", ""),
    ],
)
async def test_a_key_that_does_not_fit_changes_nothing(acme: Tenant, asked: Any, path: str) -> None:
    id_, _, place = await webhook(acme)
    told = await acme.ask("POST", place, asked, idempotency_key="k")
    assert (told.status, [each["path"] for each in told.body["errors"]]) == (422, [path])
    assert [(each["id"], each["expiresAt"]) for each in await listed(acme, place)] == [(id_, None)]
    assert (await acme.ask("POST", place, {}, idempotency_key="k")).status == 201


async def test_a_refused_key_is_not_repeated(acme: Tenant) -> None:
    _, _, place = await webhook(acme)
    told = await acme.ask("POST", place, {"secret": OWN + "!"})
    assert told.status == 422
    assert OWN not in str(told.body)


async def test_so_many_keys_and_no_more_sign_at_once(acme: Tenant) -> None:
    _, _, place = await webhook(acme)
    for _ in range(MOST_KEYS - 1):
        assert (await acme.ask("POST", place, {"replaces": []})).status == 201
    refused = await acme.ask("POST", place, {"replaces": []})
    assert (refused.status, refused.body["type"]) == (409, "urn:tidings:problem:too-many-keys")
    assert (await acme.ask("POST", place, {"overlapHours": 0})).status == 201


async def test_nobody_else_comes_to_a_key(acme: Tenant, stranger: Tenant) -> None:
    id_, _, place = await webhook(acme)
    reader = await acme.key_with("read")
    sender = await acme.key_with("send")
    theirs = f"{stranger.place}/subscriptions/{id_}/keys"
    for method, below in (("GET", ""), ("POST", ""), ("DELETE", f"/{id_}")):
        assert (await stranger.ask(method, theirs + below, {})).status == 404
        assert (await stranger.ask(method, place + below, {})).status == 401
        assert (await acme.ask(method, place + below, {}, key=sender)).status == 403
        assert (await acme.ask(method, place + below, {}, key=reader)).status == (200 if method == "GET" else 403)
    assert [each["id"] for each in await listed(acme, place)] == [id_]


async def test_a_subscription_that_is_not_there_has_no_keys(acme: Tenant) -> None:
    place = f"{acme.place}/subscriptions/0199b8d2-0000-7000-8000-000000000001/keys"
    for method in ("GET", "POST"):
        assert (await acme.ask(method, place, {})).status == 404


async def test_a_subscription_that_another_process_has_just_dropped_gets_no_key(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    directory = acme.world.directory
    await acme.world.store.write(lambda: directory.drop_subscription(directory.subscriptions[id_]))
    assert (await acme.ask("POST", place, {}, idempotency_key="k")).status == 404
    assert await acme.world.store.read(answered(acme.id, "k")) is None
    await directory.read()
    assert directory.subscriptions == {}


async def test_secrets_are_sealed_on_disk(acme: Tenant) -> None:
    _, first, place = await webhook(acme)
    made = await acme.ask("POST", place, {"kind": "ed25519"}, idempotency_key="k")
    files = b"".join(file.read_bytes() for file in acme.world.settings.data_dir.glob("*.db*"))
    for key in (first, made.body["secret"]):
        assert key.partition("_")[2].encode() not in files


async def test_public_keys_are_published_to_everybody(acme: Tenant) -> None:
    id_, _, place = await webhook(acme)
    path = f"{acme.place}/subscriptions/{id_}/jwks.json"
    assert (await acme.hub("GET", path, key=None)).json() == {"keys": []}
    old = (await acme.ask("POST", place, {"kind": "ed25519"})).body
    new = (await acme.ask("POST", place, {"kind": "ed25519", "overlapHours": 1})).body
    published = (await acme.hub("GET", path, key=None)).json()["keys"]
    assert [each["kid"] for each in published] == [old["id"], new["id"]]
    for made, key in zip((old, new), published, strict=True):
        octets = PyJWK(key).key.public_bytes_raw()
        assert "whpk_" + b64encode(octets).decode() == made["publicKey"]
        assert key.keys() == {"kty", "crv", "alg", "use", "kid", "x"}
    acme.hub.clock.move(HOUR)
    assert [each["kid"] for each in (await acme.hub("GET", path, key=None)).json()["keys"]] == [new["id"]]


async def test_public_keys_are_published_at_their_own_place_only(acme: Tenant, stranger: Tenant) -> None:
    id_, _, _ = await webhook(acme)
    for place in (stranger.place, "/workspaces/nobody"):
        assert (await acme.hub("GET", f"{place}/subscriptions/{id_}/jwks.json", key=None)).status_code == 404
    assert (await acme.hub("GET", f"{acme.place}/subscriptions/none/jwks.json", key=None)).status_code == 404
