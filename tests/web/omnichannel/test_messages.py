"""Sending, reading, listing, redacting and deleting messages."""

from typing import Any

from support.tenant import Tenant

TO = {"phoneNumber": "+31612345678"}
SEND = {"to": TO, "rules": ["sms"], "body": "Hello"}


async def test_a_message_is_taken_and_read_back(acme: Tenant) -> None:
    channel = await acme.channel("sms")
    asked = {**SEND, "metadata": {"order": 7}}
    told = await acme.ask("POST", f"{acme.space}/messages", asked)
    message = told.body["messageId"]
    created = told.body["_createdOn"]
    assert told.status == 201
    assert told.body == {
        **asked,
        "messageId": message,
        "direction": "outbound",
        "status": "processing",
        "statusDetails": {"sms": {"status": "processing", "channelId": channel, "updatedOn": created}},
        "_createdOn": created,
        "_updatedOn": created,
    }
    read = await acme.ask("GET", f"{acme.space}/messages/{message}")
    assert (read.status, read.etag) == (200, told.etag)
    assert {**read.body, "_updatedOn": created, "statusDetails": told.body["statusDetails"]} == told.body
    under_the_key = await acme.ask("GET", f"/cpaas/messages/{message}")
    assert (under_the_key.body, under_the_key.etag) == (read.body, read.etag)


async def test_the_etag_is_the_one_of_the_events(acme: Tenant) -> None:
    await acme.channel("sms")
    told = await acme.ask("POST", f"{acme.space}/messages", SEND)
    log = await acme.ask("GET", f"{acme.place}/events?dialect=omnichannel&messageId={told.body['messageId']}")
    assert [(each["name"], each["etag"]) for each in log.body["results"]] == [("message.sentRequest", told.etag)]


UNSENDABLE: list[tuple[Any, list[tuple[str, str]]]] = [
    (b"", [("", "json")]),
    (b"{", [("", "json")]),
    (b"[]", [("", "type")]),
    (b'{"to": {"phoneNumber": "+31612345678"}}', [("rules", "required")]),
    ({**SEND, "rules": []}, [("rules", "type")]),
    ({**SEND, "rules": "sms"}, [("rules", "type")]),
    ({**SEND, "bodi": "x"}, [("bodi", "unknown")]),
    ({**SEND, "body": ""}, [("body", "empty")]),
    ({**SEND, "to": {"phoneNumber": "0612"}}, [("to.phoneNumber", "address")]),
    ({**SEND, "to": {"email": "nobody"}}, [("to.email", "address")]),
    ({**SEND, "to": {"profileId": "nobody"}}, [("to.profileId", "unknown")]),
    ({**SEND, "to": {"pagerNumber": "1\r\n2"}}, [("to.pagerNumber", "address")]),
    ({**SEND, "body": "{{profile.name}}"}, [("body", "unknown")]),
    ({**SEND, "expiresOn": "2001-01-01T00:00:00Z"}, [("expiresOn", "too-soon")]),
    (b'{"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "a\\u0000b"}', [("body", "text")]),
    (b'{"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "\\ud800"}', [("", "json")]),
    (b'{"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "\xff"}', [("", "json")]),
    (b"[" * 100_000, [("", "too-deep")]),
    ({**SEND, "metadata": {"a": eval("[" * 70 + "]" * 70)}}, [("metadata.a" + "[0]" * 62, "too-deep")]),
    (
        {**SEND, "customBody": {"sms": {}}, "channelOptions": {"sms": {}}},
        [("channelOptions.sms", "conflict")],
    ),
]


async def test_what_cannot_be_sent_is_refused_and_changes_nothing(acme: Tenant) -> None:
    await acme.channel("sms")
    for body, wrong in UNSENDABLE:
        told = await acme.ask("POST", f"{acme.space}/messages", body)
        assert (told.status, told.wrong) == (400, wrong)
        assert told.headers["content-type"] == "application/problem+json"
        assert told.body["validationFailures"] == [
            {"paramName": each["path"], "message": each["message"]} for each in told.body["errors"]
        ]
    assert (await acme.ask("GET", f"{acme.space}/messages")).body == []


