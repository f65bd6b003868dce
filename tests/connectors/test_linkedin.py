"""What is particular to LinkedIn; its samples are proven by the suite over every connector."""

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

import tidings.connectors
from tidings.connectors.connector import Outgoing, Polled, read_settings
from tidings.connectors.linkedin import LinkedIn
from tidings.connectors.linkedin.polling import KEPT, MOST_PAGES, OVERLAP
from tidings.connectors.linkedin.urns import comment, reference_of, thread_of
from tidings.connectors.proving import spoiling
from tidings.connectors.proving.samples import Folder
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Reply
from tidings.model.reports import Inbound, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage

FOLDER = Folder(LinkedIn, Path(tidings.connectors.__file__).parent / "samples" / "linkedin")
NOW = FOLDER.channel.now
POLLING = {"drivers": ["compliance_poll"], "pollCount": 2}
OURS, ANA = "urn:li:person:adm1n", "urn:li:person:zz9"
THREAD = "urn:li:messagingThread:6603"


def connector(**settings: Any) -> LinkedIn:
    return LinkedIn(read_settings(LinkedIn, {**FOLDER.channel.settings, **settings}), "linkedin")


# Settings


@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        ({"drivers": []}, "length >= 1"),
        ({"drivers": ["voyager"]}, "Invalid enum value"),
        ({"drivers": ["messages_v2"]}, "accessToken is needed for messages_v2"),
        ({"drivers": ["compliance_poll"]}, "accessToken is needed for compliance_poll"),
        ({"drivers": ["org_social_webhook"]}, "clientSecret is needed for org_social_webhook"),
        ({"drivers": ["org_social_webhook"], "clientSecret": ""}, "clientSecret is needed for org_social_webhook"),
    ],
)
def test_driver_without_what_it_needs_is_refused(settings: dict[str, Any], lacking: str) -> None:
    with pytest.raises(Refused) as refused:
        read_settings(LinkedIn, settings)
    assert lacking in refused.value.errors[0].message


def test_sender_is_the_member() -> None:
    assert connector().sender == OURS
    assert connector(member="").sender == ""


def test_send_refuses_what_check_refuses() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="linkedin", to="ana", content=Content(text="Hello"), now=NOW
    )
    [error] = connector().check(outgoing)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(outgoing, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


def test_expired_token_is_stale() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="linkedin", to=ANA, content=Content(text="Hello"), now=NOW
    )
    exchange = connector().send(outgoing, report_to="")
    next(exchange)
    with pytest.raises(SendDeferred) as wait:
        exchange.send(Reply(status=401))
    assert (wait.value.stale, wait.value.channel_wide) == (True, True)


# References


def test_reference_of_a_message_leads_back_to_its_thread() -> None:
    assert thread_of(reference_of(THREAD, "0-QU5B")) == THREAD
    assert thread_of(THREAD) == THREAD


@pytest.mark.parametrize("thread", ["", "6603", "urn:li:messagingThread:", f"{THREAD}#2", f"{THREAD}\n"])
def test_reference_without_a_thread_is_the_message_alone(thread: str) -> None:
    assert reference_of(thread, "0-QU5B") == "0-QU5B"
    assert thread_of("0-QU5B") == ""


def test_comment_is_named_the_one_way() -> None:
    whole = "urn:li:comment:(urn:li:activity:1,2)"
    assert comment("urn:li:comment:(activity:1,2)") == comment(whole) == whole
    assert comment("urn:li:share:1") == "urn:li:share:1"


# Proof


def test_challenge_is_answered_as_json() -> None:
    url = f"{FOLDER.channel.callback_url}?challengeCode=5b0c2f64-93d1-4c7e-8a55-0d1e2f3a4b5c"
    answer = connector().handshake(Callback(method="GET", url=url, headers={}, body=b"", received_at=NOW))
    assert answer
    assert answer.content_type == "application/json"


@pytest.mark.parametrize("code", ["hmacsha256={}", "5b0c2f64-93d1-4c7e-8a55-0d1e2f3a4b5c%0A", "", "5b0c2f64"])
def test_nothing_is_signed_for_the_asking(code: str) -> None:
    url = f"{FOLDER.channel.callback_url}?challengeCode={code}"
    with pytest.raises(BadSignature):
        connector().handshake(Callback(method="GET", url=url, headers={}, body=b"", received_at=NOW))


