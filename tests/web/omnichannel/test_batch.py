"""Many messages in one request."""

import gzip
from typing import Any

from support.tenant import Tenant

SEND: dict[str, Any] = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hello"}


async def test_the_good_ones_are_taken_and_the_others_told(acme: Tenant) -> None:
    await acme.channel("sms")
    bad_number = {**SEND, "to": {"phoneNumber": "1"}}
    nobody = {**SEND, "to": {"profileId": "nobody"}}
    told = await acme.ask("POST", f"{acme.space}/messages/batch", [SEND, bad_number, 7, nobody, {**SEND, "body": "2"}])
    assert told.status == 202
    first, *bad, last = told.body
    assert (list(first), first["index"], list(last), last["index"]) == (
        ["index", "messageId"],
        0,
        ["index", "messageId"],
        4,
    )
    assert [(each["index"], [wrong["paramName"] for wrong in each["validationFailures"]]) for each in bad] == [
        (1, ["to.phoneNumber"]),
        (2, [""]),
        (3, ["to.profileId"]),
    ]
    listed = await acme.ask("GET", "/cpaas/messages")
    assert [each["messageId"] for each in listed.body] == [last["messageId"], first["messageId"]]


async def test_a_batch_holds_five_thousand_and_not_one_more(acme: Tenant) -> None:
    await acme.channel("sms")
    over = await acme.ask("POST", "/cpaas/messages/batch", [SEND] * 5001)
    assert (over.status, over.wrong) == (400, [("", "too-many")])
    assert (await acme.ask("GET", "/cpaas/messages")).body == []
    full = await acme.ask("POST", "/cpaas/messages/batch", [SEND] * 5000)
    assert full.status == 202
    assert [each["index"] for each in full.body] == list(range(5000))
    assert len({each["messageId"] for each in full.body}) == 5000
    last = await acme.ask("GET", "/cpaas/messages?limit=1")
    assert last.body[0]["messageId"] == full.body[-1]["messageId"]


async def test_a_batch_is_a_list_of_some_size(acme: Tenant) -> None:
    for body, wrong in ((b"", ("", "type")), (b"{}", ("", "type")), (b"[" * 5000, ("", "type"))):
        told = await acme.ask("POST", "/cpaas/messages/batch", body)
        assert (told.status, told.wrong) == (400, [wrong])
    packed = gzip.compress(b"[" + b" " * 10 * 2**20 + b"]")
    told = await acme.ask("POST", "/cpaas/messages/batch", packed, content_encoding="gzip")
    assert told.status == 413
    assert (await acme.ask("POST", "/cpaas/messages/batch", [])).body == []
    # A batch may be larger than other requests.
    packed = gzip.compress(b"[" + b" " * 9 * 2**20 + b"]")
    for path, status in (("batch", 202), ("inbounds", 413)):
        told = await acme.ask("POST", f"/cpaas/messages/{path}", packed, content_encoding="gzip")
        assert told.status == status


async def test_an_idempotency_key_takes_a_batch_once(acme: Tenant) -> None:
    await acme.channel("sms")
    bodies: list[list[dict[str, Any]]] = [[{**SEND, "body": str(number)} for number in range(300)], [], [{}]]
    for body in bodies:
        key = f"batch-{len(body)}-{body == [{}]}"
        first = await acme.ask("POST", "/cpaas/messages/batch", body, idempotency_key=key)
        again = await acme.ask("POST", "/cpaas/messages/batch", body, idempotency_key=key)
        assert (again.status, again.body, again.headers["idempotency-replayed"]) == (202, first.body, "true")
        other = await acme.ask("POST", "/cpaas/messages/batch", [*body, SEND], idempotency_key=key)
        assert other.status == 409
    assert len((await acme.ask("GET", "/cpaas/messages?limit=1000")).body) == 300


async def test_a_batch_as_long_as_it_may_be_keeps_nobody_waiting(acme: Tenant) -> None:
    await acme.channel("sms")
    told = await acme.ask("POST", "/cpaas/messages/batch", [SEND] * 251)
    ids = [each["messageId"] for each in told.body]
    listed = await acme.ask("GET", "/cpaas/messages?limit=1000")
    assert [each["messageId"] for each in listed.body] == ids[::-1]
