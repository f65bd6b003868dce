"""What a custom channel tells by way of the API."""

from typing import Any

from support.tenant import Tenant

SEND = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hello", "metadata": {"order": 7}}


async def test_a_custom_channel_tells_how_a_message_fares(acme: Tenant) -> None:
    await acme.channel("sms")
    for word, stages in (
        ("sent", ["sent"]),
        ("delivered", ["sent", "delivered"]),
        ("read", ["sent", "delivered", "read"]),
        ("expired", ["expired"]),
        ("failed", ["failed"]),
        ("filtered", ["failed"]),
    ):
        message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
        path = f"{acme.space}/messages/{message}/statuses/{word}"
        body = {"channel": "SMS", "channelStatus": {"code": 3}, "timestamp": "2024-01-02T03:04:05Z"}
        told = await acme.ask("POST", path, body)
        assert (told.status, told.body) == (200, {"messageId": message, "channel": "sms", "status": word})
        assert (await acme.ask("GET", f"{acme.space}/messages/{message}")).body["status"] == word
        again = await acme.ask("POST", path, body)
        assert again.body == told.body
        log = await acme.ask("GET", f"{acme.place}/events?dialect=omnichannel&messageId={message}")
        names = [each["name"] for each in log.body["results"]]
        assert names == ["message.sentRequest", *(f"message.{stage}" for stage in stages)]


async def test_a_status_that_does_not_fit_changes_nothing(acme: Tenant, stranger: Tenant) -> None:
    await acme.channel("sms")
    await acme.channel("viber")
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    path = f"{acme.space}/messages/{message}/statuses"
    good = {"channel": "sms"}
    cases: list[tuple[str, Any, int, list[tuple[str, str]]]] = [
        ("delivered", {"channel": "viber"}, 409, [("channel", "conflict")]),
        ("delivered", {"channel": "unheard-of"}, 409, [("channel", "conflict")]),
        ("delivered", {"channel": "?"}, 400, [("channel", "platform")]),
        ("delivered", {}, 400, [("channel", "required")]),
        ("delivered", {**good, "timestamp": "yesterday"}, 400, [("timestamp", "time")]),
        ("delivered", {**good, "timestamp": "2999-01-01T00:00:00Z"}, 400, [("timestamp", "time")]),
        ("delivered", {**good, "failureReason": "none"}, 400, [("failureReason", "conflict")]),
        ("delivered", {**good, "more": 1}, 400, [("more", "unknown")]),
        ("delivered", b"{", 400, [("", "json")]),
        ("vanished", good, 404, [("status", "unknown")]),
    ]
    for word, body, status, wrong in cases:
        told = await acme.ask("POST", f"{path}/{word}", body)
        assert (told.status, told.wrong) == (status, wrong)
    for asker, place in ((stranger, stranger.space), (acme, acme.space)):
        named = message if asker is stranger else "unknown"
        assert (await asker.ask("POST", f"{place}/messages/{named}/statuses/read", good)).status == 404
    assert (await acme.ask("GET", f"{acme.space}/messages/{message}")).body["status"] == "processing"


async def test_a_provider_of_ours_is_not_spoken_for(acme: Tenant) -> None:
    settings = {"accountSid": "AC" + "0" * 32, "authToken": "token", "sender": "+15005550006"}
    await acme.channel("sms", "twilio", settings={**settings, "baseUrl": "http://127.0.0.1:9"})
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    told = await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/delivered", {"channel": "sms"})
    assert (told.status, told.wrong) == (409, [("channel", "conflict")])


async def test_a_status_is_told_once_with_an_idempotency_key(acme: Tenant) -> None:
    await acme.channel("sms")
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    path = f"{acme.space}/messages/{message}/statuses/sent"
    first = await acme.ask("POST", path, {"channel": "sms"}, idempotency_key="s")
    again = await acme.ask("POST", path, {"channel": "sms"}, idempotency_key="s")
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (200, first.body, "true")
    other = await acme.ask("POST", path, {"channel": "sms", "channelStatus": {}}, idempotency_key="s")
    assert other.status == 409


async def test_what_a_person_wrote_becomes_a_message(acme: Tenant) -> None:
    await acme.channel("sms")
    second = await acme.channel("sms", settings={"sender": "+31600000000"})
    sent = await acme.ask(
        "POST", f"{acme.space}/messages", {**SEND, "rules": [{"channel": "sms", "channelId": second}]}
    )
    message = sent.body["messageId"]
    await acme.ask("POST", f"{acme.space}/messages/{message}/statuses/sent", {"channel": "sms"})
    body = {
        "channel": "sms",
        "from": {"phoneNumber": "31612345678"},
        "to": {"phoneNumber": "31600000000"},
        "body": "Yes",
        "channelData": {"messageId": "theirs-1", "keyword": "YES"},
    }
    told = await acme.ask("POST", f"{acme.space}/messages/inbounds", body)
    assert (told.status, list(told.body)) == (201, ["id"])
    shown = (await acme.ask("GET", f"{acme.space}/messages/{told.body['id']}")).body
    for own in ("_createdOn", "_updatedOn", "sentOn", "receivedOn"):
        del shown[own]
    profile = shown["from"].pop("profileId")
    data = shown.pop("channelData")
    assert (data["messageId"], data["keyword"], len(profile)) == ("theirs-1", "YES", 36)
    assert shown == {
        "messageId": told.body["id"],
        "direction": "inbound",
        "status": "delivered",
        "statusDetails": {},
        "channel": "sms",
        "from": {"phoneNumber": "31612345678"},
        "to": {"phoneNumber": "31600000000"},
        "body": "Yes",
    }
    again = await acme.ask("POST", f"{acme.space}/messages/inbounds", body)
    assert (again.status, again.body) == (200, told.body)
    listed = await acme.ask("GET", f"{acme.space}/messages?direction=inbound&channelId={second}")
    assert [each["messageId"] for each in listed.body] == [told.body["id"]]


async def test_an_inbound_is_taken_once_with_an_idempotency_key(acme: Tenant) -> None:
    await acme.channel("viber")
    body = {"channel": "viber", "from": "v1", "body": "Hi"}
    first = await acme.ask("POST", "/cpaas/messages/inbounds", body, idempotency_key="i")
    again = await acme.ask("POST", "/cpaas/messages/inbounds", body, idempotency_key="i")
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
    assert len((await acme.ask("GET", "/cpaas/messages")).body) == 1
    acme.hub.clock.move(1)
    without = await acme.ask("POST", "/cpaas/messages/inbounds", body)
    assert without.body != first.body


async def test_an_inbound_that_does_not_fit_changes_nothing(acme: Tenant) -> None:
    await acme.channel("sms")
    good = {"channel": "sms", "from": "+31612345678", "body": "Hi"}
    cases: list[tuple[Any, int, list[tuple[str, str]]]] = [
        ({**good, "channel": "viber"}, 409, [("channel", "unknown")]),
        ({**good, "channel": ""}, 400, [("channel", "platform")]),
        ({**good, "from": "x"}, 400, [("from", "address")]),
        ({**good, "body": ""}, 400, [("body", "empty")]),
        ({**good, "body": 7}, 400, [("body", "type")]),
        ({"channel": "sms"}, 400, [("from", "required")]),
        (b"null", 400, [("", "type")]),
        (b'{"channel":"sms","from":"+31612345678","body":"\\u0000"}', 400, [("body", "text")]),
    ]
    for body, status, wrong in cases:
        told = await acme.ask("POST", "/cpaas/messages/inbounds", body)
        assert (told.status, told.wrong) == (status, wrong)
    assert (await acme.ask("GET", "/cpaas/messages")).body == []
