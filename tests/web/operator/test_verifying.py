"""A dry run on webhooks that came: which key made their signatures, or why they do not hold."""

import json
from typing import Any

import pytest

from support.receiver import Got, Receiver
from support.tenant import Tenant, Told

SECRET = "a secret of some length"


class Endpoint:
    """Subscriptions in both vocabularies at one receiver, and the webhooks of a message that was sent."""

    def __init__(self, acme: Tenant, receiver: Receiver) -> None:
        self.acme = acme
        self.receiver = receiver
        self.places: dict[str, str] = {}
        self.got: dict[str, Got] = {}

    async def hear(self) -> None:
        await self.acme.channel("sms")
        hook = {"url": f"{self.receiver.url}/omnichannel", "secret": SECRET, "subscriptions": [{"type": "message.*"}]}
        await self._subscribe("/omnichannel", f"{self.acme.space}/webhooks", hook)
        wanted = {"event": "sms.outbound", "url": f"{self.receiver.url}/channels?a=1", "signingKey": SECRET}
        filters = {"eventFilters": [{"key": "messageStatus", "value": "sent"}]}
        await self._subscribe("/channels?a=1", f"{self.acme.place}/webhook-subscriptions", {**wanted, **filters})
        await self.acme.hub.hub.readers.settled()
        send = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
        message = (await self.acme.ask("POST", f"{self.acme.space}/messages", send)).body["messageId"]
        await self.acme.ask("POST", f"{self.acme.space}/messages/{message}/statuses/sent", {"channel": "sms"})
        self.got = {got.path: got for got in await self.receiver.wait_for(2)}

    async def _subscribe(self, path: str, place: str, asked: Any) -> None:
        made = (await self.acme.ask("POST", place, asked)).body
        self.places[path] = f"{self.acme.place}/subscriptions/{made['id']}"

    async def verify(self, path: str, **changes: Any) -> Told:
        """Verify the webhook that came at a path, as it came but for some changes."""
        got = self.got[path]
        return await self.acme.ask(
            "POST", f"{self.places[path]}/verify", {"headers": got.headers, "body": got.body.decode(), **changes}
        )

    async def flaws(self, path: str, **changes: Any) -> dict[str, str | None]:
        told = await self.verify(path, **changes)
        assert told.status == 200
        signatures = told.body["signatures"]
        assert [each["verified"] for each in signatures] == [each["flaw"] is None for each in signatures]
        return {each["header"].lower(): each["flaw"] for each in signatures}


@pytest.fixture
async def endpoint(acme: Tenant) -> Any:
    async with Receiver() as receiver:
        heard = Endpoint(acme, receiver)
        await heard.hear()
        yield heard


STANDARD = "webhook-signature"
OWN = {"/omnichannel": "x-comapi-signature", "/channels?a=1": "messagebird-signature"}
each_vocabulary = pytest.mark.parametrize("path", OWN)


@each_vocabulary
async def test_a_webhook_that_came_is_good_and_its_key_is_named(endpoint: Endpoint, path: str) -> None:
    told = await endpoint.verify(path)
    key = endpoint.places[path].rpartition("/")[2]
    assert told.status == 200
    assert told.body["verified"] is True
    standard, own = told.body["signatures"]
    assert standard == {"header": STANDARD, "verified": True, "keys": [key], "flaw": None, "detail": ""}
    assert (own["header"].lower(), own["verified"], own["keys"]) == (OWN[path], True, [])


@each_vocabulary
async def test_the_key_in_force_is_named_after_a_rotation(endpoint: Endpoint, path: str) -> None:
    await endpoint.acme.ask("POST", f"{endpoint.places[path]}/keys", {"overlapHours": 0})
    # It was signed in the very second from which on the old key signs nothing.
    assert await endpoint.flaws(path) == {STANDARD: "expired-key", OWN[path]: None}


@each_vocabulary
async def test_a_body_that_was_parsed_and_written_anew_is_told(endpoint: Endpoint, path: str) -> None:
    value = json.loads(endpoint.got[path].body)
    for body in (json.dumps(value), json.dumps(value, sort_keys=True), json.dumps(value, indent=2)):
        told = await endpoint.verify(path, body=body)
        assert told.body["verified"] is False
        assert {each["flaw"] for each in told.body["signatures"]} == {"body-reserialised"}


@each_vocabulary
async def test_a_body_that_was_changed_is_told(endpoint: Endpoint, path: str) -> None:
    body = endpoint.got[path].body.decode().replace("sent", "read")
    assert await endpoint.flaws(path, body=body) == {STANDARD: "body-changed", OWN[path]: "body-changed"}
    assert await endpoint.flaws(path, body="{}") == {STANDARD: "unproven", OWN[path]: "unproven"}


@each_vocabulary
async def test_another_key_is_told_from_another_body(endpoint: Endpoint, path: str) -> None:
    other = next(each for each in OWN if each != path)
    got = endpoint.got[path]
    foreign = {**got.headers, STANDARD: endpoint.got[other].headers[STANDARD]}
    assert await endpoint.flaws(path, headers=foreign) == {STANDARD: "wrong-key", OWN[path]: None}
    spoilt = {**got.headers, OWN[path]: "eA=="}
    assert await endpoint.flaws(path, headers=spoilt) == {STANDARD: None, OWN[path]: "wrong-key"}