def test_signature_by_an_empty_secret_is_refused() -> None:
    body = b"{}"
    signature = hmac.digest(b"", b"hmacsha256=" + body, "sha256").hex()
    headers = {"x-li-signature": signature}
    callback = Callback(method="POST", url=FOLDER.channel.callback_url, headers=headers, body=body, received_at=NOW)
    with pytest.raises(BadSignature):
        connector(childSecrets={"4711": ""}).verify(callback)


# Polling


def event(id_: str, *, actor: str = ANA, **more: Any) -> dict[str, Any]:
    activity = {
        "id": id_,
        "owner": OURS,
        "author": actor,
        "thread": THREAD,
        "createdAt": NOW - 8,
        "subject": "",
        "content": {"format": "TEXT", "fallback": "Hello", "content": {"string": "Hello"}},
        "attachments": [],
        **more.pop("activity", {}),
    }
    told = {
        "owner": OURS,
        "resourceName": "messages",
        "resourceId": id_,
        "method": "CREATE",
        "capturedAt": NOW - 5,
        "processedAt": NOW - 3,
        "actor": actor,
        "activity": activity,
    }
    return {**told, **more}


def reply(*events: Any, **more: Any) -> Reply:
    return Reply(status=200, body=msgspec.json.encode({"elements": events, **more}))


def polled(given: Reply, place: str = "", now: int = NOW, **settings: Any) -> tuple[Call, Polled]:
    exchange = connector(**{**POLLING, **settings}).poll(place, now)
    call = next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(given)
    return call, end.value.value


def report_of(told: Any) -> Report:
    [report] = polled(reply(told))[1].reports
    return report


def test_only_a_channel_that_polls_is_polled() -> None:
    assert connector().poll_seconds is None
    assert connector(**POLLING).poll_seconds == 60
    assert connector(**POLLING, pollEverySeconds=5).poll_seconds == 5


def test_first_poll_begins_now_or_looks_back() -> None:
    call, told = polled(reply())
    assert call == Call(
        method="GET",
        url=f"https://api.linkedin.com/v2/complianceEvents?q=memberAndApplication&startTime={NOW}&start=0&count=2",
        headers={"authorization": "Bearer li-access-token-01", "x-restli-protocol-version": "2.0.0"},
    )
    assert told == Polled(reports=(), place=str(NOW))
    call, _ = polled(reply(), lookBackHours=2)
    assert f"startTime={NOW - 7_200_000}&" in call.url


def test_versioned_events_are_asked_for_with_their_version() -> None:
    call, _ = polled(reply(), version="202406")
    assert call.url.startswith("https://api.linkedin.com/rest/complianceEvents?")
    assert call.headers["linkedin-version"] == "202406"


def test_next_poll_overlaps_and_goes_no_further_back_than_events_are_kept() -> None:
    call, told = polled(reply(), place=str(NOW - 500_000))
    assert f"startTime={NOW - 500_000 - OVERLAP}&" in call.url
    assert told.place == str(NOW - 500_000)
    call, _ = polled(reply(), place="1")
    assert f"startTime={NOW - KEPT}&" in call.url


@pytest.mark.parametrize("place", ["x", "-1", "1:2", "1:2:3:4", "9" * 40, "١"])
def test_place_that_is_none_is_the_first(place: str) -> None:
    call, _ = polled(reply(), place=place)
    assert f"startTime={NOW - OVERLAP}&" in call.url


def test_pages_of_one_question_follow_each_other() -> None:
    first, told = polled(reply(event("1"), event("2", processedAt=NOW - 1)), place=str(NOW - 1000))
    assert (told.more, told.place) == (True, f"{NOW - 1}:{NOW - 1000 - OVERLAP}:2")
    second, told = polled(reply(event("3")), place=told.place)
    assert second.url == first.url.replace("start=0", "start=2")
    assert (told.more, told.place) == (False, str(NOW - 1))


@pytest.mark.parametrize(
    ("paging", "more"),
    [
        ({"total": 5}, True),
        ({"total": 1}, False),
        ({"total": 1, "links": [{"rel": "next", "href": "/"}]}, True),
        ({"links": [{"rel": "prev"}]}, False),
        ({"total": "many"}, False),
    ],
)
def test_linkedin_may_give_fewer_events_than_were_asked_for(paging: Any, more: bool) -> None:
    _, told = polled(reply(event("1"), paging=paging))
    assert told.more is more


