"""Whom a workspace does not write to, and who has asked it to: listed, looked up, added and removed."""

from typing import Any

import pytest

from support.tenant import Tenant, Told
from tidings.rules.addresses import address
from tidings.web.operator.entering import MOST

NOW = "2026-09-21T14:13:20.000Z"
ANN, BOB = "+447712345678", "bob@example.com"


async def put(tenant: Tenant, *entries: dict[str, Any], where: str = "suppressions") -> Told:
    return await tenant.ask("POST", f"{tenant.place}/{where}", list(entries))


async def listed(tenant: Tenant, query: str = "", *, where: str = "suppressions") -> list[Any]:
    told = await tenant.ask("GET", f"{tenant.place}/{where}{query}")
    assert told.status == 200, told.body
    results: list[Any] = told.body["results"]
    return results


async def test_one_is_added_shown_found_and_removed(acme: Tenant) -> None:
    asked = {"platform": "sms", "address": "0044 7712 345678", "reason": "complained", "note": "On the phone"}
    made = await acme.ask("POST", f"{acme.place}/suppressions", asked)
    (key,) = [each for each in acme.world.directory.keys.values() if each.workspace == acme.id]
    assert (made.status, made.body) == (
        201,
        {
            "id": made.body["id"],
            "platform": "sms",
            "channelId": None,
            "address": ANN,
            "reason": "complained",
            "at": NOW,
            "source": "api",
            "by": key.id,
            "note": "On the phone",
        },
    )
    again = await acme.ask("POST", f"{acme.place}/suppressions", {**asked, "note": "Once more"})
    assert (again.status, again.body) == (200, made.body)
    place = f"{acme.place}/suppressions/{made.body['id']}"
    assert (await acme.ask("GET", place)).body == made.body
    assert await listed(acme, "?address=%2B4477") == [made.body]
    assert (await acme.ask("DELETE", place)).status == 204
    assert [(await acme.ask(method, place)).status for method in ("GET", "DELETE")] == [404, 404]
    assert await listed(acme) == []
    back = await acme.ask("POST", f"{acme.place}/suppressions", {"platform": "mms", "address": ANN})
    assert (back.status, back.body["reason"], back.body["platform"]) == (201, "unsubscribed", "sms")


async def test_many_are_added_at_once_and_those_that_stand_stay(acme: Tenant) -> None:
    people = [{"platform": "email", "address": f"P{number}@example.com"} for number in range(600)]
    assert (await put(acme, *people, people[0])).body == {"added": 600, "known": 0}
    assert (await put(acme, *people, {"platform": "email", "address": BOB})).body == {"added": 1, "known": 600}
    assert (await put(acme)).body == {"added": 0, "known": 0}


async def test_a_table_is_added(acme: Tenant) -> None:
    table = (
        "\ufeffplatform,address,reason,note\r\n"
        f'email,{BOB.upper()},hard-bounced,"gone, for good"\r\n'
        f"\r\nsms,+44 7712 345678,,\r\n"
    )
    told = await acme.ask("POST", f"{acme.place}/suppressions", table.encode(), content_type="text/csv; charset=utf-8")
    assert (told.status, told.body) == (200, {"added": 2, "known": 0})
    assert [(each["address"], each["reason"], each.get("note")) for each in await listed(acme)] == [
        (ANN, "unsubscribed", None),
        (BOB, "hard-bounced", "gone, for good"),
    ]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"platform": "sms"}, [("address", "required")]),
        ({"platform": "sms", "address": "nobody"}, [("address", "address")]),
        ({"platform": "s m s", "address": ANN}, [("platform", "platform")]),
        ({"platform": "sms", "address": ANN, "reason": "opted-in"}, [("reason", "unknown")]),
        ({"platform": "sms", "address": ANN, "channelId": "c"}, [("channelId", "unknown")]),
        ({"platform": "sms", "address": ANN, "since": 1}, [("since", "unknown")]),
        ({"platform": "sms", "address": ANN, "note": "n" * 501}, [("note", "type")]),
        ({"platform": "telegram", "address": "a\0b"}, [("address", "text")]),
        (
            [{"platform": "sms", "address": ANN}, {"platform": "sms", "address": "1"}, {"platform": "", "address": ""}],
            [("[1].address", "address"), ("[2].platform", "platform")],
        ),
        ([{"platform": "sms", "address": "1"}] * 100, [(f"[{index}].address", "address") for index in range(20)]),
        ([{"platform": "sms", "address": ANN}] * (MOST + 1), [("", "too-many")]),
        (b"[" * 100_000, [("", "too-deep")]),
        (b"[1", [("", "json")]),
        ([1], [("[0]", "type")]),
    ],
)
async def test_what_cannot_be_added_is_named_and_nothing_is_added(
    acme: Tenant, body: Any, wrong: list[tuple[str, str]]
) -> None:
    told = await acme.ask("POST", f"{acme.place}/suppressions", body)
    assert (told.status, told.wrong) == (422, wrong)
    assert await listed(acme) == []


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        (b"platform,address\nsms,nobody\n", ("[0].address", "address")),
        (b"platform,address\nsms,a,b\n", ("[0]", "csv")),
        (b"platform,address\nsms," + b"1" * 1001, ("[0]", "csv")),
        (b'platform,address\nsms,"1', ("", "csv")),
        (b"platform,address\nsms,\xff\n", ("", "csv")),
        (b"platform,address\nsms,\x00\n", ("[0].address", "address")),
        (b"platform,address\ntelegram,1," + b"\n", ("[0]", "csv")),
        (b"platform,number\nsms,1\n", ("", "type")),
        (b"platform,address\n\nsms,+447712345678\n\nsms,a,b\n", ("[1]", "csv")),
        (b"platform,address,note\nsms,+447712345678,a\x00b\n", ("[0].note", "text")),
        (b"platform,address\n" + b"sms,+447712345678\n" * (MOST + 2), ("", "too-many")),
    ],
)
async def test_a_table_that_cannot_be_read_is_told_so(acme: Tenant, table: bytes, wrong: tuple[str, str]) -> None:
    told = await acme.ask("POST", f"{acme.place}/suppressions", table, content_type="text/csv")
    assert (told.status, told.wrong[0]) == (422, wrong)
    assert await listed(acme) == []