@each_vocabulary
async def test_missing_headers_are_named(endpoint: Endpoint, path: str) -> None:
    got = endpoint.got[path]
    less = {name: value for name, value in got.headers.items() if name not in ("webhook-id", OWN[path])}
    told = await endpoint.verify(path, headers=less)
    assert told.body["verified"] is False
    assert told.body["signatures"][0]["detail"] == "webhook-id is missing."
    assert {each["flaw"] for each in told.body["signatures"]} == {"missing-header"}


@each_vocabulary
async def test_one_signature_is_enough_where_the_other_did_not_come_at_all(endpoint: Endpoint, path: str) -> None:
    got = endpoint.got[path]
    for mine in ("webhook-", OWN[path].partition("-signature")[0]):
        kept = {name.title(): f" {value} " for name, value in got.headers.items() if name.startswith(mine)}
        told = await endpoint.verify(path, headers=kept)
        assert told.body["verified"] is True
        assert sorted(each["verified"] for each in told.body["signatures"]) == [False, True]
    nothing = await endpoint.verify(path, headers={})
    assert nothing.body["verified"] is False


async def test_a_time_too_far_is_told_by_when_it_came(endpoint: Endpoint) -> None:
    endpoint.acme.hub.clock.move(301_000)
    late = await endpoint.flaws("/channels?a=1")
    assert late == {STANDARD: "time-too-far", "messagebird-signature": "time-too-far"}
    in_time = await endpoint.flaws("/channels?a=1", receivedAt="2026-09-21T16:14:00+02:00")
    assert in_time == {STANDARD: None, "messagebird-signature": None}


async def test_the_url_that_the_vocabulary_signs_over_is_told(endpoint: Endpoint) -> None:
    told = await endpoint.verify("/channels?a=1", url="http://10.0.0.7:8080/channels")
    _, own = told.body["signatures"]
    assert own["flaw"] == "wrong-url"
    assert f"{endpoint.receiver.url}/channels?a=1" in own["detail"]
    given = f"{endpoint.receiver.url}/channels?a=1"
    assert await endpoint.flaws("/channels?a=1", url=given) == {STANDARD: None, "messagebird-signature": None}


async def test_a_webhook_without_a_secret_has_one_signature(acme: Tenant) -> None:
    asked = {"url": "http://127.0.0.1:9/", "subscriptions": [{"type": "message.*"}]}
    made = (await acme.ask("POST", f"{acme.space}/webhooks", asked)).body
    told = await acme.ask(
        "POST", f"{acme.place}/subscriptions/{made['id']}/verify", {"headers": {}, "body": '{"payload": {"id": 1}}'}
    )
    assert [each["header"] for each in told.body["signatures"]] == [STANDARD]


@pytest.mark.parametrize("body", ["", "[]", "null", '{"payload": []}', '{"payload": {"id": "\\u0000"}}', "[" * 90_000])
async def test_whatever_body_comes_is_examined(endpoint: Endpoint, body: str) -> None:
    flaws = await endpoint.flaws("/omnichannel", body=body)
    assert set(flaws.values()) == {"unproven"}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"body": "{}"}, "headers"),
        ({"headers": {}}, "body"),
        ({"headers": {"webhook-id": 1}, "body": ""}, "headers[...]"),
        ({"headers": {str(number): "" for number in range(101)}, "body": ""}, "headers"),
        ({"headers": {}, "body": "\0"}, "body"),
        ({"headers": {}, "body": "", "receivedAt": "yesterday"}, "receivedAt"),
        ({"headers": {}, "body": "", "receivedAt": "0001-01-01T00:00:00+23:00"}, "receivedAt"),
        ({"headers": {}, "body": "", "secret": ""}, "secret"),
        (b'{"headers": {}, "body": "\\ud800"}', ""),
    ],
)
async def test_what_cannot_be_read_is_refused(endpoint: Endpoint, asked: Any, path: str) -> None:
    told = await endpoint.acme.ask("POST", f"{endpoint.places['/omnichannel']}/verify", asked)
    assert (told.status, [each["path"] for each in told.body["errors"]]) == (422, [path])


async def test_nobody_elses_webhook_can_be_examined(endpoint: Endpoint, stranger: Tenant) -> None:
    got, place = endpoint.got["/omnichannel"], endpoint.places["/omnichannel"]
    asked = {"headers": got.headers, "body": got.body.decode()}
    theirs = place.replace(endpoint.acme.id, stranger.id)
    assert (await stranger.ask("POST", f"{theirs}/verify", asked)).status == 404
    assert (await stranger.ask("POST", f"{place}/verify", asked)).status == 401
    reader, sender = await endpoint.acme.key_with("read"), await endpoint.acme.key_with("send")
    assert (await endpoint.acme.ask("POST", f"{place}/verify", asked, key=reader)).status == 200
    assert (await endpoint.acme.ask("POST", f"{place}/verify", asked, key=sender)).status == 403
    # A stranger's webhook that names our message learns nothing of what we were told of it.
    hook = {"url": "http://127.0.0.1:9/", "subscriptions": [{"type": "message.*"}]}
    made = (await stranger.ask("POST", f"{stranger.space}/webhooks", hook)).body
    told = await stranger.ask("POST", f"{stranger.place}/subscriptions/{made['id']}/verify", asked)
    assert [each["flaw"] for each in told.body["signatures"]] == ["unproven", "unsigned"]