def test_empty_page_is_the_last_whatever_is_said_beside_it() -> None:
    _, told = polled(reply(paging={"total": 9, "links": [{"rel": "next"}]}), place=f"{NOW}:{NOW}:2")
    assert (told.more, told.place) == (False, str(NOW))


def test_provider_that_always_has_another_page_is_not_believed_for_ever() -> None:
    place, calls = "", 0
    while calls <= MOST_PAGES:
        calls += 1
        _, told = polled(reply(event("1"), event("2")), place=place)
        place = told.place
        if not told.more:
            break
    assert (calls, place) == (MOST_PAGES, str(NOW))


def test_no_event_is_later_than_now() -> None:
    _, told = polled(reply(event("1", processedAt=NOW + 10**12)))
    assert told.place == str(NOW)


def test_message_of_a_person_is_inbound() -> None:
    told = event("0-SFVCTVNHMDE", activity={"subject": "Your offer"})
    assert report_of(told) == Inbound(
        key="message:0-SFVCTVNHMDE",
        sender=ANA,
        raw=Raw(msgspec.json.encode(told)),
        reference=f"{THREAD}#0-SFVCTVNHMDE",
        to=OURS,
        content=Content(title="Your offer", text="Hello"),
        at=NOW - 8,
        extra={"kind": "message", "thread": THREAD, "timestamp": str(NOW - 8)},
        conversation=THREAD,
    )


def test_message_to_a_sales_mailbox_names_the_mailbox() -> None:
    report = report_of(event("1", activity={"author": "urn:li:salesIdentity:334326", "createdAt": None}))
    assert isinstance(report, Inbound)
    assert report.extra["mailbox"] == "urn:li:salesIdentity:334326"
    assert (report.sender, report.at) == (ANA, NOW - 5)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"content": {"string": "Hi"}, "fallback": "no"}, "Hi"),
        ({"content": "Hi"}, "Hi"),
        ({"format": "TEXT", "content": None, "fallback": "Hi"}, "Hi"),
        ({"content": {"other": 1}}, ""),
        ("Hi", ""),
        (None, ""),
    ],
)
def test_text_is_found_in_whatever_format(content: Any, text: str) -> None:
    report = report_of(event("1", activity={"content": content}))
    assert isinstance(report, Inbound)
    assert report.content.text == text


def test_files_are_named() -> None:
    where = {"string": "https://www.linkedin.com/dms/1"}
    files = [
        "urn:li:digitalmediaAsset:C4D06",
        {"id": "7", "name": "a.pdf", "mediaType": "application/pdf", "reference": where},
        {"reference": "file:///etc/passwd"},
        "",
        7,
    ]
    report = report_of(event("1", activity={"attachments": files}))
    assert isinstance(report, Inbound)
    assert report.content.media == (
        Media(reference="urn:li:digitalmediaAsset:C4D06"),
        Media(type="application/pdf", url="https://www.linkedin.com/dms/1", reference="7", name="a.pdf"),
    )


def test_file_with_an_address_is_fetched_and_one_without_is_not() -> None:
    exchange = connector().fetch(Media(url="https://www.linkedin.com/dms/1", reference="7"), 0)
    assert next(exchange) == Call.get("https://www.linkedin.com/dms/1", follow=True)
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b"file"))
    assert end.value.value.body == b"file"
    with pytest.raises(StopIteration) as end:
        next(connector().fetch(Media(reference="urn:li:digitalmediaAsset:C4D06"), 0))
    assert end.value.value.status == 404


def test_own_message_confirms_that_it_was_sent() -> None:
    report = report_of(event("0-SFVCTVNHMDE", actor=OURS))
    assert isinstance(report, Receipt)
    assert (report.target, report.stage) == (Target(reference="0-SFVCTVNHMDE"), Stage.SENT)
    assert report.key == "sent:0-SFVCTVNHMDE"


def test_other_doings_of_the_member_are_not_kept() -> None:
    assert polled(reply(event("1", resourceName="socialActions/comments")))[1].reports == ()


@pytest.mark.parametrize(
    "told",
    [
        None,
        {"resourceName": "messages"},
        event("1", actor=""),
        event("1", actor="somebody"),
        event("", activity={"id": ""}),
        event("1", activity={"thread": 7}),
        event("1", method="DELETE"),
    ],
)
def test_message_that_says_too_little_is_unknown_and_loses_nothing(told: Any) -> None:
    [first, second] = polled(reply(told, event("2")))[1].reports
    assert isinstance(first, Unknown)
    assert isinstance(second, Inbound)