async def test_they_are_listed_by_address_and_filtered(acme: Tenant) -> None:
    channel = await acme.channel()
    await put(
        acme,
        {"platform": "sms", "address": ANN},
        {"platform": "sms", "address": ANN, "reason": "complained"},
        {"platform": "sms", "address": "+48500000000", "channelId": channel},
        {"platform": "email", "address": BOB, "reason": "hard-bounced"},
        {"platform": "telegram", "address": "77", "reason": "blocked"},
        {"platform": "whatsapp", "address": ANN},
    )
    every = await listed(acme)
    assert [each["address"] for each in every] == sorted(each["address"] for each in every)
    found = await listed(acme, "?address= 447712345678")
    assert sorted(each["platform"] for each in found) == ["sms", "sms", "whatsapp"]
    counts = {
        "?platform=sms": 3,
        "?platform=mms": 3,
        "?platform=whatsApp": 1,
        "?platform=line": 0,
        "?reason=unsubscribed": 3,
        "?reason=hard-bounced&platform=email": 1,
        f"?channelId={channel}": 1,
        "?address=BOB@EXAMPLE.com": 1,
        "?platform=email&address=BO": 1,
        "?platform=sms&address=44": 2,
        "?address=7": 1,
        "?address=%2B4": 4,
    }
    assert {query: len(await listed(acme, query)) for query in counts} == counts
    pages: list[Any] = []
    token: str | None = ""
    while token is not None:
        told = await acme.ask("GET", f"{acme.place}/suppressions?limit=2&pageToken={token}")
        pages.append(told.body["results"])
        token = told.body["nextPageToken"]
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [each for page in pages for each in page] == every


@pytest.mark.parametrize(
    "query",
    [
        "platform=a%20b",
        "reason=opted-in",
        "pageToken=%25",
        "pageToken=eyJ9",
        "pageToken=W10",
        "pageToken=WyJhXHUwMDAwIiwiYiJd",
        "limit=0",
    ],
)
async def test_a_query_that_does_not_fit_is_refused(acme: Tenant, query: str) -> None:
    told = await acme.ask("GET", f"{acme.place}/suppressions?{query}")
    assert (told.status, [path for path, _ in told.wrong]) == (400, [query.partition("=")[0]])


async def test_opt_ins_have_a_list_of_their_own_and_lift_nothing(acme: Tenant) -> None:
    await put(acme, {"platform": "sms", "address": ANN})
    asked = {"platform": "sms", "address": ANN, "note": "The form of 3 May"}
    made = await acme.ask("POST", f"{acme.place}/opt-ins", asked)
    assert (made.status, made.body["note"], "reason" in made.body) == (201, "The form of 3 May", False)
    assert (await acme.ask("POST", f"{acme.place}/opt-ins", {**asked, "reason": "blocked"})).status == 422
    assert len(await listed(acme)) == 1
    place = f"{acme.place}/opt-ins/{made.body['id']}"
    assert await listed(acme, where="opt-ins") == [(await acme.ask("GET", place)).body] == [made.body]
    # Each list shows its own.
    assert (await acme.ask("GET", f"{acme.place}/suppressions/{made.body['id']}")).status == 404
    assert (await acme.ask("DELETE", place)).status == 204
    assert await listed(acme, where="opt-ins") == []
    assert (await acme.ask("GET", place)).body["detail"] == f"There is no opt-in {made.body['id']}."