async def test_an_idempotency_key_sends_once(acme: Tenant) -> None:
    await acme.channel("sms")
    first = await acme.ask("POST", f"{acme.space}/messages", SEND, idempotency_key="once")
    again = await acme.ask("POST", f"{acme.space}/messages", SEND, idempotency_key="once")
    other = await acme.ask("POST", f"{acme.space}/messages", {**SEND, "body": "Else"}, idempotency_key="once")
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
    assert other.status == 409
    bad = await acme.ask("POST", f"{acme.space}/messages", SEND, idempotency_key="x" * 256)
    assert (bad.status, bad.wrong) == (400, [("Idempotency-Key", "key")])
    assert len((await acme.ask("GET", f"{acme.space}/messages")).body) == 1


async def test_nobody_else_comes_to_a_message(acme: Tenant, stranger: Tenant) -> None:
    await acme.channel("sms")
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    below = f"messages/{message}"
    for method, body in (("GET", None), ("PATCH", {"redact": True}), ("DELETE", None)):
        assert (await stranger.ask(method, f"{acme.space}/{below}", body)).status == 401
        assert (await stranger.ask(method, f"{stranger.space}/{below}", body)).status == 404
        assert (await stranger.ask(method, f"/cpaas/{below}", body)).status == 404
        assert (await acme.ask(method, f"{acme.space}/messages/unknown", body)).status == 404
    assert (await acme.ask("GET", f"{acme.space}/{below}", key="wrong")).status == 401
    assert (await acme.ask("GET", "/apispaces/unknown/messages")).status == 401


async def test_each_scope_opens_its_own_doors(acme: Tenant) -> None:
    await acme.channel("sms")
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    doors: dict[str, list[tuple[str, str, Any]]] = {
        "send": [("POST", "messages", SEND), ("POST", "messages/batch", [SEND])],
        "read": [("GET", "messages", None), ("GET", f"messages/{message}", None), ("GET", "webhooks", None)],
        "manage": [("PATCH", f"messages/{message}", {"redact": True}), ("DELETE", f"messages/{message}", None)],
    }
    keys = {scope: await acme.key_with(scope) for scope in doors}
    for scope, key in keys.items():
        for needed, asked in doors.items():
            for method, below, body in asked if needed != scope else ():
                told = await acme.ask(method, f"{acme.space}/{below}", body, key=key)
                assert (told.status, told.body["detail"]) == (403, f"The key lacks the scope {needed}.")
    for scope, asked in doors.items():
        for method, below, body in asked:
            assert (await acme.ask(method, f"{acme.space}/{below}", body, key=keys[scope])).status < 300