@pytest.mark.parametrize(
    ("given", "error", "cause"),
    [
        (Reply(status=401), SendDeferred, Cause.ACCOUNT),
        (Reply(status=403, body=b'{"serviceErrorCode":100}'), SendFailed, Cause.ACCOUNT),
        (Reply(status=429), SendDeferred, Cause.THROTTLED),
        (Reply(status=200, body=b"[]"), SendDeferred, Cause.PROVIDER),
    ],
)
def test_poll_that_is_refused(given: Reply, error: type[Exception], cause: Cause) -> None:
    exchange = connector(**POLLING).poll("", NOW)
    next(exchange)
    with pytest.raises(error) as refused:
        exchange.send(given)
    assert isinstance(refused.value, SendDeferred | SendFailed)
    assert refused.value.reason.cause is cause


def test_strange_page_raises_nothing_undeclared() -> None:
    whole = reply(event("1"), event("2", actor=OURS), paging={"total": 2, "links": [{"rel": "next"}]})
    strange = [*spoiling.strange_replies(whole), *(Reply(status=200, body=body) for body in spoiling.STRANGE_BODIES)]
    for each in strange:
        exchange = connector(**POLLING).poll("", NOW)
        next(exchange)
        with pytest.raises((StopIteration, SendDeferred, SendFailed, NoReply)) as end:
            exchange.send(each)
        if isinstance(end.value, StopIteration):
            told: Polled = end.value.value
            msgspec.json.encode(told.reports)
            assert int(told.place.partition(":")[0]) <= NOW


# Renewal

RENEWING = {"refreshToken": "li-refresh-token-01", "tokenExpiresAt": NOW + 86_400_000}


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, True),
        ({**RENEWING, "clientId": ""}, True),
        ({**RENEWING, "tokenExpiresAt": NOW + 8 * 86_400_000}, False),
        ({"refreshToken": "li-refresh-token-01"}, False),
    ],
)
def test_token_that_will_do_or_cannot_be_renewed_is_left(settings: dict[str, Any], refused: bool) -> None:
    assert connector(**settings).renewal(NOW, refused=refused) is None


@pytest.mark.parametrize(("expires_at", "refused"), [(NOW + 86_400_000, False), (NOW + 30 * 86_400_000, True)])
def test_token_is_renewed_before_it_ends_or_once_it_is_refused(expires_at: int, refused: bool) -> None:
    exchange = connector(**{**RENEWING, "tokenExpiresAt": expires_at}).renewal(NOW, refused=refused)
    assert exchange
    assert next(exchange) == Call.post(
        "https://www.linkedin.com/oauth/v2/accessToken",
        form={
            "grant_type": "refresh_token",
            "refresh_token": "li-refresh-token-01",
            "client_id": "86hub",
            "client_secret": "li-client-secret-01",
        },
    )
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b'{"access_token":"new","expires_in":60,"refresh_token":"newer"}'))
    assert end.value.value == {"accessToken": "new", "tokenExpiresAt": NOW + 60_000, "refreshToken": "newer"}
    read_settings(LinkedIn, {**FOLDER.channel.settings, **end.value.value})


def test_refresh_token_that_is_not_renewed_is_kept() -> None:
    exchange = connector(**RENEWING).renewal(NOW, refused=True)
    assert exchange
    next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b'{"access_token":"new","expires_in":60}'))
    assert end.value.value == {"accessToken": "new", "tokenExpiresAt": NOW + 60_000}


@pytest.mark.parametrize(
    ("given", "error", "cause"),
    [
        (Reply(status=400, body=b'{"error":"invalid_grant"}'), SendFailed, Cause.ACCOUNT),
        (Reply(status=401), SendFailed, Cause.ACCOUNT),
        (Reply(status=500), SendDeferred, Cause.PROVIDER),
        (Reply(status=200, body=b"{}"), SendDeferred, Cause.PROVIDER),
        (Reply(status=200, body=b'{"access_token":"","expires_in":1}'), SendDeferred, Cause.PROVIDER),
    ],
)
def test_renewal_that_fails(given: Reply, error: type[Exception], cause: Cause) -> None:
    exchange = connector(**RENEWING).renewal(NOW, refused=True)
    assert exchange
    next(exchange)
    with pytest.raises(error) as refused:
        exchange.send(given)
    assert isinstance(refused.value, SendDeferred | SendFailed)
    assert refused.value.reason.cause is cause