async def test_whoever_is_added_as_unsubscribed_has_not_opted_in_any_more(acme: Tenant) -> None:
    await put(acme, {"platform": "sms", "address": ANN}, {"platform": "email", "address": BOB}, where="opt-ins")
    await put(acme, {"platform": "sms", "address": ANN}, {"platform": "email", "address": BOB, "reason": "blocked"})
    assert [each["address"] for each in await listed(acme, where="opt-ins")] == [BOB]


async def test_others_see_and_change_nothing_of_it(acme: Tenant, stranger: Tenant) -> None:
    made = await acme.ask("POST", f"{acme.place}/suppressions", {"platform": "sms", "address": ANN})
    assert await listed(stranger) == []
    place = f"/suppressions/{made.body['id']}"
    for method in ("GET", "DELETE"):
        assert (await stranger.ask(method, stranger.place + place)).status == 404
        assert (await stranger.ask(method, acme.place + place)).status == 401
    theirs = {"platform": "sms", "address": ANN, "channelId": await acme.channel()}
    assert (await stranger.ask("POST", f"{stranger.place}/suppressions", theirs)).status == 422
    assert len(await listed(acme)) == 1


async def test_reading_and_changing_need_their_scopes(acme: Tenant) -> None:
    reader, sender = await acme.key_with("read"), await acme.key_with("send")
    place = f"{acme.place}/suppressions"
    body = {"platform": "sms", "address": ANN}
    assert (await acme.ask("GET", place, key=reader)).status == 200
    assert (await acme.ask("GET", place, key=sender)).status == 403
    assert (await acme.ask("POST", place, body, key=reader)).status == 403


@pytest.mark.parametrize("vocabulary", ["omnichannel", "channels"])
async def test_the_answer_to_a_request_says_at_once_that_nobody_is_written_to(acme: Tenant, vocabulary: str) -> None:
    channel = await acme.channel()
    assert address("phonenumber", ANN) == ANN
    await put(acme, {"platform": "sms", "address": ANN})
    reason = "The recipient has unsubscribed from messages on sms."
    if vocabulary == "omnichannel":
        path, asked = f"{acme.space}/messages", {"to": {"phoneNumber": ANN}, "rules": ["sms"], "body": "Hi"}
        first = await acme.ask("POST", path, asked, idempotency_key="once")
        assert (first.status, first.body["status"], first.body["failureReason"]) == (201, "failed", reason)
        assert (await acme.ask("GET", f"{path}/{first.body['messageId']}")).etag == first.etag
    else:
        path = f"{acme.place}/channels/{channel}/messages"
        contacts = [{"identifierKey": "phonenumber", "identifierValue": ANN}]
        asked = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hi"}}}
        first = await acme.ask("POST", path, asked, idempotency_key="once")
        assert (first.status, first.body["status"], first.body["reason"]) == (202, "sending_failed", reason)
        assert first.body["failure"] == {"code": "opted-out", "source": {"name": "sms", "code": "suppressed"}}
    assert (await acme.ask("POST", path, asked, idempotency_key="once")).body == first.body
    passing = await acme.ask("POST", path, {**asked, "transactional": True})
    assert passing.body["status"] in ("processing", "accepted")
    required = await acme.ask("POST", path, {**asked, "transactional": True, "requireOptIn": True})
    assert "has not opted in" in str(required.body)
    assert required.body["status"] in ("failed", "sending_failed")


async def test_in_a_batch_each_is_screened_for_itself(acme: Tenant) -> None:
    await acme.channel()
    await put(acme, {"platform": "sms", "address": ANN})
    items = [{"to": {"phoneNumber": to}, "rules": ["sms"], "body": "Hi"} for to in (ANN, "+447712345679", ANN)]
    told = await acme.ask("POST", f"{acme.space}/messages/batch", items)
    ids = [each["messageId"] for each in told.body]
    statuses = [(await acme.ask("GET", f"{acme.space}/messages/{each}")).body["status"] for each in ids]
    assert statuses == ["failed", "processing", "failed"]


async def test_what_waits_to_be_fetched_is_screened_when_it_is(acme: Tenant) -> None:
    channel = await acme.channel()
    asked = {"to": {"phoneNumber": ANN}, "rules": ["sms"], "body": "Hi"}
    made = await acme.ask("POST", f"{acme.space}/messages", asked)
    kept = await acme.ask("POST", f"{acme.space}/messages", {**asked, "transactional": True})
    await put(acme, {"platform": "sms", "address": ANN})
    acme.hub.clock.move(60_000)
    fetched = await acme.ask("GET", f"{acme.place}/channels/{channel}/outgoing")
    assert [each["messageId"] for each in fetched.body["results"]] == [kept.body["messageId"]]
    gone = await acme.ask("GET", f"{acme.space}/messages/{made.body['messageId']}")
    assert gone.body["status"] == "failed"