async def test_lists_go_on_where_the_page_before_ended(acme: Tenant) -> None:
    await acme.channel("sms")
    sent = []
    for number in range(5):
        body = {**SEND, "body": str(number)}
        sent.append((await acme.ask("POST", f"{acme.space}/messages", body)).body["messageId"])
    seen: list[str] = []
    path = f"{acme.space}/messages?limit=2&direction=outbound"
    while path:
        told = await acme.ask("GET", path)
        assert told.status == 200
        seen += [each["messageId"] for each in told.body]
        link = told.headers.get("link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link[1:].partition(">")[0]
    assert seen == sent[::-1]


async def test_lists_are_narrowed(acme: Tenant, stranger: Tenant) -> None:
    sms, viber = await acme.channel("sms"), await acme.channel("viber")
    theirs = await stranger.channel("sms")
    by_sms = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    by_viber = await acme.ask(
        "POST", f"{acme.space}/messages", {"to": {"viberUserId": "v1"}, "rules": ["viber"], "body": "Hi"}
    )
    inbound = {"channel": "viber", "from": "v1", "body": "Yes"}
    came_in = (await acme.ask("POST", f"{acme.space}/messages/inbounds", inbound)).body["id"]
    shown = (await acme.ask("GET", f"{acme.space}/messages/{came_in}")).body
    profile = shown["from"]["profileId"]

    async def listed(query: str) -> list[str]:
        told = await acme.ask("GET", f"{acme.space}/messages?{query}")
        assert told.status == 200, told
        return [each["messageId"] for each in told.body]

    both_viber = [came_in, by_viber.body["messageId"]]
    assert await listed("") == [*both_viber, by_sms]
    assert await listed(f"channelId={sms}") == [by_sms]
    assert await listed(f"channelId={viber}") == both_viber
    assert await listed("direction=inbound") == [came_in]
    assert await listed(f"channelId={viber}&direction=outbound") == both_viber[1:]
    assert await listed(f"channelId={viber}&direction=inbound") == [came_in]
    assert await listed(f"profileId={profile}") == both_viber
    assert await listed(f"profileId={profile}&channelId={viber}&direction=inbound") == [came_in]
    assert await listed(f"profileId={profile}&channelId={sms}") == []
    assert await listed("profileId=nobody") == []
    assert await listed(f"from={by_sms}") == [by_sms]
    for unknown in ("unknown", theirs):
        assert (await acme.ask("GET", f"{acme.space}/messages?channelId={unknown}")).status == 404
    assert (await stranger.ask("GET", f"{stranger.space}/messages?profileId={profile}")).body == []
    for query, wrong in (
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("direction=up", "direction"),
        ("from=x", "from"),
        ("profileId=%00", "profileId"),
    ):
        told = await acme.ask("GET", f"{acme.space}/messages?{query}")
        assert (told.status, [each["path"] for each in told.body["errors"]]) == (400, [wrong])


async def test_a_message_that_could_not_go_is_listed_by_its_channel(acme: Tenant) -> None:
    american = await acme.channel("sms", allowedCountries=["US"])
    plain = await acme.channel("sms")
    for channel, more in (
        (american, {}),
        (plain, {"body": "Привет", "channelOptions": {"sms": {"allowUnicode": False}}}),
    ):
        asked = {**SEND, "rules": [{"channel": "sms", "channelId": channel}], **more}
        told = await acme.ask("POST", f"{acme.space}/messages", asked)
        assert told.body["status"] == "failed"
        listed = await acme.ask("GET", f"{acme.space}/messages?channelId={channel}")
        assert [each["messageId"] for each in listed.body] == [told.body["messageId"]]


async def test_redaction_empties_a_message_and_all_that_was_told_of_it(acme: Tenant) -> None:
    await acme.channel("sms")
    told = await acme.ask("POST", f"{acme.space}/messages", {**SEND, "body": "secret-words"})
    path = f"{acme.space}/messages/{told.body['messageId']}"
    assert (await acme.ask("PATCH", path, {"redact": True}, if_match='"2e-other"')).status == 412
    emptied = await acme.ask("PATCH", path, {"redact": True, "redactSource": "chat"}, if_match=told.etag)
    assert (emptied.status, emptied.body["messageId"]) == (202, told.body["messageId"])
    assert "body" not in emptied.body
    assert emptied.etag != told.etag
    read = await acme.ask("GET", path)
    assert (read.body, read.etag) == (emptied.body, emptied.etag)
    for place in ("", f"/messages/{told.body['messageId']}", "/events"):
        whole = await acme.ask("GET", f"{acme.place}{place}")
        assert "secret-words" not in str(whole.body)


NO_REDACTIONS: list[tuple[Any, list[tuple[str, str]]]] = [
    ({}, [("redact", "required")]),
    ({"redact": False}, [("redact", "type")]),
    ({"redact": True, "redactSource": "me"}, [("redactSource", "type")]),
    ({"redact": True, "more": 1}, [("more", "unknown")]),
    (b"redact", [("", "json")]),
]


async def test_a_bad_redaction_changes_nothing(acme: Tenant) -> None:
    await acme.channel("sms")
    message = (await acme.ask("POST", f"{acme.space}/messages", SEND)).body["messageId"]
    for body, wrong in NO_REDACTIONS:
        told = await acme.ask("PATCH", f"{acme.space}/messages/{message}", body)
        assert (told.status, told.wrong) == (400, wrong)
    assert (await acme.ask("GET", f"{acme.space}/messages/{message}")).body["body"] == "Hello"


async def test_a_deleted_message_is_gone(acme: Tenant) -> None:
    await acme.channel("sms")
    told = await acme.ask("POST", f"{acme.space}/messages", SEND)
    path = f"{acme.space}/messages/{told.body['messageId']}"
    assert (await acme.ask("DELETE", path, if_match='"other"')).status == 412
    gone = await acme.ask("DELETE", path, if_match=f'"x", {told.etag}')
    assert (gone.status, gone.body) == (204, None)
    assert (await acme.ask("GET", path)).status == 404
    assert (await acme.ask("DELETE", path)).status == 404
    assert (await acme.ask("GET", f"{acme.space}/messages")).body == []
